"""The configuration of a dump in the forms that people take away: TOML, template, script."""

from __future__ import annotations

from dataclasses import dataclass

from core.fault import FaultError
from core.profile import script, template, toml_file
from core.profile.model import Profile
from core.tuya import faults
from core.tuya.pin_text import Sure
from core.tuya.pins import Wiring
from core.tuya.survey import Survey
from core.tuya.to_profile import NOT_A_SAFETY_DEVICE, mcu_profile, profile_of


@dataclass(frozen=True, slots=True)
class Configuration:
    """A profile and what a person should know about it.

    `trip` is the proposed overload line, empty if there is none; `declined` says that it was left
    out on wish.
    """

    profile: Profile
    source: str
    notes: tuple[str, ...]
    trip: str = ""
    declined: bool = False

    def toml(self) -> str:
        """The profile as a file, its notes as comments."""
        head = "".join(f"# {one_line(note)}\n" for note in (f"From {self.source}.", *self.notes))
        return head + toml_file.dump(self.profile)

    def template(self) -> str:
        """OpenBeken's device template, JSON."""
        return template.dump(self.profile)

    def script(self) -> str:
        """Commands for OpenBeken's console."""
        return script.dump(self.profile)


def configuration(
    seen: Survey, *, flipped: frozenset[int] = frozenset(), trip: bool = True
) -> Configuration:
    """The OpenBeken configuration of the device that a dump is of.

    `flipped` are pins whose polarity a person turned over; `trip` False declines the overload
    line.  Raises TUYA-NO-PINS.
    """
    if seen.has_mcu:
        baud, points = seen.mcu_settings()
        note = "The pins belong to a second chip (TuyaMCU); its data points are linked to channels."
        return Configuration(mcu_profile(seen.chip, baud, points), "the key-value store", (note,))
    found, wiring = seen.pins, seen.wiring
    if found is None or wiring is None:
        raise no_pins(seen)
    wiring = wiring.with_flipped(flipped)
    notes = [*found.notes, *wiring.warnings, *_notes(wiring, flipped, trip)]
    if found.sure is not Sure.CERTAIN:
        notes.insert(0, f"This source is {found.sure}: compare the pins with the board.")
    profile = profile_of(wiring, seen.chip, trip=trip)
    if len(profile.startup or "") > template.LONGEST_COMMAND:
        notes.append(f"The start-up line is longer than a template's {template.LONGEST_COMMAND}.")
    return Configuration(
        profile, found.source, tuple(notes), wiring.trip, bool(wiring.trip) and not trip
    )


def _notes(wiring: Wiring, flipped: frozenset[int], trip: bool) -> list[str]:
    found = []
    if wiring.trip and trip:
        found.append(f"The stock firmware tripped on overload. {NOT_A_SAFETY_DEVICE}")
    elif wiring.trip:
        found.append("The stock firmware tripped on overload; the line for that was declined.")
    found += [f"Polarity of P{gpio} was turned over by hand." for gpio in sorted(flipped)]
    shown = [use for use in wiring.uses if not use.role]
    found += [f"{use.words} ({use.field}): OpenBeken has no role for it." for use in shown]
    return found


def no_pins(seen: Survey) -> FaultError:
    """The fault of a dump without pins, with what was looked at."""
    looked = "the key-value store, " if seen.store else ""
    return faults.NO_PINS(
        what=f"No pin configuration: looked at {looked}the file system, texts and the firmware.",
        cause="The store could not be opened." if seen.store is None else "The store has none.",
        next="Take the pins from a dump of the same model, or from the board.",
    )


def one_line(text: str) -> str:
    """Text out of a dump as part of one line."""
    return "".join(c if c.isprintable() else "·" for c in text)
