"""The start page of the Backup pane, and what is being read while it is looked at."""

from __future__ import annotations

import asyncio

from textual.content import Content

from tui.model import Model
from tui.panes.backup import shelf as shelves
from tui.panes.backup.book import Book, read_cells
from tui.panes.backup.commands import Commands
from tui.panes.backup.shelf import Shelf
from tui.panes.base import Line
from tui.widgets.live_lines import Line as Painted
from tui.widgets.prose import fit

LOOK_EVERY = 4
"""Ticks between two looks at what is being read."""


class Listing(Commands):
    """Keeps the shelf; `busy` while a dump is read."""

    shelf: Shelf | None = None
    busy = False
    _jobs: tuple[object, ...] | None = None
    _ticks = 0

    def show(self, model: Model) -> None:
        """Look again when a job of this session changed state."""
        known = tuple((job.id, job.running) for job in model.jobs.values())
        if known != self._jobs:
            self._jobs = known
            self.do_reload()

    def do_reload(self) -> None:
        self.run_worker(self._read_shelf(), group="shelf", exclusive=True)

    async def _read_shelf(self) -> None:
        found = await asyncio.to_thread(shelves.read_shelf, self.wattbench.host.store.backups)
        self.shelf = found
        self.paint_shelf()

    def paint_shelf(self) -> None:
        width = self.size.width
        if self.shelf is None or not self.shelf.rows:
            said = "The folder is looked through." if self.shelf is None else (
                "No backups yet. The Flash pane (1) makes one; o opens any dump by its path."
            )  # fmt: skip
            self.query_one("#columns", Line).say(Content(fit(said, width)))
        else:
            self.query_one("#columns", Line).say(Content(shelves.header(width)))
        self.shelf_table.show_rows(self.shelf.rows if self.shelf is not None else [])

    def paint_backup(self, name: str, part: int, here: bool) -> Painted:
        if self.shelf is None:
            return ()
        width = max(self.size.width - 1, 10)
        return shelves.paint(self.shelf, name, part, width, here=here)

    def tick(self) -> None:
        """Follow what is being read."""
        self._ticks += 1
        if self._ticks % LOOK_EVERY or self.screen is not self.app.screen:
            return
        if self.book is None:
            self._look_at_parts()
        elif self.book.cells:
            self._follow(self.book)

    def _look_at_parts(self) -> None:
        if self.shelf is None:
            return
        parts = shelves.read_parts(self.wattbench.host.store.backups)
        if parts == self.shelf.parts:
            return
        ended = self.shelf.parts.keys() - parts.keys()
        self.shelf = Shelf(self.shelf.items, parts)
        self.paint_shelf()
        if ended:
            self.do_reload()

    def _follow(self, book: Book) -> None:
        """Take in what was read meanwhile; open the finished file when there is one."""
        path = book.opened.path
        if path.exists():
            if read_cells(path) != book.cells and not self.busy:
                self.open(path, again=True)
            return
        head = path.name.removesuffix(".bin.part").rpartition("-")[0]
        root = self.wattbench.host.store.backups.root
        finished = sorted(root.glob(f"*/{head}-*.bin"))
        if finished and not self.busy:
            self.open(finished[-1], again=True)
            self.wattbench.say("The backup is finished.")
