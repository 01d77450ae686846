"""BTHome devices in the air, their values as they come

    wattbench scan --seconds 30
    wattbench scan --record walk.jsonl
    wattbench scan --replay walk.jsonl

Prints each new frame, and the devices at the end.  With --json one `advert` event for every frame
that was heard.  Ctrl-C ends it.  Bind keys come from keys.toml and --key-file.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import queue
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.lines import Bench

if TYPE_CHECKING:
    from core.air.device import Frame
    from core.air.feed import Feed, Source
    from core.air.views import DeviceView
    from core.radio.advert import Advert

Item = Any


def add(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--seconds", type=float, metavar="N", help="end after N seconds; else with Ctrl-C")
    add("--adapter", default="", metavar="A", help="the adapter, by address or name")
    add("--all", action="store_true", help="also devices that are not BTHome")
    add("--key-file", type=Path, metavar="F", help="bind keys beside keys.toml")
    add("--record", type=Path, metavar="F", help="write every advert to a new file (private)")
    add("--replay", type=Path, metavar="F", help="play a recording instead of listening")


def run(args: argparse.Namespace, bench: Bench) -> int:
    from core.air.feed import Feed, Player
    from core.air.recording import Playback
    from tui.airsource import RadioSource
    from tui.bindkeys import bind_keys

    keys = bind_keys(bench, args.key_file)
    items: queue.SimpleQueue[Item] = queue.SimpleQueue()
    store = bench.host.store
    printer = Printer(bench, began=store.now())
    source: Source
    if args.replay is not None:
        playback = Playback(args.replay)
        printer.take_date(playback.began)
        source = Player(playback, speed=0.0)
    else:
        source = RadioSource(bench.host.tools, args.adapter, persist=False, everything=args.all)
    feed = Feed(store, keys=keys, on_frame=items.put, on_advert=items.put if args.all else None)
    if args.record is not None:
        feed.record(args.record)
    stopped = asyncio.Event()

    def stop(_number: object) -> None:
        bench.host.stream(_set(stopped))

    bench.host.on_stop = stop
    future = bench.host.stream(_listen(feed, source, args.seconds, stopped))
    future.add_done_callback(lambda _f: items.put(None))
    try:
        while (item := items.get()) is not None:
            printer.item(item)
        views = future.result()
    finally:
        bench.host.on_stop = None
        recorded = feed.stop_recording()
    printer.end(feed, views, args.record, recorded)
    return 0


async def _listen(
    feed: Feed, source: Source, seconds: float | None, stopped: asyncio.Event
) -> list[DeviceView]:
    """Until the source ends, the time is over, or somebody stops it; the devices then."""
    running = asyncio.ensure_future(feed.run(source))
    waiting = asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait([running, waiting], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        return feed.table()
    finally:
        running.cancel()
        waiting.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)


async def _set(event: asyncio.Event) -> None:
    event.set()


class Printer:
    """Frames as lines and events.  The first advert is at second 0 of the date `began`."""

    def __init__(self, bench: Bench, began: datetime) -> None:
        self._out, self._began = bench.out, began
        self._zero: float | None = None
        self.frames = 0

    def take_date(self, text: str) -> None:
        """The date of a recording, if it has one."""
        with contextlib.suppress(ValueError):
            began = datetime.fromisoformat(text)
            self._began = began if began.tzinfo else began.replace(tzinfo=UTC)

    def item(self, item: Item) -> None:
        """A decoded frame, or an advert that holds none."""
        from core.air.device import Frame

        if isinstance(item, Frame):
            self._frame(item)
        else:
            self._advert(item)

    def _when(self, advert: Advert) -> tuple[float, str]:
        if self._zero is None:
            self._zero = advert.time
        t = round(advert.time - self._zero, 3)
        try:
            date = (self._began + timedelta(seconds=t)).astimezone(UTC)
        except OverflowError:
            return t, ""
        return t, date.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _frame(self, frame: Frame) -> None:
        from core.air.export import frame_json
        from core.air.numbers import Relation
        from tui.verbs.bthome import packet_line

        self.frames += 1
        t, date = self._when(frame.advert)
        self._out.object({"event": "advert", "t": t, **frame_json(frame, date)})
        if frame.relation is not Relation.REPEAT:
            name = frame.advert.name or frame.advert.address
            notes = [note for note in frame.notes if note not in frame.packet.notes]
            if frame.relation not in (Relation.FIRST, Relation.NEXT, Relation.FREE):
                notes.insert(0, str(frame.relation))
            if frame.lost:
                notes.append(f"{frame.lost} lost")
            said = f"  [{', '.join(notes)}]" if notes else ""
            self._out.text(
                f"{t:8.1f}  {frame.advert.rssi:4d} dBm  {name}  {packet_line(frame.packet)}{said}"
            )

    def _advert(self, advert: Advert) -> None:
        from core.air.names import who
        from core.bthome.packet import UUIDS

        if any(uuid in UUIDS for uuid in advert.service_data):
            return  # comes as a frame
        t, date = self._when(advert)
        kind = who(advert.manufacturer_data, advert.service_data)
        self._out.object(
            {"event": "advert", "t": t, "time": date, "address": advert.address,
             "name": advert.name, "rssi": advert.rssi, "version": 0, "encrypted": False,
             "counter": None, "packet_id": None, "kind": kind, "readings": [], "notes": []}
        )  # fmt: skip

    def end(self, feed: Feed, views: list[DeviceView], record: Path | None, recorded: int) -> None:
        """The devices, and the result."""
        for view in views:
            if view.bthome:
                self._out.text(_row(view))
        devices = sum(view.bthome for view in views)
        summary = f"{self.frames} frames of {devices} BTHome devices"
        result: dict[str, object] = {
            "summary": summary,
            "adverts": feed.air.heard,
            "frames": self.frames,
            "dropped_devices": feed.air.evicted,
            "devices": [view.to_json() for view in views],
        }
        if record is not None:
            result |= {"file": str(record), "recorded": recorded}
            summary += f"; {recorded} adverts in {record}"
        self._out.result(result, [summary])


def _row(view: DeviceView) -> str:
    values = "  ".join(f"{v.reading.quantity} {v.reading.text}" for v in view.values)
    if view.no_poll:
        values = "no poll yet"
    marks = "".join(f"  ! {mark.text}" for mark in view.marks)
    return (
        f"{view.address}  {view.name or '-'}  {view.key.text}  {view.rssi_mean:.0f} dBm"
        f"  {view.per_minute:.0f}/min  {values}{marks}"
    )
