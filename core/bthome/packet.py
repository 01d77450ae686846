"""One service-data payload -> `Packet`.  Takes any bytes and never raises.

Frames (BTHome sheet 1, 2, 7, 8)::

    v2 plain      info byte, [MAC reversed], objects
    v2 encrypted  info byte, [MAC reversed], ciphertext, counter, MIC
    v1 plain      objects
    v1 encrypted  ciphertext, counter, MIC
"""

from __future__ import annotations

from functools import partial

from core.bthome import v1, v2
from core.bthome.cipher import MIC_BYTES, BindKey
from core.bthome.reading import Packet, State

V2, V1, V1_SEALED = 0xFCD2, 0x181C, 0x181E
_BASE = "0000{:04x}-0000-1000-8000-00805f9b34fb"
UUIDS = {_BASE.format(number): number for number in (V2, V1, V1_SEALED)}
"""Service-data keys as radios give them -> 16-bit number.  Only service *data* says v1; 181C is
also the number of a GATT service, which says nothing."""

LONGEST = 512
"""Bytes of service data that are looked at; Bluetooth itself ends at 255."""
COUNTER_BYTES = 4
MAC_BYTES = 6
ENCRYPTED, HAS_MAC, TRIGGER = 0x01, 0x02, 0x04
_TAIL = COUNTER_BYTES + MIC_BYTES
_LEAST = {1: 4, 2: 2}  # bytes of ciphertext
_V1_EXTRA = b"\x11"


_packet = partial(tuple.__new__, Packet)  # as in v2: this runs for every advert


def decode(uuid: int, data: bytes, mac: bytes | None = None, key: BindKey | None = None) -> Packet:
    """The packet in `data`, service data of the 16-bit `uuid`.

    `mac` is the sender's address, 6 bytes as it is written; without it an encrypted packet that
    does not carry its own stays closed.
    """
    too_long = len(data) > LONGEST
    if too_long:
        data = data[:LONGEST]
    if uuid == V2:
        packet = _decode_v2(data, mac, key)
    elif uuid == V1:
        packet = _read(1, State.PLAIN, False, b"", None, data, b"")
    elif uuid == V1_SEALED:
        packet = _sealed_v1(data, mac, key)
    else:
        return _broken(0, f"service data 0x{uuid:04X} is not BTHome")
    if too_long:
        return packet._replace(notes=(*packet.notes, f"only the first {LONGEST} bytes were read"))
    return packet


def _decode_v2(data: bytes, mac: bytes | None, key: BindKey | None) -> Packet:
    if not data:
        return _broken(2, "the payload is empty")
    info = data[0]
    if info >> 5 != 2:
        return _broken(info >> 5, f"version {info >> 5} of BTHome is not known")
    start, own = 1, b""
    if info & HAS_MAC:
        start = 1 + MAC_BYTES
        own = data[1:start][::-1]
        if len(own) < MAC_BYTES:
            return _broken(2, "the packet ends inside its MAC address")
    trigger = bool(info & TRIGGER)
    if not info & ENCRYPTED:
        return _read(2, State.PLAIN, trigger, own, None, data[start:], b"")
    if len(data) < start + _LEAST[2] + _TAIL:
        return _broken(2, "too short for an encrypted packet")
    sender = own or mac
    counter = data[-_TAIL:-MIC_BYTES]
    nonce = sender + b"\xd2\xfc" + data[:1] + counter if sender else b""
    sealed = data[start:-_TAIL] + data[-MIC_BYTES:]
    plain = key.open(nonce, sealed, None) if key is not None and nonce else None
    return _opened(2, trigger, own, counter, nonce, plain, key is not None)


def _sealed_v1(data: bytes, mac: bytes | None, key: BindKey | None) -> Packet:
    if len(data) < _LEAST[1] + _TAIL:
        return _broken(1, "too short for an encrypted packet")
    counter = data[-_TAIL:-MIC_BYTES]
    nonce = mac + b"\x1e\x18" + counter if mac else b""
    sealed = data[:-_TAIL] + data[-MIC_BYTES:]
    plain = key.open(nonce, sealed, _V1_EXTRA) if key is not None and nonce else None
    return _opened(1, False, b"", counter, nonce, plain, key is not None)


def _opened(
    version: int,
    trigger: bool,
    own: bytes,
    counter: bytes,
    nonce: bytes,
    plain: bytes | None,
    tried: bool,
) -> Packet:
    number = int.from_bytes(counter, "little")
    if plain is None:
        state = State.NO_MAC if not nonce else State.REFUSED if tried else State.NO_KEY
        return Packet(version, state, trigger, own, number, None, (), (), (), b"", nonce)
    return _read(version, State.OPENED, trigger, own, number, plain, nonce)


def _read(
    version: int,
    state: State,
    trigger: bool,
    own: bytes,
    counter: int | None,
    plain: bytes,
    nonce: bytes,
) -> Packet:
    found = v2.read_objects(plain) if version == 2 else v1.read_objects(plain)
    return _packet((
        version, state, trigger, own, counter, found.packet_id, tuple(found.ids),
        tuple(found.readings), tuple(found.notes), plain, nonce,
    ))  # fmt: skip


def _broken(version: int, why: str) -> Packet:
    return Packet(version, State.BROKEN, False, b"", None, None, (), (), (why,), b"", b"")


def mac_bytes(address: str) -> bytes | None:
    """The six bytes of `A4:C1:38:5C:94:FA`, in any notation; None for what is no MAC."""
    digits = "".join(c for c in address if c not in ":-. ")
    if len(digits) != 2 * MAC_BYTES:
        return None
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return None
