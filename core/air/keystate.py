"""How a device and its bind key get on: right, wrong, missing, or a radio that damages frames."""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import NamedTuple

KEPT = 12
"""Different encrypted frames that are kept of each device, to try a key on."""
WRONG_AFTER = 4
"""Refused frames in a row until a key that once fitted counts as wrong."""


class Verdict(StrEnum):
    """What the last frames say of the key."""

    NONE = ""
    PLAIN = "plain"
    NO_KEY = "no key"
    OK = "key ok"
    WRONG = "key wrong"


class KeyState(NamedTuple):
    """`opened` of `tried` different frames; fewer than tried with a good key means that the radio
    damaged the others."""

    verdict: Verdict
    opened: int = 0
    tried: int = 0

    @property
    def text(self) -> str:
        """For the table: "key wrong 0 of 12"."""
        if self.verdict is Verdict.WRONG:
            return f"{self.verdict} {self.opened} of {self.tried}"
        if self.damaged:
            return f"{self.verdict} {self.damaged} bad"
        return str(self.verdict)

    @property
    def damaged(self) -> int:
        """Frames that a good key could not open."""
        return self.tried - self.opened if self.verdict is Verdict.OK else 0

    @property
    def sentence(self) -> str:
        """What it means, for the detail view."""
        if self.verdict is Verdict.WRONG:
            return f"The key opens {self.opened} of the last {self.tried} frames: it is wrong."
        if self.damaged:
            return (
                f"The key is right; {self.damaged} of the last {self.tried} frames did not open: "
                "the radio damaged them."
            )
        return {
            Verdict.OK: f"The key opens all of the last {self.tried} frames.",
            Verdict.NO_KEY: "Encrypted, and there is no key for it.",
            Verdict.PLAIN: "Not encrypted: no key is needed.",
        }.get(self.verdict, "")


class Sealed:
    """One encrypted frame, kept so that a key can be tried at once."""

    __slots__ = ("data", "opened", "time", "uuid")

    def __init__(self, uuid: int, data: bytes, time: float, opened: bool) -> None:
        self.uuid, self.data, self.time, self.opened = uuid, data, time, opened


def judge(frames: deque[Sealed], *, has_key: bool, plain: bool) -> KeyState:
    """The verdict on the last frames of a device; `plain` if it also sends without encryption."""
    if not frames:
        return KeyState(Verdict.PLAIN if plain else Verdict.NONE)
    if not has_key:
        return KeyState(Verdict.NO_KEY)
    opened = sum(frame.opened for frame in frames)
    newest = list(frames)[-WRONG_AFTER:]
    if opened and len(newest) == WRONG_AFTER and not any(frame.opened for frame in newest):
        return KeyState(Verdict.WRONG, 0, len(newest))
    if not opened:
        return KeyState(Verdict.WRONG, 0, len(frames))
    return KeyState(Verdict.OK, opened, len(frames))
