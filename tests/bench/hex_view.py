"""The hex view of 16 MiB: first frame, a page, memory, a search; against bare Textual and bytes.

Frame and page are processor time: a pilot's own pauses would hide any difference.

python tests/bench/hex_view.py
"""

from __future__ import annotations

import asyncio
import mmap
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

from rich.segment import Segment
from table import Row, show
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.widgets import hex_find
from tui.widgets.hex_paper import Paper
from tui.widgets.hex_view import HexView

LARGE, SMALL = 16 << 20, 4 << 10
PAGES = 60
ROUNDS = 15
MOST_MIB = LARGE / (1 << 20) + 20


class Bare(ScrollView, can_focus=True):
    """As many rows, each the same text; page-down scrolls."""

    BINDINGS: list[BindingType] = [Binding("pagedown", "page")]  # noqa: RUF012 - as Textual wants it

    def on_mount(self) -> None:
        self.virtual_size = Size(79, LARGE // 16)

    def action_page(self) -> None:
        y = self.scroll_offset.y + self.size.height
        self.scroll_to(y=y, animate=False, immediate=True, force=True)

    def render_line(self, y: int) -> Strip:
        row = y + self.scroll_offset.y
        text = f"{row * 16:06X} " + "00 " * 16 + "." * 16
        return Strip([Segment(text, self.rich_style)]).adjust_cell_length(self.size.width)


class Stage(App[None]):
    def __init__(self, widget: ScrollView) -> None:
        super().__init__()
        self._widget = widget

    def compose(self) -> ComposeResult:
        yield self._widget


async def pages(widget: ScrollView) -> float:
    """Seconds a page."""
    app = Stage(widget)
    async with app.run_test(size=(80, 24)) as pilot:
        if isinstance(widget, HexView):
            widget.show(Paper(random.Random(1).randbytes(LARGE)))
        widget.focus()
        await pilot.pause()
        took = []
        for _ in range(PAGES):
            began = time.process_time()
            await pilot.press("pagedown")
            took.append(time.process_time() - began)
        return median(took)


async def first_frames(large: Path, small: Path) -> tuple[float, float]:
    """Seconds from the path to the frame, for both files in turn."""
    view = HexView()
    app = Stage(view)
    async with app.run_test(size=(80, 24)) as pilot:

        async def opened(path: Path) -> float:
            began = time.process_time()
            with path.open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            view.show(Paper(mapped))
            await pilot.pause()
            app.screen._compositor.render_strips()
            return time.process_time() - began

        await opened(large), await opened(small)
        pairs = [(await opened(large), await opened(small)) for _ in range(ROUNDS)]
    return median(a for a, _ in pairs), median(b for _, b in pairs)


async def resident(path: Path) -> None:
    """Open, go through all of it, search, and print the resident MiB."""
    view = HexView()
    app = Stage(view)
    async with app.run_test(size=(80, 24)) as pilot:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        view.show(Paper(mapped))
        for at in range(0, len(mapped), max(len(mapped) // 64, 1)):
            view.go(at)
            await pilot.pause()
        hex_find.parse("x 01 ?? 02 03 04 05 06").find(mapped)
        print(memory())


def memory() -> float:
    """Resident MiB of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def in_a_process(path: Path) -> float:
    command = [sys.executable, __file__, str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def search() -> tuple[float, float]:
    data, wanted = random.Random(2).randbytes(LARGE - 4) + b"\0\1\2\3", b"\0\1\2\3"
    needle = hex_find.parse("x 00 01 02 03")

    def took(find: Callable[[], int]) -> float:
        began = time.perf_counter()
        assert find() >= 0
        return time.perf_counter() - began

    pairs = [
        (took(lambda: needle.find(data)), took(lambda: data.find(wanted))) for _ in range(ROUNDS)
    ]
    return median(a for a, _ in pairs), median(b for _, b in pairs)


def main() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        large, small = Path(folder, "large.bin"), Path(folder, "small.bin")
        large.write_bytes(random.Random(3).randbytes(LARGE))
        small.write_bytes(random.Random(4).randbytes(SMALL))
        frame, small_frame = asyncio.run(first_frames(large, small))
        grown = in_a_process(large) - in_a_process(small)
    both: list[Callable[[], Awaitable[float]]] = [lambda: pages(HexView()), lambda: pages(Bare())]
    page, bare = (min(asyncio.run(run()) for _ in range(3)) for run in both)  # type: ignore[arg-type]
    found, plain = search()
    rows = [
        Row("first frame, 16 MiB against 4 KiB", frame * 1000, 1.3, "ms", small_frame * 1000),
        Row("page-down against a bare ScrollView", page * 1000, 1.5, "ms", bare * 1000),
        Row("memory of 16 MiB over that of 4 KiB", grown, MOST_MIB, "MiB"),
        Row("find 4 bytes in 16 MiB against bytes", found * 1000, 3, "ms", plain * 1000),
    ]
    return show("Hex view", rows)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(resident(Path(sys.argv[1])))
    else:
        sys.exit(0 if main() else 1)
