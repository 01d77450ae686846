"""What the keys of the Backup pane do."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.fault import FaultError
from tui.panes.backup import goto
from tui.panes.backup.ask import AskDialog
from tui.panes.backup.book import Book, open_book
from tui.panes.backup.search import search
from tui.panes.backup.taking import Taking
from tui.widgets import hex_find
from tui.widgets.dialog import PickDialog
from tui.widgets.hex_paper import Range

if TYPE_CHECKING:
    from core.tuya.compare import Comparison
    from tui.panes.backup.shelf import Shelf

TYPE = "type"


class Commands(Taking):
    """Moving about, searching and comparing; `Taking` has what takes something away."""

    needle: hex_find.Needle | None = None
    typed = ""
    shelf: Shelf | None
    closed: set[str]

    if TYPE_CHECKING:

        def open(self, path: Path, *, again: bool = False) -> None: ...

        def plant(self) -> None: ...

        def compared(self, other: Book | None, difference: Comparison | None) -> None: ...

    # -- opening and turning ---------------------------------------------------------------

    def do_open(self) -> None:
        if self.book is None:
            if self.shelf_table.key:
                self.open(Path(self.shelf_table.key))
        elif self.screen.focused is self.hex:
            self._value_of_byte()
        else:
            self._turn()

    def _turn(self) -> None:
        """On a row: open or shut a group, else go between the value and its bytes."""
        node = self.node
        if node is None:
            return
        if node.group and self.screen.focused is self.rows:
            self.fold(shut=node.path not in self.closed)
        elif node.place is None:
            self.bring("value")
        elif node.page == "hex" or self.front == "value":
            self.bring("hex")
            self.hex.go(node.place.start, found=node.place)
        else:
            self.bring("value")

    def _value_of_byte(self) -> None:
        """From a byte to the value that it belongs to, else to its area."""
        at = self.hex.cursor
        fits = [n for n in self.by_path.values() if n.place and n.place.start <= at < n.place.end]
        whole = [n for n in self.by_path.values() if n.entry and self._holds(n.entry.spans, at)]
        values = whole or [n for n in fits if n.page in ("value", "pins")]
        node = (values or fits)[-1] if values or fits else None
        if node is None:
            return
        for group in [path for path in self.closed if node.path.startswith(f"{path}/")]:
            self.closed.discard(group)
        self.plant()
        self.rows.select(node.path)
        if node.page in ("value", "pins"):
            self.bring("value", focus=False)
            self.paint_page()
        self.rows.display = True
        self.screen.set_focus(self.rows)

    def _holds(self, spans: tuple[tuple[int, int], ...], address: int) -> bool:
        base = self.book.seen.base if self.book else 0
        return any(base + at <= address < base + at + size for at, size in spans)

    def fold(self, *, shut: bool) -> None:
        """Shut or open the group under the cursor; from within a group, go to it."""
        node = self.node
        if node is None:
            return
        if node.group:
            (self.closed.add if shut else self.closed.discard)(node.path)
            self.plant()
        elif shut and "/" in node.path:
            self.rows.select(node.path.rpartition("/")[0])

    def do_file(self) -> None:
        def take(text: str) -> None:
            if not text.strip():
                raise ValueError("Nothing was typed.")
            self.open(Path(text.strip()).expanduser())

        self.app.push_screen(AskDialog("Open a dump", "A path; .xz is unpacked.", "", take))

    def do_goto(self) -> None:
        book = self.book
        if book is None or not book.seen.data:
            return

        def take(text: str) -> None:
            at = goto.address_of(text, book.seen, self.hex.cursor)
            self.bring("hex")
            self.hex.go(at, top=True)

        self.app.push_screen(AskDialog("Go to", goto.HELP, "", take))

    # -- searching -------------------------------------------------------------------------

    def do_find(self) -> None:
        if self.book is None:
            return

        def take(text: str) -> None:
            self.needle, self.typed = hex_find.parse(text), text
            if not self._hit(back=False):
                view = "decrypted" if self.plain else "raw"
                raise ValueError(f"Not in the {view} bytes; v changes between raw and decrypted.")

        self.app.push_screen(AskDialog("Find", hex_find.HELP, self.typed, take))

    def do_next(self) -> None:
        self._again(back=False)

    def do_previous(self) -> None:
        self._again(back=True)

    def _again(self, *, back: bool) -> None:
        if self.book is not None and (self.needle is None or not self._hit(back=back)):
            self.wattbench.say("Nothing is found; / searches.")

    def _hit(self, *, back: bool) -> bool:
        assert self.book is not None and self.needle is not None
        hit = search(self.book, self.needle, self.hex.cursor, plain=self.plain, back=back)
        if hit is not None:
            self.bring("hex")
            self.hex.go(hit.start, found=hit)
        return hit is not None

    # -- views -----------------------------------------------------------------------------

    def do_view(self) -> None:
        book = self.book
        if book is None:
            return
        if not self.plain and book.seen.key is None and book.seen.store is None:
            self.wattbench.say("Neither store nor code of this dump can be decrypted.")
            return
        self.plain = not self.plain
        self.lay_paper()
        self.inspect()

    def do_reveal(self) -> None:
        if self.book is None:
            return
        self.reveal = not self.reveal
        self.lay_paper()
        self.paint_page()
        self.inspect()
        self.wattbench.say("Secrets are shown." if self.reveal else "Secrets are hidden.")

    def do_wide(self) -> None:
        if self.book is None:
            return
        self.rows.display = not self.rows.display
        if not self.rows.display and self.screen.focused is self.rows:
            self.bring(self.front)
        self.call_after_refresh(self.paint_page)

    def do_mark(self) -> None:
        if self.book is not None and self.front == "hex":
            self.hex.mark()
            self.inspect()

    # -- comparing -------------------------------------------------------------------------

    def do_compare(self) -> None:
        book = self.book
        if book is None:
            return
        if self.other is not None:
            self.compared(None, None)
            return
        items = self.shelf.items if self.shelf is not None else {}
        own = str(book.opened.path)
        choices = [
            (name, f"{item.when[:16]}  {item.mac or 'no MAC'}  {item.label}")
            for name, item in items.items()
            if name != own
        ]

        def picked(name: str | None) -> None:
            if name == TYPE:
                dialog = AskDialog("Compare with", "A path.", "", self._with_path)
                self.app.push_screen(dialog)
            elif name is not None:
                self._with_path(name)

        choices.append((TYPE, "type a path"))
        self.app.push_screen(PickDialog("Compare with:", choices), picked)

    def _with_path(self, text: str) -> None:
        if not text.strip():
            raise ValueError("Nothing was typed.")
        path = Path(text.strip()).expanduser()
        self.run_worker(self._compare(path), group="open", exclusive=True)

    async def _compare(self, path: Path) -> None:
        from core.tuya.compare import compare

        book = self.book
        if book is None:
            return
        try:
            other = await asyncio.to_thread(open_book, path)
        except FaultError as error:
            self.wattbench.say(f"{error.fault.code}: {error.fault.what} {error.fault.next}")
            return
        found = await asyncio.to_thread(compare, book.seen, other.seen)
        self.compared(other, found)
        if found.ranges:
            self._to_difference(Range(*found.ranges[0]))
        self.wattbench.say(f"{found.summary}")

    def do_difference(self) -> None:
        """The first one behind the cursor, round the end."""
        ranges = self._ranges()
        behind = [part for part in ranges if part.start > self.hex.cursor]
        if ranges:
            self._to_difference((behind or ranges)[0])

    def do_before(self) -> None:
        ranges = self._ranges()
        before = [part for part in ranges if part.start < self.hex.cursor]
        if ranges:
            self._to_difference((before or ranges)[-1])

    def _ranges(self) -> list[Range]:
        found = [Range(*part) for part in self.comparison.ranges] if self.comparison else []
        if not found:
            self.wattbench.say("They are equal." if self.comparison else "d compares first.")
        return found

    def _to_difference(self, part: Range) -> None:
        self.bring("hex")
        self.hex.go(part.start)

    def do_chip(self) -> None:
        """The chip's own checksums against this dump, sector by sector."""
        from tui.verbs.backup import compare_work
        from tui.verbs.plug import link_options

        book = self.book
        if book is None:
            return
        remember = self.wattbench.host.store.settings.get
        if not remember("plug_port"):
            self.wattbench.say("Choose the port in the Flash pane (1) first.")
            return
        options = link_options(
            port=remember("plug_port"),
            baud=int(remember("plug_baud", "0")),
            lead=remember("plug_lead", "gnd"),
            supply=remember("plug_supply", "external"),
        )
        self.wattbench.start(compare_work(options, book.opened.path.name, book.seen))

    # -- polarity --------------------------------------------------------------------------

    def do_flip(self) -> None:
        wiring = self.book.seen.wiring if self.book is not None else None
        if wiring is None:
            return
        turned = wiring.with_flipped(self.flips)
        choices = [(str(use.gpio), use.words) for use in turned.uses if use.other]
        if not choices:
            self.wattbench.say("No pin here has another polarity.")
            return
        self.app.push_screen(PickDialog("Turn over the polarity of:", choices),
                             partial(self._flipped))  # fmt: skip

    def _flipped(self, gpio: str | None) -> None:
        if gpio is not None:
            self.flips = self.flips ^ {int(gpio)}
            self.paint_page()
            self.wattbench.say(f"P{gpio}: polarity turned over for the configuration.")
