"""The kinds of meter, and what a technician types for each.

Source: meter sheet 2.6, 6; rulings M8.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.meter import faults


@dataclass(frozen=True, slots=True)
class Model:
    """One kind of meter.

    `number` is the module's, `name` the one on the command line, `title` the one on the screen.
    `hint` says where the number stands.  `highest` is 0 for a meter without an address.
    """

    number: int
    name: str
    title: str
    highest: int
    hint: str

    @property
    def has_address(self) -> bool:
        """Whether the meter is asked by an address."""
        return self.highest > 0


_KASKAD = 'the digits after "ID-" on the display, the last five of the serial number'
MODELS = (
    Model(1, "kaskad-1-mt", "KASKAD-1-MT and MIRTEK protocol", 65000, _KASKAD),
    Model(2, "kaskad-11", "KASKAD-11-C1", 65535, _KASKAD),
    Model(3, "mercury-206", "Mercury-206", 0xFFFFFFFF, "the whole serial number"),
    Model(4, "ce-102m", "Energomera CE-102M", 0, "this meter needs none"),
)
NAMES = tuple(model.name for model in MODELS)
_BY_NUMBER = {model.number: model for model in MODELS}
_BY_NAME = {model.name: model for model in MODELS}


def model_of(number: int | None) -> Model:
    """The kind with this number; firmware that has no kinds is for KASKAD-1-MT only, and any
    other number counts as 1, as in the module."""
    return _BY_NUMBER.get(number or 1, _BY_NUMBER[1])


def named(name: str) -> Model:
    """The kind of this name.  Raises METER-TYPE."""
    if name not in _BY_NAME:
        raise faults.TYPE(
            what=f"{name!r} is no kind of meter that the module knows.",
            cause="The name is misspelt.",
            next=f"Choose one of {', '.join(NAMES)}.",
        )
    return _BY_NAME[name]


PREFIXES = ("ID-", "ID", "SN", "№", "N")


def digits_of(text: str) -> str:
    """The digits that the module gets: without "ID-", spaces and leading zeros.  What is not a
    number stays as it is, so that the eye sees what was typed."""
    bare = text.strip().upper()
    for prefix in PREFIXES:
        if bare.startswith(prefix):
            bare = bare.removeprefix(prefix).lstrip(" :.-")
            break
    bare = "".join(bare.split())
    if not (bare.isascii() and bare.isdigit()):
        return bare
    return bare.lstrip("0") or "0"


def address_of(text: str, model: Model) -> int:
    """The meter's address as typed, for this kind.  Raises METER-ADDRESS."""
    digits = digits_of(text)
    if not model.has_address:
        raise faults.ADDRESS(
            what=f"{model.title} is asked without an address.",
            cause="This kind of meter has none.",
            next="Leave the address out.",
        )
    if not (digits.isascii() and digits.isdigit()):
        raise faults.ADDRESS(
            what=f"{text!r} is not a number.",
            cause="Something other than digits was typed.",
            next=f"Type {model.hint}.",
        )
    number = int(digits[:12])
    if not 1 <= number <= model.highest:
        last = "" if model.number == 3 else " From a serial number take the last five digits."
        raise faults.ADDRESS(
            what=f"{digits} is not between 1 and {model.highest}, the addresses of {model.title}.",
            cause="The number of another meter, or more digits than the address.",
            next=f"Type {model.hint}.{last}",
        )
    return number


def period_of(minutes: int) -> int:
    """How often the meter is polled, in minutes.  Raises METER-PERIOD outside of 1..255."""
    if not 1 <= minutes <= 255:
        raise faults.PERIOD(
            what=f"{minutes} min is not between 1 and 255.",
            cause="The module keeps the period in one byte, and 0 would poll without a pause.",
            next="Choose 1 to 255 minutes.",
        )
    return minutes


def key_of(text: str) -> bytes:
    """A bind key: exactly 32 hex digits, separators allowed.  Raises METER-KEY; the key is never
    part of the message."""
    digits = "".join(c for c in text if c not in " :-.\t\r\n")
    if len(digits) != 32 or any(c not in "0123456789abcdefABCDEF" for c in digits):
        wrong = sum(c not in "0123456789abcdefABCDEF" for c in digits)
        what = f"The key has {len(digits)} of 32 digits."
        if wrong:
            what = f"{wrong} characters of the key are no hex digits."
        raise faults.KEY(
            what=what,
            cause="Part of the key is missing, or something was typed wrong.",
            next="Type all 32 hex digits, or let the program make a new key.",
        )
    return bytes.fromhex(digits)
