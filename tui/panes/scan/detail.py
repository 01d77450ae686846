"""One device in full: every kind of frame byte by byte, numbers, key, history."""

from __future__ import annotations

from core.air.views import DetailView, QuantityView, StreamView
from core.bthome.reading import Packet, Reading, State
from tui.panes.scan.rows import KEY_LOOKS
from tui.panes.scan.words import age, cell, pace, sparkline, strength
from tui.text import clean, duration
from tui.widgets.live_lines import Line
from tui.widgets.prose import fit, fold

BYTES_WIDE = 20
NOTHING: Line = ()
STATES = {
    State.NO_KEY: "encrypted; press k to enter its key",
    State.REFUSED: "does not open with this key",
    State.NO_MAC: "encrypted; the sender's address is not known",
    State.BROKEN: "not readable",
}


def detail_lines(view: DetailView, now: float, width: int, *, plain: bool) -> list[Line]:
    """The lines of the detail view."""
    lines = _head(view, now, width, plain=plain)
    for stream in view.streams:
        lines += _stream(stream, now, width, plain=plain)
    if not view.streams and not view.device.bthome:
        lines.append(((" Not BTHome: nothing to decode here.", "faint"),))
    return lines


def _head(view: DetailView, now: float, width: int, *, plain: bool) -> list[Line]:
    device = view.device
    kind = f"BTHome v{device.version}" if device.bthome else device.who
    name = clean(device.name) or "no name heard"
    room = width - len(device.address) - len(kind) - 6
    lines: list[Line] = [
        ((f" {device.address}  ", "strong"), (cell(name, max(room, 4)), ""), (f"  {kind}", "")),
        (
            (f" {strength(device.rssi_mean, plain=plain)} {device.rssi} dBm", ""),
            (f" (mean {device.rssi_mean:.0f})  {pace(device.per_minute)}/min  ", ""),
            (f"{device.count} frames, {device.lost} lost  ", ""),
            (f"since {duration(now - device.since)}  seen {age(now - device.time)}", ""),
        ),
    ]
    spark = sparkline(view.rssi, min(60, width - 12), plain=plain)
    if spark:
        lines.append(((" dBm 15 min ", "faint"), (spark, "")))
    silent = device.absence(now)
    if silent:
        lines.append(((fit(f" {silent}", width), "warn"),))
    if device.key.sentence:
        look = KEY_LOOKS.get(device.key.verdict, "")
        lines += [((f" {text}", look),) for text in fold(device.key.sentence, width - 2)]
    if device.no_poll:
        lines.append(
            ((" no poll yet: the module has not read its meter since it started", "warn"),)
        )
    for mark in device.marks:
        times = f" ({mark.count} times)" if mark.count > 1 else ""
        text = f"{mark.text}{times}, {duration(now - mark.time)} ago"
        lines += [((f" ! {part}", "warn"),) for part in fold(text, width - 4)]
    for note in device.notes:
        lines += [((f" - {part}", "faint"),) for part in fold(note, width - 4)]
    return lines


def _stream(stream: StreamView, now: float, width: int, *, plain: bool) -> list[Line]:
    packet = stream.packet
    said = [f"{stream.uuid:04X}"]
    if packet.counter is not None:
        said.append(f"counter {packet.counter}")
    if packet.packet_id is not None:
        said.append(f"id {packet.packet_id}")
    said += [f"{stream.count} frames", str(stream.relation), f"seen {age(now - stream.time)}"]
    if stream.lost:
        said.append(f"{stream.lost} lost")
    lines: list[Line] = [
        NOTHING,
        ((fit(f" {stream.kind}", width // 2), "strong"), (f"  {', '.join(said)}", "")),
    ]
    lines += _hex(" raw    ", stream.data, width)
    if packet.nonce:
        lines.append(((f" nonce  {_nonce(packet)}", "faint"),))
    if packet.state in STATES:
        lines.append(((f" {STATES[packet.state]}", "warn"),))
        return lines
    by_place = {(q.reading.id, q.reading.instance): q for q in stream.quantities}
    for reading in packet.readings:
        quantity = by_place.get((reading.id, reading.instance))
        lines += _reading(packet, reading, quantity, now, width, plain=plain)
    return lines


def _reading(
    packet: Packet,
    reading: Reading,
    quantity: QuantityView | None,
    now: float,
    width: int,
    *,
    plain: bool,
) -> list[Line]:
    """The bytes of one object and what they mean, and how it went."""
    raw = packet.plain[reading.at : reading.at + reading.size].hex(" ")
    name = f"{reading.quantity.replace('_', ' ')} {reading.instance}"
    lines: list[Line] = [
        (
            (f"  {cell(raw, BYTES_WIDE)} ", "faint"),
            (cell(name, 18), ""),
            (fit(clean(reading.text), max(width - BYTES_WIDE - 22, 8)), "strong"),
        )
    ]
    if quantity is None or quantity.least is None or quantity.most is None:
        return lines
    span = f"{quantity.least:g} to {quantity.most:g}, changed {age(now - quantity.changed)}"
    if quantity.total is not None:
        span += f", total {quantity.total:.3f} {reading.unit}"
    spark = sparkline(quantity.series, min(60, width - 42), plain=plain)
    lines.append((("  ", ""), (cell(span, 38), "faint"), (f" {spark}", "")))
    return lines


def _hex(label: str, data: bytes, width: int) -> list[Line]:
    each = max((width - len(label) - 1) // 3, 8)
    rows = [data[at : at + each].hex(" ") for at in range(0, min(len(data), each * 4), each)]
    return [
        (((label if not number else " " * len(label)) + row, "faint"),)
        for number, row in enumerate(rows or [""])
    ]


def _nonce(packet: Packet) -> str:
    """Address, service, information byte and counter, as they go into the nonce."""
    nonce = packet.nonce
    parts = (nonce[:6], nonce[6:8], nonce[8:-4], nonce[-4:])
    return " ".join(part.hex() for part in parts if part)
