"""The module's log: a ring of text, cut into fragments that each go out twice (sheet 2.4)."""

from __future__ import annotations

FRAGMENT = 12


class Log:
    """Filled only while a central is connected and has identified itself."""

    def __init__(self, size: int) -> None:
        self._size, self._text = size, bytearray()
        self._number = 1
        self._last = self._piece(b"")
        self.on = False

    def clear(self) -> None:
        """At connect and at disconnect."""
        self._text.clear()
        self.on = False

    def add(self, line: str) -> None:
        """One line; what the ring has no room for is lost."""
        if self.on:
            self._text += line.encode("ascii", "replace") + b"\r\n"
            del self._text[: max(len(self._text) - self._size, 0)]

    def stale(self) -> bytes:
        """The fragment that was sent last, sent again after an identify."""
        return self._last

    def take(self) -> bytes | None:
        """The next fragment, or None when all was sent."""
        if not self._text:
            return None
        self._number = (self._number + 1) & 0xFF
        self._last = self._piece(bytes(self._text[:FRAGMENT]))
        del self._text[:FRAGMENT]
        return self._last

    def _piece(self, text: bytes) -> bytes:
        return bytes([0x78, self._number, 1]) + text.ljust(FRAGMENT + 1, b"\0")
