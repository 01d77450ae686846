"""The same screens without colours, without anything but ASCII, on small and on no terminals."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.bench import IMAGE, Table
from tests.live.terminal import PATIENCE, Terminal, environment

SGR = re.compile(rb"\x1b\[([\d;:]*)m")
COLOURS = {*range(30, 39), *range(40, 49), *range(90, 98), *range(100, 108)}  # not 39 and 49
PAGE_DOWN = "\x1b[6~"


def colours_in(raw: bytes) -> set[bytes]:
    """The attribute sequences that name a colour."""
    return {
        found
        for found in SGR.findall(raw)
        if COLOURS & {int(n) for n in re.split(rb"[;:]", found) if n}
    }


def walk(app: Terminal) -> None:
    """Every pane, a pick list, an edited field, help, palette and a fault."""
    app.until(IMAGE)
    for digit, name in zip("23456", ("Backup", "Scan", "Meter", "OpenBK", "Jobs"), strict=True):
        app.keys(digit)
        app.until(f"[{digit} {name}]")
    app.keys("f1")
    app.until("[1 Flash]")
    app.keys("?")
    app.until("Ctrl-L")
    app.keys("escape")
    app.until(lambda screen: "Ctrl-L" not in screen)
    app.keys(":")
    app.until("type to find an action")
    app.keys("escape")
    app.until("moving")
    app.keys("enter")
    app.until("type a path, or socket")
    app.keys("escape")
    app.until("moving")
    app.keys("f")
    app.until("y  yes    n  no")
    app.keys("y")
    app.until("LINK-OPEN")
    app.keys("w")
    app.until("module edge")
    app.keys("w")
    app.until("not yet")


def leave(app: Terminal) -> None:
    app.keys("q")
    assert app.end() == 0


@pytest.fixture
def faulty(table: Table) -> Table:
    """The remembered port is a file: opening it fails."""
    (table.folder / "not-a-port").touch()
    table.remember_port(str(table.folder / "not-a-port"))
    return table


def test_ascii_is_ascii_on_every_screen(faulty: Table) -> None:
    with faulty.app("--ascii") as app:
        walk(app)
        leave(app)
        assert app.raw.isascii()


def test_a_locale_without_utf8_gets_ascii(faulty: Table) -> None:
    (faulty.folder / "müller-öl.bin").write_bytes(b"x")
    with faulty.app(env={"LC_ALL": "C"}) as app:
        app.until("choose one: Enter")
        app.keys("down", "down", "down", "enter")
        app.until("m?ller-?l.bin")
        assert app.raw.isascii()
        app.keys("escape")
        app.until("moving")
        leave(app)


@pytest.mark.parametrize(("flags", "env"), [(("--mono",), {}), ((), {"NO_COLOR": "1"})])
def test_mono_sends_no_colour(faulty: Table, flags: tuple[str, ...], env: dict[str, str]) -> None:
    with faulty.app(*flags, env=env) as app:
        walk(app)
        app.keys("down", "enter")
        app.until("Supply\n")
        assert "own 3.3 V supply or regulator" in app.reversed  # the cursor needs no colour
        app.keys("escape")
        app.until("moving")
        assert "[1 Flash]" in app.reversed
        leave(app)
        assert not colours_in(bytes(app.raw))


def test_colours_are_there_otherwise(faulty: Table) -> None:
    with faulty.app() as app:
        app.until(IMAGE)
        leave(app)
        assert colours_in(bytes(app.raw))


def test_the_smallest_terminal_shows_whole_words(table: Table) -> None:
    with table.plug() as plug:
        table.remember_port(plug.path)
        with table.app(size=(60, 16)) as app:
            screen = app.until("? Help")
            assert screen.splitlines()[-1].endswith("? Help")
            app.keys("f")
            app.until("y  yes    n  no")
            app.keys("y")
            app.until("erase, write 0x011000")
            app.until("y  yes    n  no")
            app.keys(PAGE_DOWN)
            screen = app.until("Write this now?")
            assert "y  yes    n  no" in screen
            app.keys("y")
            app.until("Did it start?")
            app.keys("y")
            app.until("written, proven, and it started")
            leave(app)


@pytest.mark.parametrize("size", [(59, 24), (80, 15)])
def test_a_smaller_one_is_refused_with_its_size(table: Table, size: tuple[int, int]) -> None:
    with table.app(size=size) as app:
        assert app.end() == 2
        app.until(f"{size[0]}x{size[1]}")


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_dumb_terminal_is_pointed_at_the_verbs(table: Table, term: str) -> None:
    with table.app(env={"TERM": term}) as app:
        assert app.end() == 2
        app.until(lambda screen: "--help" in screen.replace("\n", ""))


def test_without_a_terminal_it_points_at_the_verbs(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tui", "--home", str(tmp_path)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=PATIENCE,
    )
    assert ended.returncode == 2
    assert "--help" in ended.stderr
    assert ended.stdout == ""
