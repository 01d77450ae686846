"""BTHome packets in hex: what they say

    wattbench bthome decode 4002c40903bf13
    wattbench bthome decode --mac A4:C1:38:5C:94:FA --key-file keys.toml < packets.txt

A packet is the service data of an advert after its UUID.  `181c:` or `181e:` before it says that
it is version 1, a MAC and a space before it say who sent it.  Without a packet each line of
standard input is one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.lines import Bench

if TYPE_CHECKING:
    from core.bthome.cipher import BindKey
    from core.bthome.reading import Packet
    from core.fault import FaultError

LONGEST_LINE = 1 << 16


class Line(NamedTuple):
    """One packet as it was given."""

    address: str
    uuid: int
    data: bytes


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="decode")
    decode = actions.add_parser("decode", help="read packets from the argument or from lines")
    decode.add_argument("hex", nargs="?", default="", metavar="HEX", help="one packet")
    decode.add_argument("--mac", default="", help="the address that sent them")
    decode.add_argument("--key-file", type=Path, metavar="F", help="bind keys beside keys.toml")


def run(args: argparse.Namespace, bench: Bench) -> int:
    from core.bthome.cipher import BindKey
    from core.bthome.packet import mac_bytes
    from tui.bindkeys import bind_keys

    if args.mac and mac_bytes(args.mac) is None:
        raise _bad_mac(args.mac)
    keys = {mac: BindKey(raw) for mac, raw in bind_keys(bench, args.key_file).items()}
    if args.hex:
        line = parse_line(args.hex, args.mac)
        if line is None:
            raise _bad_hex(args.hex)
        _show(bench, line, keys)
        return _end(bench, 1, 0, args.hex)
    good = bad = 0
    last = ""
    for number, text in enumerate(_lines(bench), 1):
        if not text.strip():
            continue
        line = parse_line(text, args.mac)
        if line is None:
            bad, last = bad + 1, text
            bench.out.object(
                {"event": "warning", "t": 0.0, "code": "BTHOME-HEX",
                 "text": f"Line {number} is not a packet in hex."}
            )  # fmt: skip
            bench.out.aside(f"! line {number} is not a packet in hex")
        else:
            good += 1
            _show(bench, line, keys)
    return _end(bench, good, bad, last)


def _lines(bench: Bench) -> Iterator[str]:
    """Standard input line by line; a signal ends the wait."""

    def leave(_number: object) -> None:
        raise KeyboardInterrupt

    bench.host.on_stop = leave
    try:
        while line := sys.stdin.buffer.readline(LONGEST_LINE):
            yield line.decode(errors="replace")
    finally:
        bench.host.on_stop = None


def parse_line(text: str, mac: str = "") -> Line | None:
    """`[MAC ][UUID:]HEX`; None for what is none of it."""
    from core.bthome.packet import V2, mac_bytes

    address, found = mac, V2
    words = text.split()
    if len(words) > 1 and ":" in words[0] and mac_bytes(words[0]) is not None:
        address, words = words[0], words[1:]
    body = "".join(words).removeprefix("0x")
    uuid, colon, rest = body.partition(":")
    try:
        if colon:
            found, body = int(uuid, 16) & 0xFFFF, rest
        data = bytes.fromhex(body)
    except ValueError:
        return None
    return Line(address.upper(), found, data) if data else None


def _show(bench: Bench, line: Line, keys: dict[str, BindKey]) -> None:
    from core.bthome.packet import decode, mac_bytes

    mac = mac_bytes(line.address)
    key = keys.get(":".join(f"{byte:02X}" for byte in mac)) if mac else None
    packet = decode(line.uuid, line.data, mac, key)
    bench.out.object(advert_event(line, packet))
    bench.out.text(packet_line(packet))


def advert_event(line: Line, packet: Packet) -> dict[str, Any]:
    """A packet without a radio, as the `advert` event."""
    from core.air.meters import frame_kind

    return {
        "event": "advert",
        "t": 0.0,
        "time": None,
        "address": line.address,
        "name": "",
        "rssi": None,
        "version": packet.version,
        "encrypted": packet.encrypted,
        "counter": packet.counter,
        "packet_id": packet.packet_id,
        "kind": frame_kind(packet.ids),
        "state": str(packet.state),
        "readings": [reading.to_json() for reading in packet.readings],
        "notes": list(packet.notes),
    }


def packet_line(packet: Packet) -> str:
    """A packet for people, on one line."""
    parts = [f"v{packet.version}", _STATES.get(str(packet.state), str(packet.state))]
    if packet.counter is not None:
        parts.append(f"counter {packet.counter}")
    counts: dict[int, int] = {}
    for number in packet.ids:
        counts[number] = counts.get(number, 0) + 1
    for reading in packet.readings:
        place = f" {reading.instance}" if counts[reading.id] > 1 else ""
        parts.append(f"{reading.quantity.replace('_', ' ')}{place} {reading.text}")
    notes = f"  ({'; '.join(packet.notes)})" if packet.notes else ""
    return "  ".join(parts) + notes


_STATES = {
    "opened": "key ok",
    "refused": "key wrong or packet damaged",
    "no mac": "encrypted: say with --mac who sent it",
    "no key": "encrypted: no key for this address",
    "broken": "not readable",
}


def _end(bench: Bench, good: int, bad: int, last: str) -> int:
    if bad and not good:
        raise _bad_hex(last)
    summary = f"{good} packets" + f", {bad} lines were none" * bool(bad)
    bench.out.result({"summary": summary, "packets": good, "bad": bad})
    if bad:
        bench.out.aside(f"{summary}.")
    return 0


def _bad_hex(text: str) -> FaultError:
    from core.bthome import faults

    return faults.HEX(
        what=f"{text.strip()[:60]!r} is not a packet in hex.",
        cause="A digit is missing or mistyped, or this is something else.",
        next="Give the service data after the UUID, as in 4002c40903bf13.",
    )


def _bad_mac(text: str) -> FaultError:
    from core.bthome import faults

    return faults.MAC(
        what=f"{text[:60]!r} is not a MAC address.",
        cause="A digit is missing or mistyped.",
        next="Write it as A4:C1:38:5C:94:FA.",
    )
