"""The RF block: radio calibration and MAC of one device, in a sector of its own.

It begins with "TLV\\0" and a length, then tagged values; the MAC is the value of tag 0x11111102.
The block is found by its content, never by the chip's name: other Beken chips keep it elsewhere.
Source: BK7231 sheet 7.1.
"""

from __future__ import annotations

import struct

from core.bkimage.flashmap import SECTOR

MAGIC = b"TLV\0"
MAC_OFFSET = 0x24
"""Of the six MAC bytes, counted from the magic."""
_ROOT_TAG = 0x11111100
_MAC_TAG = 0x11111102
_HEAD = struct.Struct("<4sI")
_ITEM = struct.Struct("<II")
_ROOT_AT = 0x08
_MAC_ITEM_AT = MAC_OFFSET - _ITEM.size


def find(dump: bytes) -> int | None:
    """Offset of the first sector that begins with an RF block holding a MAC, or None."""
    for offset in range(0, len(dump), SECTOR):
        if dump[offset : offset + 4] == MAGIC and mac_of(dump[offset : offset + SECTOR]):
            return offset
    return None


def mac_of(sector: bytes) -> bytes | None:
    """The six MAC bytes of an RF sector, first octet first; None if it is no RF block.

    A MAC of all 00, all FF or with the group bit set was never given to a device: None as well.
    """
    if len(sector) < MAC_OFFSET + 6 or sector[:4] != MAGIC:
        return None
    (root, _) = _ITEM.unpack_from(sector, _ROOT_AT)
    (tag, length) = _ITEM.unpack_from(sector, _MAC_ITEM_AT)
    if (root, tag, length) != (_ROOT_TAG, _MAC_TAG, 6):
        return None
    mac = bytes(sector[MAC_OFFSET : MAC_OFFSET + 6])
    return None if mac == bytes(6) or mac[0] & 1 else mac


def with_mac(sector: bytes, mac: bytes) -> bytes:
    """The same sector with another MAC.

    Raises ValueError if `sector` is no RF block or `mac` is not six bytes of a single device.
    """
    if mac_of(sector) is None:
        raise ValueError("not an RF block")
    if len(mac) != 6 or mac == bytes(6) or mac[0] & 1:
        raise ValueError("not the MAC of a device")
    return sector[:MAC_OFFSET] + mac + sector[MAC_OFFSET + 6 :]


def build(mac: bytes, calibration: bytes) -> bytes:
    """A whole RF sector with this MAC; `calibration` fills one further value."""
    items = (
        _ITEM.pack(0x11111101, 4)
        + bytes.fromhex("4e61bc00")
        + _ITEM.pack(_MAC_TAG, 6)
        + mac
        + _ITEM.pack(0x11111103, len(calibration))
        + calibration
    )
    body = _ITEM.pack(_ROOT_TAG, len(items)) + items
    return (_HEAD.pack(MAGIC, len(body)) + body).ljust(SECTOR, b"\xff")


def mac_text(mac: bytes) -> str:
    """The MAC as people read it: `38:1F:8D:1E:74:68`."""
    return mac.hex(":").upper()
