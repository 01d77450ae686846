"""Which devices are shown, and in which order."""

from __future__ import annotations

from collections.abc import Iterable

from core.air.views import DeviceView
from tui.panes.scan.words import short_name

SORTS = ("first heard", "strength", "name", "frames", "last seen")


def chosen(views: Iterable[DeviceView], *, everything: bool, words: str) -> list[DeviceView]:
    """The devices to show: BTHome only or everything, and those that a filter finds."""
    wanted = words.lower().split()
    return [
        view
        for view in views
        if (everything or view.bthome or view.meter or view.pinned)
        and (not wanted or all(word in haystack(view) for word in wanted))
    ]


def haystack(view: DeviceView) -> str:
    """What a filter looks in."""
    quantities = " ".join({v.reading.quantity for v in view.values})
    kind = "meter" if view.meter else "bthome" if view.bthome else ""
    parts = (view.address, view.name, view.who, kind, view.key.text, quantities)
    return " ".join(parts).lower()


def ordered(views: list[DeviceView], sort: str) -> list[DeviceView]:
    """Pinned first, then meters, then other BTHome, then the rest; by `sort` among equals."""
    return sorted(views, key=lambda view: (*_rank(view), *_by(view, sort), view.address))


def _rank(view: DeviceView) -> tuple[bool, bool, bool]:
    return (not view.pinned, not view.meter, not view.bthome)


def _by(view: DeviceView, sort: str) -> tuple[object, ...]:
    if sort == "strength":
        return (-round(view.rssi_mean / 5),)  # steps, or rows would change places all the time
    if sort == "name":
        return (short_name(view).lower(),)
    if sort == "frames":
        return (-round(view.per_minute, -1),)
    if sort == "last seen":
        return (-round(view.time / 5),)
    return (view.since,)
