"""The Scan pane: table, detail and walk test over the newest snapshot of the air."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import ContentSwitcher, Input

from core.air.feed import Feed, Snapshot
from core.air.views import DetailView, DeviceView
from core.fault import Fault
from tui.model import Model
from tui.panes.base import BasePane, Line
from tui.panes.scan.commands import Commands
from tui.panes.scan.detail import detail_lines
from tui.panes.scan.order import SORTS, chosen, ordered
from tui.panes.scan.rows import header, height, line
from tui.panes.scan.source import radio_source
from tui.panes.scan.walking import walk_lines
from tui.panes.scan.watch import Watch
from tui.panes.scan.words import pace
from tui.text import clean
from tui.widgets.live_lines import Line as Painted
from tui.widgets.live_lines import LiveLines, LiveTable
from tui.widgets.prose import fit, fold

TALL = 34
"""Rows of the terminal from which the table and the detail stand one above the other."""


class Pane(Commands, BasePane):
    """Keeps cursor, filter and order; what it shows comes whole from the feed."""

    SCOPED_CSS = False  # every pane's class is called Pane; the class .scan is this one's
    DEFAULT_CSS = """
    .scan #air { height: 1; padding: 0 1; background: $panel; }
    .scan #filter { height: 1; border: none; padding: 0 1; background: $panel; display: none; }
    .scan #hint { height: auto; max-height: 4; padding: 0 1; color: $warning; display: none; }
    .scan #columns { height: 1; text-style: underline; }
    .scan #list { height: 1fr; }
    .scan #views { height: 1fr; }
    .scan #under { height: 55%; border-top: solid $primary; display: none; }
    """

    def __init__(self, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="scan")
        self.views: dict[str, DeviceView] = {}
        self.snapshot: Snapshot | None = None
        self.everything = self.paused = False
        self.sort = SORTS[0]
        self.words = ""
        self.stream: Watch | None = None
        self._rung = 0
        self._held: dict[str, DeviceView] = {}
        self._present: frozenset[str] | None = None
        self._now = 0.0
        self._still: DetailView | None = None

    def compose(self) -> ComposeResult:
        yield Line("air")
        yield Line("hint")
        yield Input(id="filter", compact=True, select_on_focus=False)
        with ContentSwitcher(id="views", initial="list"):
            with Vertical(id="list"):
                yield Line("columns")
                yield LiveTable("table", self._paint)
            yield LiveLines("detail")
            yield LiveLines("walk")
        yield LiveLines("under")

    def on_mount(self) -> None:
        line = self.query_one("#filter", Input)
        line.cursor_blink = line.can_focus = False
        self.screen.set_focus(self.table)
        self._status()
        self.call_after_refresh(self.pane_screen.keys_changed)

    @property
    def table(self) -> LiveTable:
        return self.query_one("#table", LiveTable)

    @property
    def shown(self) -> str:
        """Which view is in front: table, detail or walk."""
        name = str(self.query_one("#views", ContentSwitcher).current)
        return "table" if name == "list" else name

    def front(self, name: str) -> None:
        """Bring a view to the front."""
        self.query_one("#views", ContentSwitcher).current = "list" if name == "table" else name
        self.screen.set_focus(self.query_one(f"#{name}"))
        self._place_under()
        self.repaint()
        self.pane_screen.keys_changed()

    @property
    def state(self) -> str:
        if self.screen.focused is self.query_one("#filter"):
            return "editing"
        return {"table": "moving", "detail": "detail", "walk": "walk"}[self.shown]

    @property
    def idle(self) -> frozenset[str]:
        if self.shown == "walk":
            return frozenset({"open", "filter", "key", "everything", "sort", "walk", "pin",
                              "export", "play", "pause"})  # fmt: skip
        return frozenset()

    # -- taking in -------------------------------------------------------------------------

    def show(self, model: Model) -> None:
        """Nothing here comes from jobs."""

    def tick(self) -> None:
        """Take the newest snapshot and paint what differs."""
        watch = self.ready()
        snapshot = watch.tick()
        if snapshot is None:
            return
        if snapshot.reset:
            self.views.clear()
            self._held.clear()
        self._held.update((view.address, view) for view in snapshot.changed)
        if snapshot.present is not None:
            self._present = snapshot.present
            self._held = {a: view for a, view in self._held.items() if a in snapshot.present}
        self.snapshot = snapshot
        if not self.paused:
            self._take_held()
        if snapshot.lost != self._rung:
            if snapshot.lost > self._rung and self.shown == "walk":
                self.app.bell()
            self._rung = snapshot.lost
        self.repaint()

    def _take_held(self) -> None:
        """Show what has come since the table was held still."""
        if self._present is not None:
            for address in self.views.keys() - self._present:
                del self.views[address]
            self._present = None
        self.views |= self._held
        self._held.clear()
        if self.snapshot is not None:
            self._now = self.snapshot.now

    def hold(self, still: bool) -> None:
        """Hold the table still, or let it go on."""
        self.paused = still
        if not still:
            self._take_held()
        self.repaint()

    def ready(self) -> Watch:
        """The feed, started when the pane is first seen and kept for the life of the app."""
        if self.stream is None:
            self.stream = Watch(self.wattbench.host, radio_source)
            self.stream.start()
        return self.stream

    def on_unmount(self) -> None:
        if self.stream is not None:
            self.stream.stop()

    # -- painting --------------------------------------------------------------------------

    def repaint(self) -> None:
        """Paint what differs, of what is in front."""
        self._status()
        now, width = self._now, self.size.width
        plain = self.plain
        if self.shown == "table":
            rows = [(view.address, height(view, width)) for view in self.rows()]
            if not rows and self.snapshot is not None and self.snapshot.fault is not None:
                self._trouble(self.snapshot.fault)
            else:
                self.table.show_rows(rows)
        snapshot = self.snapshot
        detail = snapshot.detail if snapshot is not None else None
        if self.paused and self._still is not None and self._still.device.address == self.selected:
            detail = self._still
        self._still = detail
        lines: list[Painted] = []
        if detail is not None and detail.device.address == self.selected:
            lines = detail_lines(detail, now, width - 2, plain=plain)
        name = "detail" if self.shown == "detail" else "under"
        self.query_one(f"#{name}", LiveLines).show(len(lines), lines.__getitem__)
        if self.shown == "walk" and snapshot is not None and snapshot.walk is not None:
            view = self.views.get(snapshot.walk.address)
            said = walk_lines(snapshot.walk, view, now, width - 2, plain=plain)
            self.query_one("#walk", LiveLines).show(len(said), said.__getitem__)

    def _trouble(self, fault: Fault) -> None:
        """Why nothing is heard, in place of an empty table."""
        lines: list[Painted] = []
        parts = [("", f"{fault.code}: {fault.what}"), ("Cause ", fault.cause),
                 ("Next  ", fault.next), ("Type  ", " ".join(fault.command))]  # fmt: skip
        for label, text in parts:
            for number, said in enumerate(fold(text, self.size.width - 9) if text else ()):
                lines.append(((f" {'' if number else label:<7}", "strong"), (said, "")))
        self.table.show_rows([])
        self.table.show(len(lines), lines.__getitem__)

    @property
    def plain(self) -> bool:
        """Whether only plain characters are drawn."""
        return self.wattbench.glyphs.bar == "|"

    def rows(self) -> list[DeviceView]:
        """What the table shows, in order."""
        found = chosen(self.views.values(), everything=self.everything, words=self.words)
        return ordered(found, self.sort)

    def _paint(self, address: str, part: int, here: bool) -> Painted:
        view = self.views.get(address)
        if view is None:
            return ()
        width = self.size.width - (1 if self.table.show_vertical_scrollbar else 0)
        return line(view, part, self._now, width, here=here, plain=self.plain)

    @property
    def selected(self) -> str:
        """The address under the cursor."""
        return self.table.key

    def _status(self) -> None:
        width = max(self.size.width - 2, 10)
        self.query_one("#air", Line).say(Content(fit(self._said(), width)))
        ((names, _look),) = header(self.size.width)
        self.query_one("#columns", Line).say(Content(fit(names, self.size.width)))
        hint = self.snapshot.hint if self.snapshot is not None else ""
        line = self.query_one("#hint", Line)
        line.display = bool(hint) and self.shown == "table"
        line.say(Content("\n".join(fold(hint, width)[:4])))

    def _said(self) -> str:
        snapshot = self.snapshot
        if snapshot is None:
            return "The radio starts."
        if snapshot.fault is not None:
            return clean(f"{snapshot.fault.code}: {snapshot.fault.what}")
        shown = len(self.rows())
        parts = ["PAUSED"] if self.paused else []
        parts += [clean(snapshot.says), f"{shown} of {snapshot.devices} devices"]
        parts.append(f"{pace(snapshot.per_minute)}/min")
        if self.words:
            parts.append(f"filter: {clean(self.words)}")
        if self.sort != SORTS[0]:
            parts.append(f"by {self.sort}")
        if snapshot.recording:
            parts.append(f"REC {snapshot.recorded}")
        if snapshot.evicted:
            parts.append(f"{snapshot.evicted} silent ones dropped")
        return "  ".join(parts)

    # -- keys of the widgets -----------------------------------------------------------------

    @on(LiveTable.Moved)
    def _moved(self) -> None:
        address = self.selected

        def select(feed: Feed) -> None:
            feed.selected = address

        if self.stream is not None:
            self.stream.ask(select, lambda _none: None, lambda _said: None)

    @on(LiveTable.Chosen)
    def _chosen(self) -> None:
        self.do_open()

    @on(Input.Changed, "#filter")
    def _filtered(self, event: Input.Changed) -> None:
        self.words = event.value
        self.repaint()

    @on(Input.Submitted, "#filter")
    def _filter_done(self, event: Input.Submitted) -> None:
        event.stop()
        self.close_filter()

    def on_key(self, event: events.Key) -> None:
        if self.shown == "walk" and event.key in ("space", "z"):
            event.stop()
            self.end_place() if event.key == "space" else self.close_door()
        if event.key != "escape":
            return
        event.stop()
        if self.screen.focused is self.query_one("#filter"):
            self.query_one("#filter", Input).value = ""
            self.close_filter()
        else:
            self.go_back()

    def on_resize(self) -> None:
        self._place_under()
        self.repaint()

    def _place_under(self) -> None:
        tall = self.app.size.height >= TALL
        self.query_one("#under").display = tall and self.shown == "table"
