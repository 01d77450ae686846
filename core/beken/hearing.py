"""What comes back while linking, and what it means.  Pure: bytes and times in, a judgement out.

Source: BK7231 sheet 1.7 to 1.9; rulings P4 and P6; the programmer's answer from the TLSRPGM sheet.
"""

from __future__ import annotations

import re
from enum import StrEnum
from itertools import pairwise

from core.beken import wire

ECHO = wire.link_check().frame
LINKED = bytes.fromhex("040e0501e0fc0100")
APP_ANSWER = bytes.fromhex("040e0401e0fc00")
HEARTBEAT = b"\x55\xaa\x00\x00"
PROGRAMMER_HEADS = (b"\x00\x02\x00\x00\xa1\xe4", b"\x00\x11\x62\x55\xb9\x7e")
BANNERS = (b"V:BK7231", b"J 0x1", b"BK7238_", b"go os_addr")
KEPT = 4096
TEXT_LEAST = 8
TEXT_SHARE = 0.85
ECHO_SHARE = 0.8
EDGE_MOST = 3
"""Bytes that one edge of a slow signal can look like."""
EDGE_GAP = 0.4
EDGES_LEAST = 3
BOOT_GAP = 2.0
STEADY = 5.0
"""Seconds without a pause after which the supply was surely not interrupted."""
TRIES_BEFORE_REST = 3
"""Short boots after which a running OpenBeken must be left alone; five make its safe mode."""
_PRINTABLE = frozenset(range(0x20, 0x7F)) | {9, 10, 13}


class Kind(StrEnum):
    """What the line sounds like."""

    NOTHING = "nothing"
    ECHO = "echo"
    TEXT = "text"
    MCU = "mcu"
    RUNNING = "running"
    PROGRAMMER = "programmer"
    UNSTABLE = "unstable"
    NOISE = "noise"


class Hearing:
    """Collects what was heard; `kind` judges all of it."""

    def __init__(self) -> None:
        self.total = 0
        self.answers = 0
        self.boots = 0
        self._recent = bytearray()
        self._bursts: list[tuple[float, int]] = []
        self._first = self._last = float("-inf")

    def heard(self, data: bytes, now: float) -> None:
        """Take in `data`, which arrived at `now` (seconds)."""
        if not data:
            return
        gap = now - self._last
        self._first = now if not self.total else self._first
        self._last = now
        self.total += len(data)
        self._recent += data
        del self._recent[:-KEPT]
        if gap > EDGE_GAP or not self._bursts:
            self._bursts.append((now, len(data)))
            del self._bursts[:-32]
        else:
            began, size = self._bursts[-1]
            self._bursts[-1] = (began, size + len(data))
        starts = data.count(b"V:BK7231")
        if not starts and gap > BOOT_GAP and gap != float("inf"):
            starts = 1  # it was off and speaks again: a short boot
        self.boots += starts

    def stopped(self) -> None:
        """A right answer came, but none to the question that confirms it."""
        self.answers += 1

    @property
    def never_off(self) -> bool:
        """True when a firmware has talked on for seconds without the pause of a restart."""
        talks = self.kind in (Kind.MCU, Kind.RUNNING, Kind.TEXT)
        return talks and not self.boots and self._last - self._first >= STEADY

    @property
    def recent(self) -> bytes:
        """The last bytes heard."""
        return bytes(self._recent)

    @property
    def kind(self) -> Kind:
        """What it is, judged from everything heard so far."""
        data = self.recent
        if self.answers:
            return Kind.UNSTABLE
        if not data:
            return Kind.NOTHING
        if any(head in data for head in PROGRAMMER_HEADS):
            return Kind.PROGRAMMER
        if _share_of_echo(data) >= ECHO_SHARE:
            return Kind.ECHO
        if any(banner in data for banner in BANNERS):
            return Kind.TEXT
        if APP_ANSWER in data:
            return Kind.RUNNING
        if HEARTBEAT in data:
            return Kind.MCU
        printable = sum(byte in _PRINTABLE for byte in data)
        if len(data) >= TEXT_LEAST and printable >= TEXT_SHARE * len(data):
            return Kind.TEXT
        return Kind.RUNNING if self._slow_edges() else Kind.NOISE

    def _slow_edges(self) -> bool:
        """One edge a second, as a pin that switches slowly gives (BL0937 SEL)."""
        if len(self._bursts) < EDGES_LEAST or any(n > EDGE_MOST for _, n in self._bursts):
            return False
        times = [when for when, _ in self._bursts]
        return all(0.5 <= b - a <= 4.0 for a, b in pairwise(times))


def _share_of_echo(data: bytes) -> float:
    """How much of `data` is pieces of our own question."""
    rest = data.replace(ECHO, b"")
    cut = re.sub(rb"\A(?:\xe0\xfc\x01\x00|\xfc\x01\x00|\x01\x00|\x00)", b"", rest)
    return 1 - len(cut) / len(data)
