"""What the keys of the Scan pane do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from textual.widgets import Input

from core.air.export import table_csv, table_json
from core.air.feed import Feed
from core.air.keystate import KeyState
from core.air.views import DeviceView
from core.fault import FaultError
from core.store.clock import stamp
from tui.panes.base import BasePane
from tui.panes.scan.keydialog import KeyDialog, Moved
from tui.panes.scan.order import SORTS
from tui.panes.scan.words import short_name
from tui.widgets.dialog import PickDialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.air.feed import Snapshot
    from tui.panes.scan.watch import Watch

FOLDER = "air"
"""Recordings, walks, exports and copies lie in this folder of the data folder."""


class Commands(BasePane):
    """The `do_` of every action; the pane has the rest."""

    snapshot: Snapshot | None
    views: dict[str, DeviceView]
    everything: bool
    paused: bool
    sort: str
    words: str

    if TYPE_CHECKING:

        @property
        def shown(self) -> str: ...

        @property
        def selected(self) -> str: ...

        def front(self, name: str) -> None: ...

        def repaint(self) -> None: ...

        def hold(self, still: bool) -> None: ...

        def ready(self) -> Watch: ...

    # -- the table ---------------------------------------------------------------------------

    def do_filter(self) -> None:
        line = self.query_one("#filter", Input)
        self.front("table")
        line.display = line.can_focus = True
        self.screen.set_focus(line)
        self.pane_screen.keys_changed()

    def close_filter(self) -> None:
        """The filter stays; its line goes when it is empty."""
        line = self.query_one("#filter", Input)
        line.display, line.can_focus = bool(line.value), False
        self.front("table")

    def do_everything(self) -> None:
        self.everything = on = not self.everything
        self.ready().ask(lambda feed: feed.hear_everything(on), _nothing, self.wattbench.say)
        self.repaint()
        self.wattbench.say("Everything in the air." if on else "BTHome devices only.")

    def do_sort(self) -> None:
        self.sort = SORTS[(SORTS.index(self.sort) + 1) % len(SORTS)]
        self.repaint()
        self.wattbench.say(f"Sorted by: {self.sort}")

    def do_pause(self) -> None:
        self.hold(not self.paused)

    def do_pin(self) -> None:
        view = self.chosen_view()
        if view is not None:
            address, pinned = view.address, not view.pinned
            self.ready().ask(lambda feed: feed.air.pin(address, pinned), _nothing, _nothing)

    def chosen_view(self) -> DeviceView | None:
        """The device that the keys act on; says so when there is none."""
        view = self.views.get(self.selected)
        if view is None:
            self.wattbench.say("No device is chosen.")
        return view

    # -- detail and back -----------------------------------------------------------------------

    def do_open(self) -> None:
        if self.shown != "table":
            self.front("table")
        elif self.chosen_view() is not None:
            self.front("detail")

    def go_back(self) -> None:
        """Esc: back to the table; in the table, drop the filter."""
        if self.shown == "walk":
            self._end_walk()
        elif self.shown == "table" and self.words:
            self.query_one("#filter", Input).value = ""
            self.close_filter()
            return
        self.front("table")

    def do_meter(self) -> None:
        from tui.panes.meter.pane import open_with

        view = self.chosen_view()
        if view is not None:
            self.call_later(open_with, self.wattbench, view.address)

    # -- keys ----------------------------------------------------------------------------------

    def do_key(self) -> None:
        view = self.chosen_view()
        if view is None:
            return
        address = view.address
        watch = self.ready()

        def attempt(raw: bytes, then: Callable[[KeyState | None], None]) -> None:
            watch.ask(lambda feed: feed.air.try_key(address, raw), then, self.wattbench.say)

        def dropped(_state: KeyState | None) -> None:
            self.wattbench.say(f"The key of {address} is forgotten.")

        def moved(state: KeyState | None) -> None:
            self.wattbench.say(f"The key has moved here. {state.sentence if state else ''}")

        def entered(raw: bytes | Moved | None) -> None:
            if isinstance(raw, Moved):
                old = str(raw)
                watch.ask(lambda feed: feed.move_key(old, address), moved, self.wattbench.say)
            elif raw is not None:
                then = self._kept if raw else dropped
                watch.ask(lambda feed: feed.keep_key(address, raw), then, self.wattbench.say)

        title = f"{short_name(view)} {address}"
        self.app.push_screen(KeyDialog(title, attempt, self._stray_key(view)), entered)

    def _stray_key(self, view: DeviceView) -> str:
        """The address of a kept key whose device is not heard, where this meter has none: a chip
        that was erased elsewhere comes back under a new address."""
        kept = self.wattbench.host.store.keys.bind_keys
        if not view.meter or view.address in kept:
            return ""
        return next((address for address in sorted(kept) if address not in self.views), "")

    def _kept(self, state: KeyState | None) -> None:
        self.wattbench.say(f"Kept. {state.sentence}" if state is not None else "Kept.")

    # -- recording and playing -------------------------------------------------------------------

    @property
    def _folder(self) -> Path:
        return self.wattbench.host.store.home / FOLDER

    def _path(self, kind: str, ending: str) -> Path:
        store = self.wattbench.host.store
        name = f"{stamp(store.now())}-{kind}"
        path = self._folder / f"{name}{ending}"
        number = 2
        while path.exists():
            path = self._folder / f"{name}-{number}{ending}"
            number += 1
        return path

    def do_record(self) -> None:
        snapshot = self.snapshot
        if snapshot is not None and snapshot.recording:
            path = snapshot.recording
            self.ready().ask(
                Feed.stop_recording,
                lambda count: self.wattbench.say(f"{count} adverts in {path}"),
                self.wattbench.say,
            )
            return
        new = self._path("air", ".jsonl")
        self.ready().ask(
            lambda feed: feed.record(new),
            lambda _none: self.wattbench.say(f"Records into {new}"),
            self.wattbench.say,
        )

    def do_play(self) -> None:
        files = sorted(self._folder.glob("*.jsonl"), reverse=True)
        choices = [("", "the radio"), *((str(path), path.name) for path in files)]

        def picked(value: str | None) -> None:
            if value is None:
                return
            if value:
                try:
                    self.ready().play(Path(value))
                except FaultError as error:
                    self.wattbench.say(f"{error.fault.code}: {error.fault.what}")
            else:
                self.ready().listen_again()
            self.front("table")

        self.app.push_screen(PickDialog("Play a recording, or listen to:", choices), picked)

    # -- taking away -----------------------------------------------------------------------------

    def do_export(self) -> None:
        if self.shown == "detail":
            self._copy()
            return
        store = self.wattbench.host.store
        paths = self._path("table", ".csv"), self._path("table", ".json")

        def save(views: list[DeviceView]) -> None:
            for path, text in zip(paths, (table_csv(views), table_json(views)), strict=True):
                store.files.write(path, text.encode(errors="replace"))
            self.wattbench.say(f"{len(views)} devices in {paths[0]} and .json")

        self.ready().ask(Feed.table, save, self.wattbench.say)

    def _copy(self) -> None:
        view = self.chosen_view()
        if view is None:
            return
        text = json.dumps(view.to_json(), indent=1)
        path = self._path(f"device-{view.address.replace(':', '').lower()[:32]}", ".json")
        self.wattbench.host.store.files.write(path, f"{text}\n".encode(errors="replace"))
        self.app.copy_to_clipboard(text)
        self.wattbench.say(f"Copied, also to {path}")

    # -- the walk test -----------------------------------------------------------------------------

    def do_walk(self) -> None:
        view = self.chosen_view()
        if view is None or self.shown == "walk":
            return
        address = view.address
        self.ready().ask(lambda feed: feed.start_walk(address), _nothing, _nothing)
        self.front("walk")

    def end_place(self) -> None:
        if self.shown == "walk":
            self.ready().ask(Feed.take_place, _nothing, _nothing)

    def close_door(self) -> None:
        if self.shown != "walk":
            return
        path = self._path("walk", ".json")

        def save(record: dict[str, object] | None) -> None:
            if record is not None:
                text = json.dumps(record, indent=1)
                self.wattbench.host.store.files.write(path, f"{text}\n".encode())
                self.wattbench.say(f"The walk is in {path}")

        self.ready().ask(Feed.close_door, save, self.wattbench.say)

    def _end_walk(self) -> None:
        self.ready().ask(Feed.end_walk, _nothing, _nothing)


def _nothing(_value: object) -> None:
    """Nobody waits for this answer."""
