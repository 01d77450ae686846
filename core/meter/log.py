"""The module's log as it comes over the air: fragments to lines, without the key it prints.

Source: meter sheet 2.4, 6.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from core.meter.wire import LogPiece

LONGEST = 400
"""Bytes of a line that are kept; the module's own lines are far shorter."""
HIDDEN = "(not shown)"
_KEY_WORD = re.compile(r"(?i)(bind ?key\s*-?\s*).*")
_KEY_END = re.compile(r'[0-9A-Fa-f]+"')
_LONG_HEX = re.compile(r"[0-9A-Fa-f]{12,}")


class LogText:
    """Puts fragments together.  Each comes twice; the first one of a connection is an old one."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._line = b""

    def add(self, piece: LogPiece) -> list[str]:
        """The lines that are complete with this fragment."""
        if piece.number == self._last:
            return []
        first, self._last = self._last is None, piece.number
        if first:
            return []
        *whole, rest = (self._line + piece.text).replace(b"\r", b"\n").split(b"\n")
        self._line = rest[-LONGEST:]
        return [told for told in map(line_of, whole) if told]


def line_of(data: bytes) -> str:
    """A line for people: printable, and with every key left out."""
    text = data[:LONGEST].decode("ascii", "replace")
    text = "".join(c if c.isprintable() else "?" for c in text).strip()
    if " pkt: 0x" in text:
        return text
    text = _KEY_WORD.sub(rf"\1{HIDDEN}", text)
    text = _KEY_END.sub(HIDDEN, text)
    return _LONG_HEX.sub(lambda found: _keep_or_hide(found[0]), text)


def _keep_or_hide(run: str) -> str:
    """A serial number is short and all digits; the rest of a key is neither."""
    return run if run.isdigit() and len(run) <= 16 else HIDDEN


RELEASED = "Reset whitelist"
REBOOT_ARMED = "Reset is enabled after disconnection"

TROUBLES = {
    "Invalid device address": "something answered with another address",
    "Wrong CRC": "answers came, but damaged: the optical head is out of place or dirty",
    "Not a complete response": "answers came cut off: the optical head is out of place or dirty",
    "Wrong unstuffing": "answers came, but damaged: the optical head is out of place or dirty",
    "Response timed out": "nothing came back from the meter",
    "Unknown response format": "something answered in another way: another kind of meter",
    "three-phase": "the meter has three phases, which this firmware does not read",
}
"""Lines of a poll that went wrong -> what they mean for the technician."""


READ = re.compile(r"(tariff3|power|volts): ?\d")


ASKED = ("New device address", "New device type")
"""Lines that a command writes just before the poll that it makes."""


def newest_poll(lines: Iterable[str]) -> list[str]:
    """The lines of the poll that the last command made.  Lines come late, so those of an earlier
    poll may stand before them; empty when the poll's beginning has not come."""
    found = list(lines)
    starts = [at for at, line in enumerate(found) if line.startswith(ASKED)]
    return found[starts[-1] + 1 :] if starts else []


def polled(lines: Iterable[str]) -> bool:
    """Whether a poll of the meter ended, with values or in trouble."""
    found = list(lines)
    return any(READ.search(line) for line in found) or bool(trouble(found))


def trouble(lines: Iterable[str]) -> str:
    """What the newest telling line means; empty when none tells."""
    for line in reversed(list(lines)):
        for mark, meaning in TROUBLES.items():
            if mark in line:
                return meaning
    return ""
