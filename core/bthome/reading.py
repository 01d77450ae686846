"""What decoding gives: readings keyed by (id, instance), and the packet that they came in."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from core.bthome.objects import OBJECTS, Form


class Happening(NamedTuple):
    """A button, dimmer or command event; `steps` of a dimmer, `arguments` of a command in hex."""

    name: str
    steps: int | None = None
    arguments: str | None = None


Value = int | float | bool | str | bytes | Happening


class Reading(NamedTuple):
    """One object.  `instance` counts from 1 among the objects of one id in a packet.

    `value` is in `unit`; a timestamp is in Unix seconds, a firmware version is text.  `at` and
    `size` say which bytes of the plain objects it was, id byte included.
    """

    id: int
    instance: int
    quantity: str
    value: Value
    unit: str
    at: int
    size: int

    def to_json(self) -> dict[str, object]:
        """The public fields; bytes as hex, events as objects."""
        value: object = self.value
        if isinstance(self.value, Happening):
            value = {k: v for k, v in self.value._asdict().items() if v is not None}
        elif isinstance(self.value, bytes):
            value = self.value.hex()
        return {
            "id": self.id,
            "instance": self.instance,
            "quantity": self.quantity,
            "value": value,
            "unit": self.unit,
        }

    @property
    def number(self) -> float | None:
        """The value where it can be drawn and compared, else None."""
        if isinstance(self.value, int | float) and not isinstance(self.value, bool):
            return self.value
        return None

    @property
    def text(self) -> str:
        """The value for people, with its unit."""
        value = self.value
        if isinstance(value, bool):
            return OBJECTS[self.id].words[value]
        if isinstance(value, Happening):
            detail = f" {value.steps}" if value.steps is not None else ""
            return value.name.replace("_", " ") + detail + (f" {value.arguments or ''}".rstrip())
        if isinstance(value, bytes):
            return value.hex()
        row = OBJECTS.get(self.id)
        if isinstance(value, float) and row is not None and row.form in (Form.UINT, Form.SINT):
            shown = f"{value:.{len(str(row.per)) - 1}f}"
        else:
            shown = str(value)
        return f"{shown} {self.unit}" if self.unit else shown


class State(StrEnum):
    """What became of a packet."""

    PLAIN = "plain"
    OPENED = "opened"
    NO_KEY = "no key"
    NO_MAC = "no mac"
    REFUSED = "refused"
    """The key does not fit, or a bit of the packet is wrong."""
    BROKEN = "broken"
    """Not BTHome, or too short to be it."""


class Packet(NamedTuple):
    """One service-data payload, decoded as far as it goes.

    `ids` are the object ids in order of appearance.  `plain` holds the object bytes, without the
    frame around them.  `mac` is the one inside the packet, if it carries one.  `notes` are short
    sentences about what was odd.
    """

    version: int
    state: State
    trigger: bool
    mac: bytes
    counter: int | None
    packet_id: int | None
    ids: tuple[int, ...]
    readings: tuple[Reading, ...]
    notes: tuple[str, ...]
    plain: bytes
    nonce: bytes

    @property
    def encrypted(self) -> bool:
        """Whether the packet was sent encrypted."""
        return self.counter is not None
