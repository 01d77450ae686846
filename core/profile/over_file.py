"""What is written where a file is already: a profile keeps its comments, some files stay."""

from __future__ import annotations

import tomllib
from pathlib import Path

from core.fault import FaultError
from core.profile.model import Profile
from core.profile.toml_file import LARGEST, dump, is_record, parse
from core.profile.toml_keep import Changed, changed
from core.store import faults
from core.store.files import read


def written(path: Path, profile: Profile) -> Changed:
    """What the file has to be to say this profile, with the comments of one that is there.

    Raises PROFILE-TEXT for a file that is no profile, STORE-EXISTS for the record of a backup.
    """
    if not path.exists():
        return Changed.new(dump(profile))
    text = _text(path)
    parse(text, path.name)
    return changed(text, profile)


def require_replaceable(path: Path) -> None:
    """Refuse to write anything over the record of a backup, or over what is no text.

    Raises STORE-EXISTS.
    """
    if path.exists():
        _text(path)


def _text(path: Path) -> str:
    try:
        text = read(path, LARGEST).decode()
    except (FaultError, UnicodeDecodeError) as error:
        raise _stays(path, "it is no text, such as a dump") from error
    try:
        record = is_record(tomllib.loads(text))
    except (ValueError, RecursionError):
        record = False
    if record:
        raise _stays(path, "it is the record of a backup, which is worth nothing without it")
    return text


def _stays(path: Path, why: str) -> FaultError:
    return faults.EXISTS(
        what=f"{path} is not written over: {why}.",
        cause="The name of the file is taken.",
        next="Choose another name.",
    )
