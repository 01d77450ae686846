"""What a plug says while it starts, on TX2 (P0, 115200 baud), and what that means.  Pure.

The boot loader prints a banner, its registers and the jump to the application; the application
goes on.  A loop shows as banners that come back.  Source: BK7231 sheet 1.8; OpenBeken prints the
Wi-Fi password ("Using Pass [...]", "ssid:... key:...") and that of MQTT, so both are masked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from core.beken.hearing import BANNERS
from core.beken.wiring import SUPPLY_ONLY, SUPPLY_TEXT

HIDDEN = "****"
LONGEST = 1000
"""Bytes of a line that are shown; the rest of a longer one is left out."""
SHORT_BOOT = 4.0
"""Seconds; an application that starts lives longer."""
LOOP = 2
"""Short boots in a row that make a loop: one may be the hand at the reset lead."""
SETTLED = 6.0
"""Seconds without a new banner after which a start counts as done."""
TALKS = 3
"""Lines of text without a banner after which a firmware is surely up: we came late."""
NOISE_LEAST = 24
NOISE_SHARE = 0.4
LEAST_SECRET = 4
"""A shorter secret is not searched for: it would hide half of every line."""

_BANNER = tuple(text.decode() for text in BANNERS if text not in (b"J 0x1", b"go os_addr"))
_SILENT_JUMP = "V:BK7231S"
"""A T's loader: the line of its last register is the last that it says."""
_JUMP = re.compile(r"\bJ 0x1[0-9a-fA-F]{4}|go os_addr\(")
_REGISTERS = re.compile(r"^(REG|SVC|IRQ|FIR|SYS|ST|CPSR|R\d+(\(LR\))?)\s*:", re.IGNORECASE)
_CRASH = re.compile(r"undefined instruction|prefetch abort|data abort", re.IGNORECASE)
_ALIVE = re.compile(r"Info:MAIN:Time \d+|Main_Init|Started http tcp server")
_SECRET = (
    re.compile(r"(Using Pass \[).*", re.IGNORECASE),
    re.compile(r"(\b(?:key|psk|pmk|token)\s*[:=]\s*).+", re.IGNORECASE),
    re.compile(r"(\b\w*pass(?:word|wd|phrase|w)?\d?\b\s*[:=\[ ]\s*).+", re.IGNORECASE),
)


class Verdict(StrEnum):
    """What the log tells."""

    NOTHING = "nothing"
    STARTING = "starting"
    RUNNING = "running"
    WRONG_KEY = "wrong key"
    BROWN_OUT = "brown-out"
    CRASH = "crash"
    NO_PROGRAM = "no program"
    NOT_A_LOG = "not a log"


LOOPS = (Verdict.WRONG_KEY, Verdict.BROWN_OUT, Verdict.CRASH, Verdict.NO_PROGRAM)
"""Verdicts of a plug that does not come up."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """A verdict as sentences: what was seen, why, what to do."""

    what: str
    cause: str
    next: str


MEANING = {
    Verdict.NOTHING: Meaning(
        "Not one byte came.",
        "The wire is not on TX2, or the plug was not restarted.",
        "Adapter RX to TX2 (P0), GND joined; then restart the plug with the reset lead "
        f"({SUPPLY_ONLY}).",
    ),
    Verdict.STARTING: Meaning(
        "The boot loader spoke and the application has begun.",
        "It is still starting.",
        "Wait some seconds more.",
    ),
    Verdict.RUNNING: Meaning(
        "The application started and stays up.",
        "Key, image and supply are right.",
        "Look for the plug: `wattbench openbk find`, or its access point OpenBK...",
    ),
    Verdict.WRONG_KEY: Meaning(
        "The boot loader jumps to the application, and that ends at once.",
        "The chip decrypts it to garbage: an image for another key, or a damaged one.",
        "Flash the image that is made for this chip's key (`wattbench plug info` shows it), or "
        "restore the backup.",
    ),
    Verdict.BROWN_OUT: Meaning(
        "The banner comes again and again while the application starts.",
        "The supply sags as soon as the radio draws current.",
        f"{SUPPLY_TEXT} 470 uF at the module help.",
    ),
    Verdict.CRASH: Meaning(
        "The application starts and then crashes.",
        "A damaged image, or a configuration that this firmware cannot bear.",
        "Flash again with verification; if it stays so, write a new configuration or restore the "
        "backup.",
    ),
    Verdict.NO_PROGRAM: Meaning(
        "The boot loader spoke and did not jump to an application.",
        "The application is missing or half written.",
        "Flash again, or resume the job that was interrupted: `wattbench jobs list`.",
    ),
    Verdict.NOT_A_LOG: Meaning(
        "Bytes came that are no log.",
        "Another speed, a missing ground, or the wire is on TX1, where the firmware talks to "
        "other parts of the plug.",
        "Adapter RX to TX2 (P0), GND joined at the module.",
    ),
}


def masked(line: str, secrets: Iterable[str] = ()) -> str:
    """`line` without passwords: those that the firmware is known to print, and each of `secrets`
    wherever it stands."""
    for secret in secrets:
        if len(secret) >= LEAST_SECRET:
            line = line.replace(secret, HIDDEN)
    for pattern in _SECRET:
        line = pattern.sub(rf"\g<1>{HIDDEN}", line)
    return line


@dataclass(slots=True)
class _Boot:
    """One start, from its banner on; a `silent` loader does not say when it jumps."""

    began: float
    silent: bool = False
    jumped: bool = False
    spoke: bool = False
    crashed: bool = False


class BootLog:
    """Takes bytes, gives lines, and judges.  `secrets` are hidden in every line; `reveal` shows
    all."""

    def __init__(self, secrets: Iterable[str] = (), *, reveal: bool = False) -> None:
        self.boots = 0
        self.total = 0
        self._secrets = () if reveal else tuple(sorted(secrets, key=len, reverse=True))
        self._reveal = reveal
        self._rest = bytearray()
        self._cut = False
        self._odd = self._texts = 0
        self._now: float = 0.0
        self._boot: _Boot | None = None
        self._short: list[_Boot] = []
        self._alive = False

    def feed(self, data: bytes, now: float) -> list[str]:
        """The lines that `data` completes; `now` in seconds.  A line comes whole, so that no
        password is shown in two halves."""
        self._now = max(now, self._now)
        self.total += len(data)
        self._odd += sum(byte >= 0x7F or byte < 9 for byte in data)
        lines = []
        for byte_line in self._split(data):
            text = byte_line.decode("utf-8", "replace").strip("\r\n\0")
            if text.strip():
                self._judge(text)
                lines.append(text if self._reveal else masked(text, self._secrets))
        return lines

    def finish(self) -> list[str]:
        """The last line, if it had no end."""
        return self.feed(b"\n", self._now) if self._rest else []

    def tick(self, now: float) -> None:
        """Time passed without a byte."""
        self._now = max(now, self._now)

    def _split(self, data: bytes) -> list[bytes]:
        found = []
        parts = data.replace(b"\r", b"\n").split(b"\n")
        for index, part in enumerate(parts):
            if not self._cut:
                self._rest += part
            if len(self._rest) > LONGEST:
                del self._rest[LONGEST:]
                self._cut = True
            if index < len(parts) - 1:
                found.append(bytes(self._rest))
                self._rest.clear()
                self._cut = False
        return found

    def _judge(self, text: str) -> None:
        if any(banner in text for banner in _BANNER):
            self._started(silent=_SILENT_JUMP in text)
        boot = self._boot
        if boot is None:
            self._texts += text.isprintable()
            self._alive = self._texts >= TALKS or bool(_ALIVE.search(text)) or self._alive
        elif _JUMP.search(text):
            boot.jumped = True
        elif _CRASH.search(text):
            boot.crashed = True
        elif _REGISTERS.match(text):
            boot.jumped = boot.jumped or (boot.silent and text.startswith("ST"))
        elif boot.jumped:
            boot.spoke = boot.spoke or not boot.crashed
            self._alive = self._alive or bool(_ALIVE.search(text))

    def _started(self, silent: bool) -> None:
        before, self._boot = self._boot, _Boot(self._now, silent)
        self.boots += 1
        self._alive = False
        if before is None:
            return
        if self._now - before.began < SHORT_BOOT:
            self._short.append(before)
        else:
            self._short.clear()

    @property
    def verdict(self) -> Verdict:
        """What everything so far means."""
        boot = self._boot
        settled = boot is not None and self._now - boot.began >= SETTLED
        if boot is not None and boot.crashed:
            return Verdict.CRASH if boot.spoke else Verdict.WRONG_KEY
        if len(self._short) >= LOOP and not settled:
            return _loop(self._short[-LOOP:])
        if self._alive or (settled and boot is not None and boot.spoke):
            return Verdict.RUNNING
        if boot is not None and settled:
            return Verdict.WRONG_KEY if boot.jumped else Verdict.NO_PROGRAM
        if boot is not None:
            return Verdict.STARTING
        if not self.total:
            return Verdict.NOTHING
        if self.total >= NOISE_LEAST and self._odd >= NOISE_SHARE * self.total:
            return Verdict.NOT_A_LOG
        return Verdict.STARTING


def _loop(short: list[_Boot]) -> Verdict:
    """Why the last starts were short."""
    if any(boot.crashed for boot in short):
        return Verdict.CRASH if any(boot.spoke for boot in short) else Verdict.WRONG_KEY
    if any(boot.spoke for boot in short):
        return Verdict.BROWN_OUT
    return Verdict.WRONG_KEY if all(boot.jumped for boot in short) else Verdict.BROWN_OUT
