"""The thin driver paints what stock Textual paints, cell by cell, and sends less."""

from __future__ import annotations

import asyncio
import os
import re
import threading
import time
import tty
from pathlib import Path

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from textual.strip import Strip

from core.events import Progress
from tests.tui import scenes
from tests.tui.stage import StageHost
from tui.app import WattbenchApp
from tui.driver import Screen, ThinDriver

SIZE = (80, 24)
SHOWN_ON_BLANK = ("bg", "reverse", "underscore", "strikethrough")


class Terminal:
    """A terminal emulator that counts what it was sent."""

    def __init__(self, size: tuple[int, int] = SIZE) -> None:
        self.screen = pyte.Screen(*size)
        self._stream = pyte.Stream(self.screen)
        self.sent = 0

    def feed(self, data: str) -> None:
        self.sent += len(data.encode())
        # pyte knows no ECH that keeps the background and prints what it does not know.
        self._stream.feed(re.sub(r"\x1b\[\?\d+[hl]", "", data))

    def cells(self) -> list[list[tuple[object, ...]]]:
        """What a person sees: foreground and weight only where there is a glyph."""
        rows = []
        for y in range(self.screen.lines):
            row = []
            for x in range(self.screen.columns):
                cell = self.screen.buffer[y][x]
                blank = cell.data in ("", " ")
                seen = tuple(getattr(cell, name) for name in SHOWN_ON_BLANK)
                row.append((cell.data or " ", *seen, *(() if blank else (cell.fg, cell.bold))))
            rows.append(row)
        return rows


class Pair:
    """Stock output and ours, each in a terminal of its own."""

    def __init__(self, size: tuple[int, int] = SIZE) -> None:
        self.stock, self.thin, self.memory = Terminal(size), Terminal(size), Screen()
        self.unknown: list[str] = []

    def write(self, data: str) -> None:
        self.stock.feed(data)
        ours = self.memory.thinned(data)
        if ours is None:
            self.unknown.append(data)
            self.memory.forget()
            ours = data
        self.thin.feed(ours)

    def check(self) -> None:
        assert self.thin.cells() == self.stock.cells()
        assert not self.unknown


def tapped(app: WattbenchApp, pair: Pair) -> None:
    """Everything the app paints goes to the pair as the driver would get it."""
    console = Console(
        width=SIZE[0], height=SIZE[1], color_system="truecolor", force_terminal=True,
        legacy_windows=False,
    )  # fmt: skip
    shown = app._display

    def display(screen: object, renderable: object) -> None:
        render = getattr(renderable, "render_segments", None)
        if render is not None:
            pair.write(render(console) + "\x1b[1;1H")
        shown(screen, renderable)  # type: ignore[arg-type]

    app._display = display  # type: ignore[method-assign]


STEPS = (
    "2", "3", "6", "1", "question_mark", "escape", "colon", "f", "l", "escape", "down", "down",
    "right", "enter", "escape", "f", "w", "w", "5", "1", "down", "down", "enter", "escape",
)  # fmt: skip


@pytest.mark.parametrize("ssh", [False, True])
async def test_every_screen_is_the_same_cell_by_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ssh: bool
) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    if ssh:
        monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")
    host = StageHost(tmp_path)
    app, pair = WattbenchApp(host), Pair()
    tapped(app, pair)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        for key in STEPS:
            await pilot.press(key)
            await pilot.pause()
            pair.check()
    host.people = False
    for job in host.running():
        host.cancel(job.id)
    await asyncio.to_thread(host.join)
    assert pair.thin.sent < pair.stock.sent / 2


characters = st.one_of(
    st.sampled_from(" abc#"), st.sampled_from("│█░✓"), st.sampled_from("漢字"), st.just("e\u0301")
)
styles = st.sampled_from(
    ["", "1", "7", "4", "38;2;1;2;3", "48;2;9;8;7", "38;2;7;4;9;48;2;7;7;7", "31", "1;44", "48;5;4"]
)
paints = st.lists(
    st.tuples(
        st.integers(1, 6), st.integers(1, 30),
        st.lists(st.tuples(styles, st.lists(characters, max_size=12).map("".join)), max_size=4),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


def frame(painted: list[tuple[int, int, list[tuple[str, str]]]]) -> str:
    out = ""
    for row, column, pieces in painted:
        out += f"\x1b[{row};{column}H"
        out += "".join(f"\x1b[{sgr}m{text}\x1b[0m" if sgr else text for sgr, text in pieces)
    return out


@settings(deadline=None, max_examples=60)
@given(st.lists(paints, min_size=1, max_size=6))
def test_any_sequence_of_paints(frames: list[list[tuple[int, int, list[tuple[str, str]]]]]) -> None:
    pair = Pair((90, 7))
    pair.write(frame([(row, 1, [("", " " * 90)]) for row in range(1, 8)]))
    for painted in frames:
        pair.write(frame(painted))
        assert pair.thin.cells() == pair.stock.cells()


def test_the_same_again_costs_nothing() -> None:
    screen = Screen()
    data = frame([(1, 1, [("1", "title"), ("", "  text")])])
    assert screen.thinned(data)
    assert screen.thinned(data) == ""


def test_what_is_not_known_passes_and_makes_it_forget() -> None:
    pair = Pair()
    pair.write(frame([(1, 1, [("", "hello")])]))
    for odd in ("\x1b[2J", "\x1b]8;;x\x1b\\", "\x1b[?1049h", "no move before", "\x1b["):
        assert Screen().thinned(odd) is None
    before = pair.thin.sent
    pair.write("\x1b[2J")
    pair.write(frame([(1, 1, [("", "hello")])]))
    assert pair.thin.sent - before > len("hello")
    assert pair.thin.cells() == pair.stock.cells()


def test_one_cell_of_a_table_costs_tens_of_bytes() -> None:
    console = Console(color_system="truecolor", force_terminal=True, width=80)
    strip = Strip([Segment("x" * 80)])
    screen = Screen()
    lines = [f"\x1b[{y};1H{strip.render(console)}\n" for y in range(1, 23)]
    whole = screen.thinned("".join(lines))
    assert whole is not None and len(whole) > 1700
    lines[5] = "\x1b[6;1H" + "x" * 40 + "y" + "x" * 39 + "\n"
    assert len(screen.thinned("".join(lines)) or "") < 40


async def test_a_running_job_sends_little(tmp_path: Path) -> None:
    """Bytes for each painted event, stock against ours: the map, the bar and the job line move."""
    host = StageHost(tmp_path)
    app, pair = WattbenchApp(host), Pair()
    tapped(app, pair)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        t = 0.0
        for body in (*scenes.BEGUN, *scenes.LINKED):
            app.mailbox.put(scenes_event(body, t))
        app.tick()
        await pilot.pause()
        stock, thin = pair.stock.sent, pair.thin.sent
        for done in range(0, 400, 8):
            t += 0.25
            for body in scenes.reading(done)[1:]:
                assert isinstance(body, Progress)
                app.mailbox.put(scenes_event(body, t))
            app.tick()
            await pilot.pause()
        pair.check()
        stock, thin = pair.stock.sent - stock, pair.thin.sent - thin
    await asyncio.to_thread(host.join)
    assert thin / 50 < 1000, "4 paints a second stay under 4 KiB/s"
    assert thin < stock / 2


def scenes_event(body: object, t: float) -> object:
    from core.events import Event

    return Event("20261120T140233Z-plug-flash-01", t, body)  # type: ignore[arg-type]


@pytest.mark.parametrize("lost", ["closed", "hung up"])
def test_the_end_of_the_terminal_ends_the_reading(lost: str) -> None:
    """A thread that went on reading nothing would keep the program alive, and a core busy."""
    keys: list[str] = []
    driver = object.__new__(ThinDriver)
    driver._debug = False
    driver.exit_event = threading.Event()
    driver.process_message = lambda event: keys.append(event.key)  # type: ignore[method-assign]
    master, driver.fileno = os.openpty() if lost == "hung up" else os.pipe()[::-1]
    if lost == "hung up":
        tty.setraw(driver.fileno)
    os.write(master, b"ab")
    reading = threading.Thread(target=driver.run_input_thread)
    reading.start()
    while keys != ["a", "b"]:
        time.sleep(0.01)
    os.close(master)
    reading.join(timeout=20)
    assert not reading.is_alive()
    os.close(driver.fileno)
