"""Change a profile file and keep what a person wrote into it: comments, order, blank lines.

Values are replaced where they stand, in tables of any depth; new ones go to the end of their
table.  The result is read back; where it does not say what is wanted, the file is written anew
and `comments` says that what a person wrote could not be kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import tomli_w

from core.fault import FaultError
from core.profile.model import Channel, Pin, Profile, Secret, flat
from core.profile.toml_file import dump, parse
from core.profile.toml_lines import Layout, Path, Table, comments, layout


@dataclass(frozen=True, slots=True)
class Changed:
    """The new `text` of a file, and how many values in it were changed, added and removed.
    `comments` is True when they were kept, False when they could not be, None without any."""

    text: str
    changed: int
    added: int
    removed: int
    comments: bool | None

    @classmethod
    def new(cls, text: str) -> Changed:
        """A file that was not there before."""
        return cls(text, 0, len(flat(parse(text))), 0, None)

    @property
    def line(self) -> str:
        """What happened, as in "3 changed, 40 added, comments kept"."""
        counts = ((self.changed, "changed"), (self.added, "added"), (self.removed, "removed"))
        said = [f"{count} {word}" for count, word in counts if count] or ["nothing changed"]
        kept = {True: ["comments kept"], False: ["comments could not be kept"], None: []}
        return ", ".join([*said, *kept[self.comments]])


def changed(text: str, profile: Profile) -> Changed:
    """`text` so that it says `profile`.  Secrets without a name stay as they are in the file.

    Raises PROFILE-TEXT when `text` is no profile.
    """
    old, new = flat(parse(text)), flat(profile)
    ending = "\r\n" if "\r\n" in text else "\n"
    wanted = {path: value for path, value in new.items() if _sayable(value)}
    lines = text.replace("\r\n", "\n").split("\n")
    before = comments(lines)
    gone = [path for path in old if path not in new and path != "base"]
    other = [path for path, value in wanted.items() if path in old and old[path] != value]
    added = [path for path in wanted if path not in old]
    result = _edited(lines, old, wanted, gone)
    kept = result is not None and comments(result.split("\n")) >= before - _lost(lines, gone)
    return Changed(
        (dump(profile) if result is None else result).replace("\n", ending),
        len(other),
        len(added),
        len(gone),
        kept if before else None,
    )


def _edited(
    lines: list[str], old: Mapping[str, Any], wanted: Mapping[str, Any], gone: list[str]
) -> str | None:
    """The lines changed in place; None when they do not say what is wanted then."""
    try:
        for name, value in wanted.items():
            if old.get(name) != value:
                lines = _put(lines, _path(name), value)
        for name in gone:
            lines = _drop(lines, _path(name))
        said = flat(parse("\n".join(lines)))
    except (FaultError, ValueError):
        return None
    same = {name: value for name, value in said.items() if _sayable(value)} == wanted
    return "\n".join(lines) if same else None


def _lost(lines: list[str], gone: list[str]) -> int:
    """How many comments go with the values that go."""
    found = layout(lines)
    count = 0
    for path in map(_path, gone):
        value = found.value(path)
        parts = [value] if value is not None else found.below(path)
        for part in parts:
            end = part.at + 1 if isinstance(part, Table) else part.end
            count += comments(lines[part.at : end])
    return count


def _sayable(value: Any) -> bool:
    return not isinstance(value, Secret) or bool(value.name)


def _path(name: str) -> Path:
    """Where a value of `flat` stands: section and key, or a key alone."""
    section, dot, key = name.partition(".")
    return (section, key) if dot else (section,)


def _put(lines: list[str], path: Path, value: Any) -> list[str]:
    """Say `value` at `path`: in place, by the lines of its own table, or as a new line."""
    found = layout(lines)
    there, entries = found.value(path), _entries(value)
    if there is not None:
        written = f"{there.head} {_literal(value)}{there.tail}"
        return [*lines[: there.at], *written.split("\n"), *lines[there.end :]]
    if entries is not None and found.below(path):
        for part in found.below(path):
            if not isinstance(part, Table) and part.path[len(path)] not in entries:
                lines = _drop(lines, part.path)
        for key, entry in entries.items():
            lines = _put(lines, (*path, key), entry)
        return lines
    return _added(lines, found, path, value)


def _added(lines: list[str], found: Layout, path: Path, value: Any) -> list[str]:
    """A new line at the end of its table, or a table of its own where its neighbours are some."""
    parent, entries = path[:-1], _entries(value)
    table = found.table(parent)
    end, inside = (table.end, parent) if table is not None else found.by_dots(parent)
    if end is not None:
        key = ".".join(map(_quoted, path[len(inside) :]))
        return [*lines[:end], f"{key} = {_literal(value)}", *lines[end:]]
    tables = [part for part in found.below(parent) if isinstance(part, Table)]
    if tables and entries is not None:
        body = [f"{_quoted(key)} = {_literal(entry)}" for key, entry in entries.items()]
        end = tables[-1].end
        return [*lines[:end], "", _header(path), *body, *lines[end:]]
    gap = [""] if lines[-1].strip() else []
    return [*lines, *gap, _header(parent), f"{_quoted(path[-1])} = {_literal(value)}", ""]


def _drop(lines: list[str], path: Path) -> list[str]:
    """Without the value at `path`, and without its own tables; other lines in them stay."""
    found = layout(lines)
    value = found.value(path)
    for part in reversed([value] if value is not None else found.below(path)):
        end = part.at + 1 if isinstance(part, Table) else part.end
        lines = [*lines[: part.at], *lines[end:]]
    return lines


def _header(path: Path) -> str:
    return f"[{'.'.join(map(_quoted, path))}]"


def _quoted(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else tomli_w.dumps({key: 0})[:-5]


def _entries(value: Any) -> dict[str, Any] | None:
    """What a pin, a channel or a secret says by key; None for a plain value."""
    if isinstance(value, Secret):
        return {"secret": value.name}
    if isinstance(value, Pin | Channel):
        named = {f.name: getattr(value, f.name) for f in fields(value)}
        return {key: entry for key, entry in named.items() if entry is not None}
    return None


def _literal(value: Any) -> str:
    """A value as TOML; pins, channels and secrets as inline tables."""
    entries = _entries(value)
    if entries is not None:
        return _inline(entries)
    if isinstance(value, tuple):
        return "[" + ", ".join(_literal(entry) for entry in value) + "]"
    return tomli_w.dumps({"v": value}).removeprefix("v = ").rstrip("\n")


def _inline(values: Mapping[str, Any]) -> str:
    return "{ " + ", ".join(f"{key} = {_literal(value)}" for key, value in values.items()) + " }"
