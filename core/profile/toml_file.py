"""Profiles as TOML: read with the line of every mistake, written so that a person likes to edit.

Unknown keys are refused.  `base` names a file whose profile lies under this one; secrets stand as
`{ secret = "name" }` and are looked up in keys.toml by whoever applies the profile.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import tomli_w

from core.fault import FaultError
from core.profile import faults
from core.profile.keys import CHANNEL, KINDS, PIN, SECRETS, TABLES, TOP, kind_word
from core.profile.model import SECTIONS, Channel, Pin, Profile, Secret, merged
from core.store.files import read

SHIPPED = Path(__file__).parent / "shipped"
DEEPEST = 8
LARGEST = 1 << 20


class _Wrong(Exception):
    """A key that is unknown or has a value of the wrong kind."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(why)
        self.path, self.why = path, why


def parse(text: str, source: str = "profile") -> Profile:
    """The profile that `text` says, without its base.  Raises PROFILE-TEXT naming the line."""
    try:
        values = tomllib.loads(text)
        if is_record(values):
            raise _record(source)
        return _profile(values)
    except (ValueError, RecursionError) as error:  # also a number of 5000 digits, and a deep nest
        raise _unreadable(source, str(error)) from error
    except _Wrong as wrong:
        line = _line_of(text, wrong.path)
        raise _unreadable(source, f"{wrong.path} (line {line}): {wrong.why}") from wrong


def is_record(values: Mapping[str, Any]) -> bool:
    """True for the record of a backup, which has the name of its dump and ends in .toml, too."""
    return {"sha256", "true", "whole"} <= values.keys()


def load(path: Path, profiles: Path | None = None) -> Profile:
    """The profile in a file, on top of its bases.  `profiles` is the store's folder of them.

    A base is looked for in the same folder, then in `profiles`, then among the shipped ones.
    Raises STORE-UNREADABLE, PROFILE-TEXT, PROFILE-BASE.
    """
    return _load(path, profiles, DEEPEST)


def _load(path: Path, profiles: Path | None, depth: int) -> Profile:
    try:
        text = read(path, LARGEST).decode()
    except UnicodeDecodeError as error:
        raise _unreadable(path.name, "it is no text") from error
    profile = parse(text, path.name)
    if profile.base is None:
        return profile
    if depth == 0:
        raise _no_base(path.name, f"bases nest deeper than {DEEPEST}")
    for folder in (path.parent, profiles, SHIPPED):
        if folder is not None and (folder / profile.base).is_file():
            return merged(_load(folder / profile.base, profiles, depth - 1), profile)
    raise _no_base(path.name, f"there is no {profile.base}")


def dump(profile: Profile, *, reveal: bool = False) -> str:
    """The profile as TOML.  Secrets with a name stand as a reference; others are left out, or
    written in clear with `reveal`."""
    values: dict[str, Any] = {
        name: getattr(profile, name) for name in TOP if getattr(profile, name) is not None
    }
    if profile.drivers is not None:
        values["drivers"] = list(profile.drivers)
    for name in SECTIONS:
        section = getattr(profile, name)
        entries = {f.name: _plain(getattr(section, f.name), reveal) for f in fields(section)}
        values[name] = {k: v for k, v in entries.items() if v is not None}
    values["pins"] = {str(n): _entry(pin) for n, pin in sorted(profile.pins.items())}
    values["channels"] = {str(n): _entry(c) for n, c in sorted(profile.channels.items())}
    values["flags"] = {str(n): on for n, on in sorted(profile.flags.items())}
    values["files"] = dict(profile.files)
    return tomli_w.dumps({k: v for k, v in values.items() if v != {}})


def _plain(value: Any, reveal: bool) -> Any:
    if isinstance(value, Secret):
        if value.name:
            return {"secret": value.name}
        return value.value if reveal and value.value else None
    return value


def _entry(entry: Pin | Channel) -> dict[str, Any]:
    return {
        f.name: getattr(entry, f.name) for f in fields(entry) if getattr(entry, f.name) is not None
    }


def _profile(values: Mapping[str, Any]) -> Profile:
    found: dict[str, Any] = {}
    for key, value in values.items():
        if key in TOP:
            found[key] = _of(key, value, TOP[key])
        elif key == "drivers":
            found[key] = tuple(_of(key, item, str) for item in _of(key, value, list))
        elif key in SECTIONS:
            found[key] = SECTIONS[key](**_section(key, _of(key, value, dict)))
        elif key == "pins":
            found[key] = _numbered(key, value, lambda p, v: Pin(**_known(p, v, PIN)))
        elif key == "channels":
            found[key] = _numbered(key, value, lambda p, v: Channel(**_known(p, v, CHANNEL)))
        elif key == "flags":
            found[key] = _numbered(key, value, lambda p, v: _of(p, v, bool))
        elif key == "files":
            files = _of(key, value, dict)
            found[key] = {name: _of(f"files.{name}", text, str) for name, text in files.items()}
        else:
            raise _Wrong(key, "unknown key")
    return Profile(**found)


def _section(section: str, values: Mapping[str, Any]) -> dict[str, Any]:
    names = {f.name for f in fields(SECTIONS[section])}
    found: dict[str, Any] = {}
    for key, value in values.items():
        path = f"{section}.{key}"
        if key not in names:
            raise _Wrong(path, "unknown key")
        if key in SECRETS:
            found[key] = _secret(path, value)
        elif section == "calibration":
            found[key] = float(_of(path, value, (int, float)))
        else:
            found[key] = _of(path, value, KINDS.get(key, str))
    return found


def _secret(path: str, value: Any) -> Secret:
    if isinstance(value, str):
        return Secret(value)
    named = _known(path, value, {"secret": str})
    if "secret" not in named:
        raise _Wrong(path, 'a secret is a text or { secret = "name" }')
    return Secret(name=named["secret"])


def _numbered(key: str, value: Any, make: Callable[[str, Any], Any]) -> dict[int, Any]:
    found = {}
    for text, entry in _of(key, value, dict).items():
        path = f"{key}.{text}"
        if not (text.isascii() and text.isdigit()):
            raise _Wrong(path, "the key is a number")
        found[int(text)] = make(path, entry)
    return found


def _known(path: str, value: Any, kinds: Mapping[str, type]) -> dict[str, Any]:
    found = {}
    for key, entry in _of(path, value, dict).items():
        if key not in kinds:
            raise _Wrong(f"{path}.{key}", "unknown key")
        found[key] = _of(f"{path}.{key}", entry, kinds[key])
    if "role" in kinds and "role" not in found:
        raise _Wrong(path, "a pin needs a role")
    return found


def _of(path: str, value: Any, kind: type | tuple[type, ...]) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise _Wrong(path, f"must be {kind_word(kind)}")
    return value


def _line_of(text: str, path: str) -> int:
    """The line that most likely holds `path`: its last word inside its table."""
    parts = path.split(".")
    inside, best = not (len(parts) > 1 and parts[0] in TABLES), 1
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare.startswith("["):
            inside = bare.strip("[] ").split(".")[0].strip('"') == parts[0]
            if inside and len(parts) == 1:
                return number
            best = number if inside else best
        elif inside and any(
            bare.startswith((f"{word} ", f"{word}=", f'"{word}"')) for word in parts[1:] or parts
        ):
            return number
    return best


def _unreadable(source: str, why: str) -> FaultError:
    return faults.TEXT(
        what=f"{source}: {why}.",
        cause="The file is not a profile as this version knows it.",
        next="Correct that line. Its help page lists all keys: `e` on the screen, `wattbench info "
        "PROFILE-TEXT` on the command line.",
        command=("wattbench", "info", "PROFILE-TEXT"),
    )


def _record(source: str) -> FaultError:
    return faults.TEXT(
        what=f"{source}: this is the record of a backup, not a profile.",
        cause="The record has the name of its dump, with .toml at the end.",
        next="Take the configuration out of the dump beside it: wattbench openbk export DUMP "
        "--out F.toml.",
    )


def _no_base(source: str, why: str) -> FaultError:
    return faults.BASE(
        what=f"{source}: {why}.",
        cause="The base file was renamed or not copied.",
        next="Put it beside the profile or into the data folder's profiles/.",
    )
