"""What the fields of the Meter pane offer, and what was typed means."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.fault import FaultError
from tui.host import Host
from tui.panes.meter.near import Near
from tui.widgets.form import Field

if TYPE_CHECKING:
    from core.meter.wanted import Wanted

TYPE = "type"
KEEP = ("", "keep")
NEW_KEY, NO_KEY, TAKE_KEY = "new", "none", "take"
KEYS = (
    KEEP,
    (TAKE_KEY, "read it from the module now, and store it"),
    (NEW_KEY, "make a new random key, and store it"),
    (NO_KEY, "no encryption"),
)
SCALES = (KEEP, ("right", "right for the kind of meter"), (TYPE, "type it, as in 1000 0.1 1 10"))
LEAVES = (
    ("", "ask at the end"),
    ("open", "leave open: any computer may set it up"),
    ("bind", "bind to this computer's adapter"),
)


def first_fields(host: Host) -> dict[str, Field]:
    """The form as it opens: nothing is changed but what is typed."""
    from core.meter.models import MODELS

    kinds = (KEEP, *((model.name, model.title) for model in MODELS))
    fields = (
        Field("module", "Module"),
        Field("kind", "Kind", host.store.settings.get("meter_kind"), choices=kinds),
        Field("number", "Address"),
        Field("period", "Period"),
        Field("scale", "Scale", choices=SCALES),
        Field("key", "Key", choices=KEYS),
        Field("leave", "At the end", choices=LEAVES),
    )
    return {field.name: shown(field) for field in fields}


def shown(field: Field) -> Field:
    """The field with the words that stand for its value."""
    if field.name == "module":
        return replace(field, shown=field.value or "the one in range")
    if field.name == "period":
        return replace(field, shown=f"{field.value} min" if field.value else "keep")
    if field.name == "number":
        return replace(field, shown=field.value or "keep")
    return replace(field, shown=dict(field.choices).get(field.value, field.value))


def module_choices(near: list[Near]) -> list[tuple[str, str]]:
    """The modules that are heard, strongest first, and typing an address."""
    rows = [(n.address, f"{n.address}  {n.rssi} dBm  {n.tariffs}") for n in near]
    return [*rows, (TYPE, "type an address")]


def wanted(fields: dict[str, Field]) -> Wanted:
    """What the form says.  Raises METER-*."""
    from core.meter import faults
    from tui.verbs.meter import wanted_of

    value = {name: field.value for name, field in fields.items()}
    if value["period"] and not value["period"].isdecimal():
        raise faults.PERIOD(
            what=f"{value['period']!r} is no number of minutes.",
            cause="Something other than digits was typed.",
            next="Type 1 to 255, or nothing to keep it.",
        )
    return wanted_of(
        kind=value["kind"],
        number=value["number"],
        period=int(value["period"]) if value["period"] else None,
        scale="" if value["scale"] == "right" else value["scale"],
        key=b"" if value["key"] == NO_KEY else None,
    )


def normalised(name: str, text: str, kind: str) -> str:
    """What becomes of the text while it is typed, as a sentence."""
    from core.meter import models
    from core.meter import scale as scales

    if name == "number" and text:
        model = models.named(kind) if kind else models.MODELS[0]
        try:
            number = models.address_of(text, model)
        except FaultError as error:
            return f"{error.fault.what} {error.fault.next}"
        return f"{text} is {number} for {model.title}; sent as {_sent(number)}"
    if name == "number":
        return 'the digits after "ID-" on the display; a Mercury-206 has the whole serial number'
    if name == "scale" and text:
        word = scales.parse(text)
        return (
            f"sent as 0x{word:04X}" if word is not None else "four of 0.001 0.01 0.1 1 10 100 1000"
        )
    return ""


def _sent(number: int) -> str:
    from core.meter.wire import set_address

    return set_address(number).hex(" ").upper()
