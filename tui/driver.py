"""A thin output driver: it remembers what each cell shows and sends only what changed.

Textual paints a dirty region whole.  Its output is a few shapes only (cursor moves, SGR runs that
end in a reset, plain text, line feeds), so it is read back here into cells, held against the
screen as it stands, and sent as the changed runs.  Everything else passes through as it came and
makes the memory forget.  Relies on the output of Textual 8.2, which is pinned for it.
"""

from __future__ import annotations

import os
import re
import selectors
from codecs import getincrementaldecoder
from typing import NamedTuple

from rich.cells import cell_len
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

from tui.pasting import Pasting

SYNC_START, SYNC_END = "\x1b[?2026h", "\x1b[?2026l"
TOKEN = re.compile(
    r"\x1b\[(?P<row>\d+);(?P<column>\d+)H|\x1b\[(?P<sgr>[\d;]*)m|(?P<text>[^\x1b\n]+)|(?P<line>\n)"
)
# SGR attributes that show on blanks, so that an erased cell would look different.
ON_BLANKS = {"3", "4", "5", "7", "8", "9", "21", "53"}
# An erase and a move cost about this many characters.
WORTH_ERASING = 9
# Between two changed runs this many unchanged cells cost less than a cursor move.
WORTH_JUMPING = 6


class Cell(NamedTuple):
    """What one column shows; the right half of a wide character has no text."""

    text: str
    sgr: str


Row = dict[int, Cell]


class Screen:
    """The cells of the terminal as far as they are known, and the bytes that change them."""

    def __init__(self) -> None:
        self._rows: dict[int, Row] = {}
        self._cursor: tuple[int, int] | None = None

    def forget(self) -> None:
        """Nothing is known any more; the next paint is sent whole."""
        self._rows.clear()
        self._cursor = None

    def thinned(self, data: str) -> str | None:
        """What to send instead of `data`; None when it holds something unknown."""
        wanted = _read(data)
        if wanted is None:
            return None
        rows, cursor = wanted
        out: list[str] = []
        for number in sorted(rows):
            self._change(number, rows[number], out)
        if cursor is not None and (out or cursor != self._cursor):
            out.append(_move(*cursor))
            self._cursor = cursor
        return "".join(out)

    def _change(self, number: int, wanted: Row, out: list[str]) -> None:
        """Append what turns the known row into the wanted one."""
        known = self._rows.setdefault(number, {})
        changed = sorted(x for x, cell in wanted.items() if known.get(x) != cell)
        if not changed:
            return
        for start, end in _runs(changed, wanted):
            cells = [wanted[x] for x in range(start, end)]
            out.append(_move(number, start))
            out.append(_painted(cells))
        _break_wide(known, wanted)
        known.update(wanted)


def _read(data: str) -> tuple[dict[int, Row], tuple[int, int] | None] | None:
    """The cells that `data` paints, by row and column from 1, and where the cursor ends."""
    rows: dict[int, Row] = {}
    cursor: tuple[int, int] | None = None
    row = column = 0
    sgr, at = "", 0
    while at < len(data):
        token = TOKEN.match(data, at)
        if token is None:
            return None
        at = token.end()
        if token["row"]:
            row, column = int(token["row"]), int(token["column"])
            cursor = (row, column)
        elif token["text"] is not None:
            if not row:
                return None  # we do not know where this would land
            painted: Row = {}
            end = _put(painted, column, token["text"], sgr)
            if not end or _halves(rows.setdefault(row, {}), column, end):
                return None
            rows[row] |= painted
            column = end
            cursor = (row, column)
        elif token["sgr"] is not None:
            sgr = "" if token["sgr"] in ("", "0") else token["sgr"]
        # A line feed comes before a cursor move and paints nothing.
    return rows, cursor


def _put(row: Row, column: int, text: str, sgr: str) -> int:
    """Write `text` into the row; returns the column after it, 0 where that cannot be told."""
    if text.isascii():
        for character in text:
            row[column] = Cell(character, sgr)
            column += 1
        return column
    for character in text:
        width = cell_len(character)
        if width == 0:
            back = 2 if row.get(column - 1, Cell(" ", "")).text == "" else 1
            before = row.get(column - back)
            if before is None:
                return 0  # a combining mark whose cell was painted earlier
            row[column - back] = Cell(before.text + character, before.sgr)
            continue
        row[column] = Cell(character, sgr)
        if width == 2:
            row[column + 1] = Cell("", sgr)
        column += width
    return column


def _halves(row: Row, start: int, end: int) -> bool:
    """True when painting [start, end) cuts a wide character painted just before."""
    return any(x in row and row[x].text == "" for x in (start, end))


def _runs(changed: list[int], wanted: Row) -> list[tuple[int, int]]:
    """Changed columns as half-open runs; short gaps are painted over where they are wanted too,
    and a wide character is never cut."""
    runs: list[tuple[int, int]] = []
    for x in changed:
        start, end = x, x + 1
        if wanted[x].text == "":
            start -= 1
        elif x + 1 in wanted and wanted[x + 1].text == "":
            end += 1
        if (
            runs
            and start - runs[-1][1] <= WORTH_JUMPING
            and all(gap in wanted for gap in range(runs[-1][1], start))
        ):
            runs[-1] = (runs[-1][0], max(end, runs[-1][1]))
        else:
            runs.append((start, end))
    return runs


def _break_wide(known: Row, wanted: Row) -> None:
    """A wide character of which only one half is painted over is gone altogether."""
    for x in wanted:
        if x - 1 not in wanted and known.get(x, Cell(" ", "")).text == "":
            known.pop(x - 1, None)
        if x + 1 not in wanted and known.get(x + 1, Cell(" ", "")).text == "":
            known.pop(x + 1, None)


def _painted(cells: list[Cell]) -> str:
    """One SGR for each change of style; long blanks that only show their background as ECH."""
    out: list[str] = []
    style = ""
    at = 0
    while at < len(cells):
        sgr = cells[at].sgr
        end = at
        while end < len(cells) and cells[end].sgr == sgr:
            end += 1
        if sgr != style:
            out.append(f"\x1b[0;{sgr}m" if sgr and style else f"\x1b[{sgr or 0}m")
            style = sgr
        out.append(_text("".join(cell.text for cell in cells[at:end]), sgr))
        at = end
    if style:
        out.append("\x1b[0m")
    return "".join(out)


def _text(text: str, sgr: str) -> str:
    """The text, with runs of blanks erased where that is shorter and looks the same."""
    if len(text) < WORTH_ERASING or not _erasable(sgr):
        return text
    return re.sub(rf" {{{WORTH_ERASING},}}", lambda m: f"\x1b[{len(m[0])}X\x1b[{len(m[0])}C", text)


def _erasable(sgr: str) -> bool:
    """True when blanks of this style show nothing but their background."""
    codes = sgr.split(";")
    plain, skip = [], 0
    for index, code in enumerate(codes):
        if skip:
            skip -= 1
        elif code in ("38", "48") and index + 1 < len(codes):
            skip = 4 if codes[index + 1] == "2" else 2
        else:
            plain.append(code)
    return not ON_BLANKS & set(plain)


def _move(row: int, column: int) -> str:
    return f"\x1b[{row};{column}H"


class ThinDriver(LinuxDriver):
    """Textual's Linux driver, with the thin output in front of its writer."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        self.screen = Screen()
        self._held = ""

    def write(self, data: str) -> None:
        """Send what changes the terminal; an update that changes nothing is not sent at all."""
        if data == SYNC_START:
            self._held = data
            return
        if data == SYNC_END:
            if not self._held:
                super().write(data)
            self._held = ""
            return
        thin = self.screen.thinned(data)
        if thin is None:
            self.screen.forget()
            thin = data
        if thin:
            super().write(self._held + thin)
            self._held = ""

    def run_input_thread(self) -> None:
        """Read what is typed, as Textual does, but a paste keeps its order, and bytes that are no
        UTF-8 end nothing.  The end of the terminal ends it."""
        parser, pasting = XTermParser(self._debug), Pasting()
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                typed = ""
                if selector.select(0.1):
                    try:
                        raw = os.read(self.fileno, 4096)
                    except OSError:  # it hung up; what that means the signal says
                        return
                    if not raw:
                        return
                    typed = pasting.through(decode(raw))
                for event in parser.feed(typed) if typed else parser.tick():
                    self.process_message(event)

    def start_application_mode(self) -> None:
        """Also after a suspend: the shell has painted meanwhile."""
        self.screen.forget()
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def forget(self) -> None:
        """After a resize, a resume or the redraw key the terminal may show anything."""
        self.screen.forget()
