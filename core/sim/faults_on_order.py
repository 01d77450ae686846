"""Faults that a simulated plug shows on order, as data.

Each is one line of text on the command line (`parse_fault`), one `Fault` in code::

    drop:DIR[:STAGE]:N      the N-th byte in this direction is lost
    corrupt:DIR[:STAGE]:N   ... has one bit turned over
    add:DIR[:STAGE]:N       ... is followed by a byte nobody sent
    silent:STAGE[:K]        from the first request of the stage on, K requests of any kind are
                            neither carried out nor answered; without K until the next power-on
    mute:STAGE:N            from the N-th request of the stage on, silent until the next power-on
    lost:STAGE[:N]          the N-th request of the stage is carried out, its reply is lost
    vanish:change:N         the adapter is pulled right after the N-th change of the flash
    vanish:STAGE:N          ... when the N-th request of the stage has come, before it is done
    reset:change:N          the supply breaks down for a moment right after the N-th change: the
                            chip starts anew
    reset:STAGE:N           ... when the N-th request of the stage has come, before it is done
    stuck:ADDRESS           the 4 KiB sector there is acknowledged but never erased
    weak:ADDRESS:BIT        this bit stays 1, whatever is programmed
    lie:N                   the N-th CRC answer is wrong, once
    noise:N                 the first N link replies come after three bytes of noise

DIR is `host` (towards the chip) or `chip` (towards the host).  Bytes and requests count from 1,
over the whole life of the plug; with a STAGE only those of the stage count.  Stages are told
apart by opcode: link, identify, unprotect, backup (or read), erase, write, verify (or crc), baud,
reboot.  ADDRESS may be hexadecimal with 0x.  Every fault but stuck and weak happens once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum

from core.fault import FaultError
from core.sim import faults

STAGES = (
    "link",
    "identify",
    "unprotect",
    "backup",
    "erase",
    "write",
    "verify",
    "baud",
    "reboot",
)
ALIASES = {"read": "backup", "crc": "verify"}
DIRECTIONS = ("host", "chip")
SECTOR = 4096
ADDED = 0x55
NOISE = b"\x00\xf8\x04"


class Kind(StrEnum):
    """What goes wrong; the table at the top says how."""

    DROP = "drop"
    CORRUPT = "corrupt"
    ADD = "add"
    SILENT = "silent"
    MUTE = "mute"
    LOST = "lost"
    VANISH = "vanish"
    RESET = "reset"
    STUCK = "stuck"
    WEAK = "weak"
    LIE = "lie"
    NOISE = "noise"


BYTE_KINDS = (Kind.DROP, Kind.CORRUPT, Kind.ADD)
REQUEST_KINDS = (Kind.SILENT, Kind.MUTE, Kind.LOST, Kind.VANISH, Kind.RESET)
FATAL_KINDS = (Kind.VANISH, Kind.RESET)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault on order.

    `direction` is for byte faults only; `stage` is a stage, "" for any, or `change`.  `n` counts
    from 1; for `silent` it is the number of requests, 0 for all.
    """

    kind: Kind
    direction: str = ""
    stage: str = ""
    n: int = 1
    address: int = 0
    bit: int = 0


class Fate(Enum):
    """What becomes of one request."""

    NORMAL = "normal"
    SILENT = "silent"
    MUTE = "mute"
    LOST = "lost"
    VANISH = "vanish"
    RESET = "reset"


def parse_fault(text: str) -> Fault:
    """The fault that `text` orders.  Raises FaultError SIM-ORDER."""
    word, *rest = text.strip().lower().split(":")
    try:
        kind = Kind(word)
        if kind in BYTE_KINDS:
            direction, *stage, n = rest
            if direction not in DIRECTIONS or len(stage) > 1:
                raise ValueError(f"direction is one of {', '.join(DIRECTIONS)}")
            return Fault(kind, direction, _stage(stage[0]) if stage else "", _count(n))
        if kind in (*FATAL_KINDS, Kind.MUTE):
            stage_name, n = rest
            at_change = kind in FATAL_KINDS and stage_name == "change"
            where = "change" if at_change else _stage(stage_name)
            return Fault(kind, stage=where, n=_count(n))
        if kind in (Kind.SILENT, Kind.LOST):
            stage_name, *counts = rest
            if len(counts) > 1:
                raise ValueError("too many words")
            otherwise = 0 if kind is Kind.SILENT else 1
            return Fault(
                kind, stage=_stage(stage_name), n=_count(counts[0]) if counts else otherwise
            )
        if kind is Kind.WEAK:
            address, bit = rest
            if int(bit) not in range(8):
                raise ValueError("the bit is 0 to 7")
            return Fault(kind, address=_address(address), bit=int(bit))
        (value,) = rest
        if kind is Kind.STUCK:
            return Fault(kind, address=_address(value))
        return Fault(kind, n=_count(value))
    except ValueError as error:
        raise _unreadable(text, error) from None


def _stage(text: str) -> str:
    stage = ALIASES.get(text, text)
    if stage not in STAGES:
        raise ValueError(f"stage is one of {', '.join(STAGES)}")
    return stage


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError("counts begin at 1")
    return value


def _address(text: str) -> int:
    value = int(text, 0)
    if value < 0:
        raise ValueError("an address is not negative")
    return value


def _unreadable(text: str, error: ValueError) -> FaultError:
    return faults.ORDER(
        what=f"{text[:60]!r} is not a fault the simulated plug knows.",
        cause=f"{error}.".replace("..", "."),
        next="Write it as in `drop:host:1234`, `silent:erase:3` or `vanish:change:40`.",
    )


class Orders:
    """The orders of one plug and how far each has come."""

    def __init__(self, ordered: Iterable[Fault]) -> None:
        every = tuple(ordered)
        self._bytes = {d: [f for f in every if f.direction == d] for d in DIRECTIONS}
        self._requests = [f for f in every if f.kind in REQUEST_KINDS]
        self._lies = {f.n for f in every if f.kind is Kind.LIE}
        self._stuck = {f.address // SECTOR for f in every if f.kind is Kind.STUCK}
        self._weak = [(f.address, 1 << f.bit) for f in every if f.kind is Kind.WEAK]
        self._noisy = max((f.n for f in every if f.kind is Kind.NOISE), default=0)
        self._seen: Counter[tuple[str, str]] = Counter()
        self._silent_for = 0
        self._silent = False

    def power_on(self) -> None:
        """A chip that had fallen silent starts afresh."""
        self._silent = False

    def passing(self, direction: str, data: bytes, stage: str) -> bytes:
        """What of `data` comes through the line."""
        ordered = self._bytes[direction]
        if not ordered:
            return data
        hits: list[tuple[int, Kind]] = []
        for scope in ("", stage):
            before = self._seen[direction, scope]
            self._seen[direction, scope] = before + len(data)
            hits += [
                (f.n - before - 1, f.kind)
                for f in ordered
                if f.stage == scope and before < f.n <= before + len(data)
            ]
            if not stage:
                break
        found = bytearray(data)
        for index, kind in sorted(hits, reverse=True):
            if kind is Kind.DROP:
                del found[index]
            elif kind is Kind.CORRUPT:
                found[index] ^= 0x10
            else:
                found.insert(index + 1, ADDED)
        return bytes(found)

    def request(self, stage: str) -> Fate:
        """What becomes of the next request, which belongs to `stage`."""
        self._seen["request", stage] += 1
        count = self._seen["request", stage]
        fate = Fate.NORMAL
        for fault in tuple(self._requests):
            if fault.stage != stage:
                continue
            if fault.kind is Kind.SILENT:
                self._requests.remove(fault)
                self._silent, self._silent_for = not fault.n, fault.n
            elif fault.kind is Kind.MUTE:
                self._silent = self._silent or fault.n == count
            elif fault.n == count:
                fate = Fate(fault.kind.value)
        if self._silent or self._silent_for:
            self._silent_for = max(0, self._silent_for - 1)
            return Fate.SILENT
        return fate

    def at_change(self, count: int) -> Fate | None:
        """What happens right after the `count`-th change of the flash."""
        met = (f for f in self._requests if f.stage == "change" and f.n == count)
        return next((Fate(f.kind.value) for f in met), None)

    def lies(self) -> bool:
        """True when the CRC now asked for is answered wrongly."""
        self._seen["crc", ""] += 1
        return self._seen["crc", ""] in self._lies

    def noise(self) -> bytes:
        """Noise in front of the link reply now sent."""
        if not self._noisy:
            return b""
        self._noisy -= 1
        return NOISE

    def erased(self, cells: bytearray, start: int, end: int) -> None:
        """Erase [start, end), but for the sectors that will not."""
        kept = [s * SECTOR for s in self._stuck if start <= s * SECTOR < end]
        old = [(at, bytes(cells[at : at + SECTOR])) for at in kept]
        cells[start:end] = b"\xff" * (end - start)
        for at, content in old:
            cells[at : at + SECTOR] = content

    def programmed(self, cells: bytearray, start: int, end: int) -> None:
        """Put the bits back that will not go to 0."""
        for address, mask in self._weak:
            if start <= address < end:
                cells[address] |= mask
