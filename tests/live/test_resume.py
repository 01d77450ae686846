"""The cable is pulled while it writes; the job is gone on with, and the stock firmware restored."""

import json
import subprocess

import pytest

from tests.live.bench import IMAGE, Table
from tests.live.processes import PATIENCE, until, wattbench
from tests.live.terminal import SimulatedPlug
from tests.live.test_flash import expected

AT_40_PERCENT = 130


def returning_plug(table: Table, pulled: str = f"change:{AT_40_PERCENT}") -> SimulatedPlug:
    """A plug whose cable is pulled at about 40 % of the write, and is back at once."""
    return SimulatedPlug(
        table.folder, "--flash", str(table.folder / "stock.flash"), "--fault", f"vanish:{pulled}",
        "--link", str(table.folder / "port"), "--returns", "0.2",
    )  # fmt: skip


def verb(table: Table, *words: str) -> tuple[int, dict[str, object]]:
    """Exit code and last line of one verb, once the adapter is back."""
    port = table.folder / "port"
    until(port.exists, "the adapter is plugged in")
    command = wattbench(*words, "--home", str(table.folder / "home"), "--json", "--yes")
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL
    )
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def test_pulled_at_40_percent_resumed_in_the_jobs_pane(table: Table) -> None:
    with returning_plug(table) as plug:
        table.remember_port(plug.path)
        with table.app() as app:
            app.until(IMAGE)
            app.keys("f")
            app.until("y  yes    n  no")
            app.keys("y")
            app.until("Write this now?")
            app.keys("y")
            screen = app.until("LINK-GONE")
            assert "wattbench jobs resume" in screen
            app.keys("6")
            app.until("FAIL")
            app.keys("g")
            app.until("y  yes    n  no")
            app.keys("y")
            app.until("Write this now?")
            app.keys("y")
            app.until("Did it start?")
            app.keys("y")
            app.until("written, proven, and it started")
            app.keys("q")
            assert app.end() == 0
        assert plug.flash() == expected(table)
    assert len(list((table.folder / "home" / "backups").rglob("*.bin"))) == 1
    assert not list((table.folder / "home" / "jobs").glob("*/target.bin"))


def test_flash_resume_restore_without_a_screen(table: Table) -> None:
    with returning_plug(table) as plug:
        where = ("--port", plug.path, "--supply", "external", "--link-timeout", "20")
        code, fault = verb(table, "plug", "flash", *where, "--image", str(table.folder / IMAGE))
        assert (code, fault["code"], fault["touched"]) == (1, "LINK-GONE", "partial")
        command = fault["command"]
        assert isinstance(command, list)
        assert command[:3] == ["wattbench", "jobs", "resume"]
        code, result = verb(table, *command[1:])
        assert (code, result["verified"]) == (0, True)
        code, again = verb(table, "plug", "resume", *where)
        assert (code, again["code"]) == (3, "BK-RESUME")
        code, result = verb(table, "plug", "restore", *where, "--backup", str(result["backup"]))
        assert code == 0
        assert plug.flash() == table.stock


@pytest.mark.parametrize("how", ["backup", "resume"])
def test_a_backup_that_was_cut_off_goes_on(table: Table, how: str) -> None:
    with returning_plug(table, "backup:200") as plug:
        where = ("--port", plug.path, "--link-timeout", "20")
        code, fault = verb(table, "plug", "backup", *where)
        assert (code, fault["code"], fault["touched"]) == (1, "LINK-GONE", "nothing")
        backups = table.folder / "home" / "backups"
        assert not list(backups.rglob("*.bin"))
        code, result = verb(table, "plug", how, *where)
        assert code == 0
        assert (result["true"], result["whole"]) == (True, True)
        assert int(str(result["kept"])) > 0x40000
        assert [path.read_bytes() for path in backups.rglob("*.bin")] == [table.stock]
        assert not list(backups.rglob("*.part"))
