"""What a `set` shall change: checked as a whole before the first write, in the safe order.

F9 comes before FA, because it loads the kind's own scale (meter sheet 2.5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from core.meter import faults, models, wire
from core.meter.records import Before
from core.meter.wire import Id, Status


@dataclass(frozen=True, slots=True)
class Wanted:
    """None leaves a setting as it is.  `key` empty bytes switch encryption off."""

    model: int | None = None
    address: int | None = None
    period: int | None = None
    scale: int | None = None
    key: bytes | None = None

    def __repr__(self) -> str:
        key = None if self.key is None else "not shown" if self.key else "none"
        return (
            f"Wanted(model={self.model}, address={self.address}, period={self.period}, "
            f"scale={self.scale}, key={key})"
        )

    @property
    def nothing(self) -> bool:
        """Whether no setting is to change."""
        return self == Wanted()

    @property
    def lines(self) -> list[str]:
        """What will be sent, for people."""
        found = []
        if self.model is not None:
            found.append(f"kind of meter: {models.model_of(self.model).title}")
        if self.address is not None:
            found.append(f"address of the meter: {self.address}")
        if self.period is not None:
            found.append(f"asked every {self.period} min")
        if self.scale is not None:
            found.append(f"scale word 0x{self.scale:04X}")
        if self.key is not None:
            found.append("a bind key" if self.key else "no encryption")
        return found


@dataclass(frozen=True, slots=True)
class Step:
    """One setting: its name for people, the command, and how a status shows that it was taken.

    A key is compared with the one that the module sends, so `key` is set for it.
    """

    name: str
    command: bytes
    shows: Callable[[Status], bool]
    key: bytes | None = None


def of_before(before: Before, key: bytes | None) -> Wanted:
    """Back to the settings before the last `set`; its address 0 cannot be written back."""
    wanted = Wanted(before.model, before.address or None, before.period, before.scale)
    if not before.encrypted:
        return replace(wanted, key=b"")
    return replace(wanted, key=key) if key is not None else wanted


def checked(wanted: Wanted, status: Status) -> Wanted:
    """`wanted` as this firmware can take it.  Raises METER-OLD, METER-ADDRESS."""
    generation = status.generation
    if wanted.model is not None and not generation.knows(Id.MODEL):
        if wanted.model != 1:
            raise _old("the kind of meter", status)
        wanted = replace(wanted, model=None)
    if wanted.scale is not None and not generation.knows(Id.SCALE):
        raise _old("the scale", status)
    if wanted.address is None:
        return wanted
    model = models.model_of(wanted.model if wanted.model is not None else status.model)
    models.address_of(str(wanted.address), model)
    if wanted.address > generation.address_limit:
        raise faults.ADDRESS(
            what=f"{wanted.address} does not fit: this firmware keeps 16 bits of an address.",
            cause=f"The module runs {status.release}.",
            next="Type the last five digits of the serial number, or update the module.",
        )
    return wanted


def steps(wanted: Wanted, status: Status) -> list[Step]:
    """The writes in the safe order.

    A new address is preceded by the kind even where that stays: it makes the module forget the
    serial number, so that the next one is an answer to the new address (rulings M8).
    """
    found = []
    model = wanted.model
    if model is None and wanted.address is not None and status.generation.knows(Id.MODEL):
        model = models.model_of(status.model).number
    if model is not None:
        found.append(Step("kind of meter", wire.set_model(model), lambda s: s.model == model))
    if wanted.address is not None:
        address = wanted.address
        found.append(Step("address", wire.set_address(address), lambda s: s.address == address))
    if wanted.period is not None:
        period = wanted.period
        found.append(Step("period", wire.set_period(period), lambda s: s.period == period))
    if wanted.scale is not None:
        found.append(scale_step(wanted.scale))
    if wanted.key is not None:
        found.append(_key_step(wanted.key))
    return found


def scale_step(word: int) -> Step:
    """Write the divisor word."""
    return Step("scale", wire.set_scale(word), lambda s: s.scale == word)


def _key_step(key: bytes) -> Step:
    if not key:
        return Step("no encryption", wire.NO_KEY, lambda s: not s.encrypted)
    return Step("bind key", wire.set_key(key), lambda s: s.encrypted, key)


def _old(what: str, status: Status) -> Exception:
    return faults.OLD(
        what=f"The module runs {status.release} ({status.generation.releases}); it does not know "
        f"{what}.",
        cause="Older firmware.",
        next="Update the module first, or leave that setting out.",
        command=("wattbench", "meter", "ota"),
    )
