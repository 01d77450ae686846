"""The main path, from a cold start to a booted plug, with keys only."""

from core.bkimage.flashmap import APP_END_MAX, APP_START
from tests.live.bench import IMAGE, Table

AT_MOST = 6


def expected(table: Table) -> bytes:
    """Bootloader, RF and everything behind the application stay; the rest of the application's
    range is erased."""
    program = table.image[APP_START:].ljust(APP_END_MAX - APP_START, b"\xff")
    return table.stock[:APP_START] + program + table.stock[APP_END_MAX:]


def test_backup_and_flash_in_four_keys_and_the_flash_is_right_byte_for_byte(table: Table) -> None:
    pressed = []

    def press(key: str) -> None:
        pressed.append(key)
        app.keys(key)

    with table.plug() as plug:
        table.remember_port(plug.path)
        with table.app() as app:
            screen = app.until(IMAGE)
            assert plug.path in screen
            press("f")
            app.until("y  yes    n  no")
            press("y")
            plan = app.until("Write this now?")
            assert "keep         0x000000-0x010FFF  bootloader (yours)" in plan
            assert "erase, write 0x011000-0x129FFF" in plan
            assert "keep         0x1D0000-0x1D0FFF  RF calibration and MAC (yours)" in plan
            press("y")
            app.until("Did it start?")
            press("y")
            screen = app.until("written, proven, and it started")
            assert "C0:FF:EE:00:12:34" in screen
            assert "✓ 10/10 Verify" in screen
            app.keys("q")
            assert app.end() == 0
        assert len(pressed) <= AT_MOST
        assert plug.flash() == expected(table)
    backups = list((table.folder / "home" / "backups").rglob("*.bin"))
    assert [path.read_bytes() for path in backups] == [table.stock]


def test_the_image_of_the_last_time_is_there_again(table: Table) -> None:
    other = table.folder / "other.bin"
    other.write_bytes(table.image)
    with table.app() as app:
        app.until("choose one: Enter")
        app.keys("down", "down", "down", "enter")
        app.until("type a path")
        app.keys("enter")
        app.until(lambda screen: f"Image       {IMAGE}" in screen and "type a path" not in screen)
        app.keys("q")
        assert app.end() == 0
    with table.app() as app:
        app.until(f"Image       {IMAGE}")


def test_a_fault_is_on_the_screen_whole(table: Table) -> None:
    with table.plug("silent:backup:400") as plug:
        table.remember_port(plug.path)
        with table.app() as app:
            app.until(IMAGE)
            app.keys("b")
            screen = app.until("BK-LOST")
            for label in ("Cause", "Next", "State"):
                assert f"\n {label}" in screen
            app.keys("q")
            assert app.end() == 0
        assert plug.flash() == table.stock
