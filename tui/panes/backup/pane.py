"""The Backup pane: the catalogue, and an open dump as tree, bytes and meaning."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import ContentSwitcher

from core.fault import FaultError
from tui.panes.backup.book import Book, open_book
from tui.panes.backup.inspect import number_words, place_words
from tui.panes.backup.listing import Listing
from tui.panes.backup.papers import pair
from tui.panes.backup.tree import Node, first_closed, nodes, visible
from tui.panes.backup.value import page
from tui.panes.base import Line
from tui.text import clean, size
from tui.widgets.hex_view import HexView
from tui.widgets.live_lines import Line as Painted
from tui.widgets.live_lines import LiveLines, LiveTable
from tui.widgets.mini_map import MiniMap, Plan
from tui.widgets.prose import fit

if TYPE_CHECKING:
    from core.tuya.compare import Comparison

ON_LIST = frozenset({"open", "file", "reload"})
NARROW = 120
"""Columns below which two dumps beside each other need the whole width."""


class Pane(Listing):
    """Keeps what is open; reads and decodes on threads."""

    SCOPED_CSS = False  # every pane's class is called Pane; the class .backup is this one's
    DEFAULT_CSS = """
    .backup #backups { height: 1fr; }
    .backup #columns { height: 1; text-style: underline; }
    .backup #shelf { height: 1fr; }
    .backup #dump { height: 1fr; }
    .backup #what { height: 1; padding: 0 1; background: $panel; }
    .backup #sides { height: 1fr; }
    .backup #tree { width: 30; border-right: solid $primary; }
    .backup.-roomy #tree { width: 42; }
    .backup #right { width: 1fr; }
    .backup #hex, .backup #value { height: 1fr; }
    .backup #value { padding-left: 1; }
    .backup #inspector { height: 3; padding: 0 1; }
    """

    def __init__(self, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.add_class("backup")
        self.closed: set[str] = set()
        self.by_path: dict[str, Node] = {}
        self._earlier = 0

    def compose(self) -> ComposeResult:
        with ContentSwitcher(id="views", initial="backups"):
            with Vertical(id="backups"):
                yield Line("columns")
                yield LiveTable("shelf", self.paint_backup)
            with Vertical(id="dump"):
                yield Line("what")
                with Horizontal(id="sides"):
                    yield LiveTable("tree", self._paint_node)
                    with ContentSwitcher(id="right", initial="value"):
                        yield HexView("hex")
                        yield LiveLines("value")
                yield MiniMap(plain=self.wattbench.glyphs.bar == "|")
                yield Line("inspector")

    def on_mount(self) -> None:
        self.screen.set_focus(self.shelf_table)
        self.paint_shelf()
        self.call_after_refresh(self.pane_screen.keys_changed)

    # -- parts -----------------------------------------------------------------------------

    @property
    def shelf_table(self) -> LiveTable:
        return self.query_one("#shelf", LiveTable)

    @property
    def rows(self) -> LiveTable:
        return self.query_one("#tree", LiveTable)

    @property
    def hex(self) -> HexView:
        return self.query_one("#hex", HexView)

    @property
    def front(self) -> str:
        """What the right side shows: `hex` or `value`."""
        return str(self.query_one("#right", ContentSwitcher).current)

    def bring(self, name: str, *, focus: bool = True) -> None:
        """`hex` or `value` to the front."""
        self.query_one("#right", ContentSwitcher).current = name
        if focus:
            self.screen.set_focus(self.query_one(f"#{name}"))
        self.pane_screen.keys_changed()

    @property
    def node(self) -> Node | None:
        """The row of the tree under the cursor."""
        return self.by_path.get(self.rows.key)

    @property
    def state(self) -> str:
        if self.book is None:
            return "moving"
        return ("differences" if self.other else "") or ("decrypted" if self.plain else "raw")

    @property
    def idle(self) -> frozenset[str]:
        from tui.panes.backup.actions import PANE

        everything = {action.name for action in PANE.actions}
        if self.book is None:
            return frozenset(everything - ON_LIST)
        idle = {"reload", "file"}
        if self.needle is None:
            idle.add("next")
        return frozenset(idle)

    # -- opening ---------------------------------------------------------------------------

    def open(self, path: Path, *, again: bool = False) -> None:
        """Open a dump; `again` keeps place and view."""
        if not again:
            self.wattbench.say(f"{path.name} is read.")
        self.busy = True
        self.run_worker(self._open(path, again), group="open", exclusive=True)

    async def _open(self, path: Path, again: bool) -> None:
        from core.tuya.catalogue import earlier

        try:
            book = await asyncio.to_thread(open_book, path)
            mac = book.seen.info.mac.hex(":") if book.seen.info.mac else ""
            backups = self.wattbench.host.store.backups
            kept = await asyncio.to_thread(earlier, backups, mac.upper())
        except FaultError as error:
            self.wattbench.say(f"{error.fault.code}: {error.fault.what} {error.fault.next}")
            return
        finally:
            self.busy = False
        self._earlier = len(kept)
        self._take(book, again)

    def _take(self, book: Book, again: bool) -> None:
        self.book = book
        if again:
            known = {path for path, node in self.by_path.items() if node.group}
            self.closed |= first_closed(nodes(book)) - known
        else:
            self.plain = self.reveal = False
            self.other, self.comparison, self.needle = None, None, None
            self.flips = frozenset()
            self.hex.begun = None
            self.closed = first_closed(nodes(book))
        self.query_one("#views", ContentSwitcher).current = "dump"
        self.plant()
        self.lay_paper()
        if not again:
            self.show_node()
            self.call_after_refresh(self.paint_page)  # what is not laid out yet is not painted
            self.screen.set_focus(self.rows)
            self.wattbench.say("")
        self.inspect()
        self.pane_screen.keys_changed()

    def go_back(self) -> None:
        """From a side to the tree, from the dump to the list."""
        if self.book is None:
            return
        if self.screen.focused is not self.rows and self.rows.display:
            self.screen.set_focus(self.rows)
            return
        self.book = None
        self.query_one("#views", ContentSwitcher).current = "backups"
        self.screen.set_focus(self.shelf_table)
        self.pane_screen.keys_changed()

    # -- the tree --------------------------------------------------------------------------

    def plant(self) -> None:
        """Make the rows of the tree anew."""
        if self.book is None:
            return
        found = nodes(self.book, self.comparison)
        self.by_path = {node.path: node for node in found}
        self.rows.show_rows([(node.path, 1) for node in visible(found, self.closed)])

    def _paint_node(self, name: str, _part: int, here: bool) -> Painted:
        node = self.by_path.get(name)
        if node is None:
            return ()
        width = max(self.rows.content_size.width - 1, 8)
        sign = ("+ " if node.path in self.closed else "- ") if node.group else "  "
        text = fit(f"{'  ' * node.depth}{sign}{node.text}", width)
        return ((text.ljust(width), "here" if here else "bad" if node.bad else ""),)

    @on(LiveTable.Moved)
    def _row_moved(self) -> None:
        if self.book is not None:
            self.show_node()

    def show_node(self) -> None:
        """The right side follows the cursor of the tree."""
        node = self.node
        if node is None:
            return
        if node.page in ("hex", "group"):
            self.bring("hex", focus=False)
        else:
            self.bring("value", focus=False)
            self.paint_page()
            self.query_one("#value", LiveLines).scroll_to(y=0, animate=False, immediate=True)
        if node.place is not None:
            self.hex.go(node.place.start, found=node.place, top=True)

    def paint_page(self) -> None:
        """Write the page of the node anew."""
        book, node = self.book, self.node
        if book is None or node is None:
            return
        # The width that the tree is going to have: it may not have been laid out yet.
        tree = self.rows.styles.width
        width = self.size.width - (int(tree.value) if tree and self.rows.display else 0) - 3
        lines = page(
            book, node, width,
            reveal=self.reveal, flips=self.flips, earlier=self._earlier,
            difference=self.comparison,
        )  # fmt: skip
        self.query_one("#value", LiveLines).show(len(lines), lines.__getitem__)

    # -- the bytes -------------------------------------------------------------------------

    def lay_paper(self) -> None:
        """Give the hex view and the map what they show now."""
        book = self.book
        if book is None:
            return
        self.hex.show(pair(book, self.other, plain=self.plain, reveal=self.reveal))
        cells = book.cells
        bits = [
            None if n < len(cells) and cells[n] == " " else value
            for n, value in enumerate(book.entropy)
        ]
        self.plan = Plan(book.seen.base, bits, book.stretches)
        seen = book.seen
        chip = f"BK7231{seen.chip.upper()}" if seen.chip else "chip not known"
        mac = seen.info.mac.hex(":").upper() if seen.info.mac else "no MAC"
        parts = [book.opened.path.name, size(len(seen.data)), chip, mac]
        if cells:
            parts.insert(0, f"{sum(c != ' ' for c in cells)} of {len(cells)} sectors read")
        if self.other is not None:
            parts.insert(1, f"and {self.other.opened.path.name}")
        self.query_one("#what", Line).say(Content(fit("  ".join(parts), self.size.width - 2)))

    @on(HexView.Moved)
    def inspect(self) -> None:
        """Say what the byte under the cursor is."""
        book = self.book
        if book is None or not book.seen.data:
            return
        at, width = self.hex.cursor, max(self.size.width - 2, 10)
        place = place_words(book.seen, at)
        if self.hex.marked is not None:
            place += f"   {self.hex.marked.end - self.hex.marked.start} marked"
        lines = [place, *number_words(self.hex.paper, at)]
        self.query_one("#inspector", Line).say(
            Content("\n".join(fit(clean(line), width) for line in lines))
        )
        self.query_one(MiniMap).show(self.plan, at)

    # -- keys of the widgets ---------------------------------------------------------------

    @on(LiveTable.Chosen)
    @on(HexView.Chosen)
    def _chosen(self) -> None:
        self.do_open()

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            self.go_back()
        elif event.key in ("left", "right") and self.screen.focused is self.rows:
            event.stop()
            self.fold(shut=event.key == "left")

    def on_resize(self) -> None:
        self.set_class(self.size.width >= NARROW, "-roomy")
        self.paint_shelf()
        self.call_after_refresh(partial(self._resized))

    def _resized(self) -> None:
        if self.book is not None:
            self.rows.again()
            self.paint_page()
            self.lay_paper()

    def compared(self, other: Book | None, difference: Comparison | None) -> None:
        """Show a second dump beside the first one, or no longer."""
        self.other, self.comparison = other, difference
        if self.size.width < NARROW:
            self.rows.display = other is None
        self.plant()
        self.lay_paper()
        self.bring("hex")
        self.inspect()
