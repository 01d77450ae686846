"""The walk test as text: large RSSI, loss, the places so far."""

from __future__ import annotations

from core.air.views import DeviceView
from core.air.walk import DOOR_CLOSED, Sample, Walk
from tui.panes.scan.words import cell, short_name, sparkline
from tui.widgets.live_lines import Line

DIGITS = {
    "0": ("███", "█ █", "█ █", "█ █", "███"),
    "1": (" █ ", "██ ", " █ ", " █ ", "███"),
    "2": ("███", "  █", "███", "█  ", "███"),
    "3": ("███", "  █", "███", "  █", "███"),
    "4": ("█ █", "█ █", "███", "  █", "  █"),
    "5": ("███", "█  ", "███", "  █", "███"),
    "6": ("███", "█  ", "███", "█ █", "███"),
    "7": ("███", "  █", "  █", "  █", "  █"),
    "8": ("███", "█ █", "███", "█ █", "███"),
    "9": ("███", "█ █", "███", "  █", "███"),
    "-": ("   ", "   ", "███", "   ", "   "),
}
TALL = 5
LOOKS = {"good": "good", "fair": "", "poor": "bad", "nothing heard": "bad"}


def walk_lines(
    walk: Walk, view: DeviceView | None, now: float, width: int, *, plain: bool
) -> list[Line]:
    """The lines of the walk test."""
    name = short_name(view) if view is not None else walk.address
    here = walk.here
    silent = now - walk.heard >= 3
    lines: list[Line] = [((f" Walk test: {name}  {walk.address}", "strong"),), ()]
    number = "---" if walk.rssi is None or silent else str(walk.rssi)
    sign = "#" if plain else "█"
    said = _said(here, now)
    for row in range(TALL):
        big = "  ".join(DIGITS[digit][row] for digit in number).replace("█", sign)
        lines.append(((cell(f"   {big}", 26), "bad" if silent else "strong"), (said[row], "")))
    spark = sparkline(walk.series(now), min(60, width - 10), plain=plain)
    lines += [(), ((" weakest ", "faint"), (spark, "")), ()]
    lines.append(
        ((_columns("place", "seconds", "frames", "min", "mean", "max", "lost", ""), "head"),)
    )
    for sample in (*walk.samples, here):
        running = sample is here
        if running and walk.finished:
            continue
        lines.append(_row(sample, now, running=running))
    lines.append(())
    if walk.finished:
        lines.append(((" Done. Esc leaves; the walk is in the data folder.", "good"),))
    else:
        lines.append(((" Space: this place is done.  z: the door is closed, last sample.", ""),))
        lines.append(
            ((f" The test is complete only with '{DOOR_CLOSED}'.  A bell: lost.", "faint"),)
        )
    return lines


def _said(here: Sample, now: float) -> tuple[str, ...]:
    mean, loss = here.mean, here.loss
    return (
        f"{here.name}",
        f"min {here.least}  mean {mean:.0f}  max {here.most} dBm" if mean is not None else "no dBm",
        f"{here.per_minute(now):.0f} frames/min",
        f"lost {here.lost} of {here.lost + here.numbered} numbered"
        + (f" ({100 * loss:.0f} %)" if loss is not None else ""),
        here.verdict(),
    )


def _columns(*texts: str) -> str:
    name, *numbers, last = texts
    return f" {cell(name, 12)}" + "".join(f"{number:>8}" for number in numbers) + f"  {last}"


def _row(sample: Sample, now: float, *, running: bool) -> Line:
    record = sample.to_json(now)
    mean = sample.mean
    text = _columns(
        sample.name,
        f"{record['seconds']:.0f}",
        str(sample.count),
        str(sample.least) if sample.count else "-",
        f"{mean:.0f}" if mean is not None else "-",
        str(sample.most) if sample.count else "-",
        str(sample.lost),
        "now" if running else sample.verdict(),
    )
    return ((text, "" if running else LOOKS[sample.verdict()]),)
