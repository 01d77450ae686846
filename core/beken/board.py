"""What the stock firmware's data say of the board, and which profiles fit it (rulings P18, P21).

A profile is bound to chip and module; pins that the dump names otherwise block it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from core.fault import FaultError
from core.profile import faults
from core.profile.model import Profile
from core.profile.tables import RELAYS
from core.profile.toml_file import SHIPPED, load
from core.tuya.catalogue import summary
from core.tuya.outputs import configuration, one_line
from core.tuya.survey import survey


def board_in(data: bytes) -> Profile | None:
    """The pins and the module that a dump names; None for a dump that names none."""
    try:
        return configuration(survey(data)).profile
    except FaultError:
        return None


def describe(data: bytes, folders: Iterable[Path] = ()) -> list[str]:
    """What to say of a backup before the plan: its board, its pins, the profiles that fit."""
    seen = survey(data)
    found = board_in(data)
    if found is None or seen.wiring is None:
        return ["No pins of a stock firmware were found in the backup."]
    lines = [f"The stock firmware's board: {one_line(summary(seen.wiring))}."]
    lines += [one_line(line) for line in seen.wiring.lines]
    fitting = matching(found, (*folders, SHIPPED))
    if fitting:
        lines.append(f"Profile that fits: {', '.join(fitting)}.")
    else:
        lines.append("No profile here fits; `wattbench backup extract F --profile` makes one.")
    return lines


def matching(found: Profile, folders: Iterable[Path]) -> list[str]:
    """The names of the profiles in `folders` that give these pins the same roles, all of them."""
    names = []
    for folder in folders:
        for path in sorted(folder.glob("*.toml")):
            try:
                profile = load(path, folder)
                require_board(profile, found)
            except FaultError:
                continue
            if profile.pins and profile.pins.keys() == found.pins.keys():
                names.append(path.name)
    return list(dict.fromkeys(names))


def require_board(profile: Profile, found: Profile) -> None:
    """Refuse a profile that contradicts what was `found` in the stock firmware's data.

    Only what both name counts: another module, a pin with another role, relays on other pins.
    The inverted form of a role (`WifiLED_n`) is the same role.  Raises PROFILE-BOARD.
    """
    wrong = [
        f"P{pin}: profile {profile.pins[pin].role}, plug {found.pins[pin].role}"
        for pin in sorted(profile.pins.keys() & found.pins.keys())
        if _plain(profile.pins[pin].role) != _plain(found.pins[pin].role)
    ]
    ours, theirs = ({p for p, v in x.pins.items() if v.role in RELAYS} for x in (profile, found))
    if ours and theirs and not ours & theirs:
        names = [", ".join(f"P{pin}" for pin in sorted(pins)) for pins in (ours, theirs)]
        wrong.append(f"relay: profile {names[0]}, plug {names[1]}")
    if profile.module and found.module and profile.module.upper() != found.module.upper():
        wrong.insert(0, f"module: profile {profile.module}, plug {one_line(found.module)}")
    if wrong:
        raise faults.BOARD(
            what=f"The profile is not for this board: {'; '.join(wrong)}.",
            cause="The profile was made for another board.",
            next="Take the profile of this plug, or make one from its backup.",
        )


def _plain(role: str) -> str:
    return role.removesuffix("_n").lower()
