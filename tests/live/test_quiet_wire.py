"""Idle means zero bytes to the terminal."""

from tests.live.bench import IMAGE, Table

SETTLED = 0.8
IDLE = 1.5


def test_an_idle_app_writes_nothing(table: Table) -> None:
    with table.app() as app:
        app.until(IMAGE)
        app.quiet_for(SETTLED)
        assert app.quiet_for(IDLE) == 0
        app.keys("6")
        app.until("No jobs yet")
        app.quiet_for(SETTLED)
        assert app.quiet_for(IDLE) == 0
        app.keys("q")
        assert app.end() == 0


def test_a_question_waits_without_a_byte(table: Table) -> None:
    with table.plug() as plug:
        table.remember_port(plug.path)
        with table.app() as app:
            app.until(IMAGE)
            app.keys("f")
            app.until("y  yes    n  no")
            app.quiet_for(SETTLED)
            written = app.quiet_for(IDLE)
            assert written < 400  # the step's clock, once a second
            app.keys("n")
            app.until("DECLINED")
            app.keys("q")
            assert app.end() == 0
