"""The live strip: who the device is, what it measures, and how that went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from core.openbk.metering import four
from core.openbk.watch import Sample, Trend
from tui.panes.openbk.sheet import Sheet
from tui.text import duration

JUST_NOW = "just now"
BARS = "▁▂▃▄▅▆▇█"


def local_time(when: str) -> str:
    """A time of the store as a person here reads it: to the minute, in local time."""
    try:
        return f"{datetime.fromisoformat(when).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError):  # no date: "just now", or written by hand
        return when


def who_line(sheet: Sheet, *, reading: bool) -> str:
    """Name, address, MAC, chip and version, and how old the form is."""
    if not sheet.host:
        return sheet.nobody
    if sheet.device is not None:
        d = sheet.device
        parts = [d.name, sheet.host, d.mac or "no MAC", d.chip, d.info.version]
    else:
        parts = [sheet.base.names.short or "", sheet.host, sheet.mac]
    if reading:
        cached = sheet.known and sheet.device is None
        parts.append(f"kept {local_time(sheet.when)}, reading" if cached else "reading")
    elif sheet.device is None and sheet.known:
        parts.append(f"kept {local_time(sheet.when)}")
    return "  ".join(part for part in parts if part)


def values_line(sample: Sample | None) -> str:
    """Readings, relays and state of the newest look."""
    if sample is None:
        return ""
    if sample.fault is not None:
        return f"{sample.fault.code}: {sample.fault.what}"
    parts = [*_energy(sample)]
    parts += [f"{_relay(name)} {'on' if on else 'off'}" for name, on in sample.relays]
    if sample.safe_mode:
        parts.append("SAFE MODE")
    if sample.restarted:
        parts.append("RESTARTED")
    return "  ".join(part for part in parts if part)


def job_line(live: Mapping[str, Any], title: str) -> str:
    """What a job that has the device for itself shows of its readings, and what it does with
    them: how long a mean still takes, and how far its readings are apart."""
    units = (("voltage", "V"), ("current", "A"), ("power", "W"))
    parts = [f"{four(live[name])} {unit}" for name, unit in units if name in live]
    if "doing" not in live:
        return "  ".join([*parts, f"live view waits for: {title}"])
    doing = [str(live["doing"])]
    if "left" in live:
        doing.append(f"{live['left']:.0f} s left")
    if "spread" in live:
        doing.append(f"spread {100 * live['spread']:.1f} %")
    return "  ".join([*parts, ", ".join(doing)])


def _relay(name: str) -> str:
    """ "POWER2" -> "relay 2"."""
    number = name.removeprefix("POWER")
    return f"relay {number}" if number else "relay"


def _energy(sample: Sample) -> Iterable[str]:
    e = sample.energy
    if e is None:
        return ()
    values = ((e.voltage, "{:.1f} V"), (e.current, "{:.3f} A"), (e.power, "{:.1f} W"),
              (e.factor, "PF {:.2f}"), (e.total, "{:.0f} Wh"))  # fmt: skip
    return (form.format(value) for value, form in values if value is not None)


def trend_line(trend: Trend, sample: Sample | None, width: int) -> str:
    """The power over the last looks, then uptime, signal, MQTT, heap and drivers."""
    if sample is None or sample.fault is not None:
        return ""
    parts = []
    if trend.watts:
        room = 16 if width < 120 else 40
        parts.append(f"W {spark(list(trend.watts)[-room:])}")
        if width >= 120:
            parts.append(f"V {spark(list(trend.volts)[-20:])}")
            parts.append(f"A {spark(list(trend.amperes)[-20:])}")
    parts.append(f"up {duration(sample.uptime)}")
    parts.append(f"{sample.signal} dBm" if sample.signal is not None else "")
    parts.append(f"MQTT {sample.mqtt}" if sample.mqtt else "")
    parts.append(f"heap {sample.heap}" if sample.heap else "")
    parts.append(", ".join(sample.drivers))
    return "  ".join(part for part in parts if part)


def spark(values: list[float]) -> str:
    """The values as bars between the lowest and the highest of them."""
    low, high = min(values), max(values)
    if high - low <= 0.01 * max(abs(high), 1e-9):
        return BARS[0 if not high else 3] * len(values)
    return "".join(BARS[round((v - low) / (high - low) * (len(BARS) - 1))] for v in values)


def since_line(paths: list[str], before: str) -> str:
    """What somebody else changed since the configuration that was kept."""
    more = f" and {len(paths) - 6} more" if len(paths) > 6 else ""
    since = "it was read" if before == JUST_NOW else local_time(before)
    return f"Changed on the device since {since}: {', '.join(paths[:6])}{more}."
