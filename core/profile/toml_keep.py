"""Change a profile file and keep what a person wrote into it: comments, order, blank lines.

Values on a line of their own are replaced in place; new ones go to the end of their table.  The
result is read back; where it does not say what is wanted, the file is written anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import tomli_w

from core.fault import FaultError
from core.profile.model import Channel, Pin, Profile, Secret, flat
from core.profile.toml_file import dump, parse

_TABLE = re.compile(r"\s*\[([A-Za-z0-9_.\"-]+)\]\s*(?:#.*)?$")
_KEY = re.compile(r'\s*(?:"([^"]*)"|([A-Za-z0-9_-]+))\s*=\s*')


def changed(text: str, profile: Profile) -> str:
    """`text` so that it says `profile`.  Secrets without a name stay as they are in the file.

    Raises PROFILE-TEXT when `text` is no profile.
    """
    old, new = flat(parse(text)), flat(profile)
    wanted = {path: value for path, value in new.items() if _sayable(value)}
    lines = text.split("\n")
    for path, value in wanted.items():
        if old.get(path) != value:
            lines = _put(lines, path, value)
    for path in old:
        if path not in new and path != "base":
            lines = _drop(lines, path)
    result = "\n".join(lines)
    try:
        said = flat(parse(result))
    except FaultError:
        return dump(profile)
    return result if {p: v for p, v in said.items() if _sayable(v)} == wanted else dump(profile)


def _sayable(value: Any) -> bool:
    return not isinstance(value, Secret) or bool(value.name)


def _put(lines: list[str], path: str, value: Any) -> list[str]:
    table, _, key = path.rpartition(".") if "." in path else ("", "", path)
    if table.startswith("files"):
        table, key = "files", path.removeprefix("files.")
    at = _find(lines, table, key)
    written = f"{_quoted(key)} = {_literal(value)}"
    if at is not None:
        comment = _comment(lines[at])
        return [*lines[:at], written + comment, *lines[at + 1 :]]
    end = _end_of(lines, table)
    if end is None:
        gap = [""] if lines and lines[-1] else []
        return [*lines, *gap, f"[{table}]", written, ""]
    return [*lines[:end], written, *lines[end:]]


def _drop(lines: list[str], path: str) -> list[str]:
    table, _, key = path.partition(".") if "." in path else ("", "", path)
    at = _find(lines, table, key)
    return lines if at is None else [*lines[:at], *lines[at + 1 :]]


def _find(lines: list[str], table: str, key: str) -> int | None:
    """The line that gives `key` in `table`."""
    inside = ""
    for at, line in enumerate(lines):
        header = _TABLE.match(line)
        if header:
            inside = header.group(1)
            continue
        found = _KEY.match(line)
        if found and inside == table and (found.group(1) or found.group(2)) == key:
            return at
    return None


def _end_of(lines: list[str], table: str) -> int | None:
    """Behind the last line of a table that is not blank; at the top for no table."""
    inside, end = "", 0 if not table else None
    for at, line in enumerate(lines):
        header = _TABLE.match(line)
        if header:
            inside = header.group(1)
        if inside == table and line.strip():
            end = at + 1
    return end


def _comment(line: str) -> str:
    """The comment behind a value, with the blanks before it."""
    found = re.search(r"(\s+#[^\"']*)$", line)
    return found.group(1) if found else ""


def _quoted(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else tomli_w.dumps({key: 0})[:-5]


def _literal(value: Any) -> str:
    """A value on one line; pins, channels and secrets as inline tables."""
    match value:
        case Secret():
            return _inline({"secret": value.name})
        case Pin() | Channel():
            entries = {f.name: getattr(value, f.name) for f in fields(value)}
            return _inline({k: v for k, v in entries.items() if v is not None})
        case tuple():
            return "[" + ", ".join(_literal(entry) for entry in value) + "]"
    return tomli_w.dumps({"v": value}).removeprefix("v = ").rstrip("\n")


def _inline(values: Mapping[str, Any]) -> str:
    return "{ " + ", ".join(f"{key} = {_literal(value)}" for key, value in values.items()) + " }"
