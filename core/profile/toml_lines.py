"""The lines of a TOML file by what they say: where each table begins, and each value stands.

Knows tables of any depth ([pins.6]), dotted keys (8.role), quoted keys and values over several
lines, so that a value can be changed without touching a line that is not its own.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]

_PART = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)"""
_KEY = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")
_TABLE = re.compile(rf"\s*\[\s*({_PART}(?:\s*\.\s*{_PART})*)\s*\]\s*(?:#.*)?$")
_TOKEN = re.compile(
    r'''"""(?:[^\\]|\\.)*?"{3,5}|'{3}.*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\#[^\n]*''', re.S
)
_OPENERS = {'"""': '"""', "'''": "'''", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Table:
    """A header on line `at`; `end` is behind the last value in it, so that a comment in front of
    the next header stays there."""

    path: Path
    at: int
    end: int


@dataclass(frozen=True, slots=True)
class Value:
    """The lines [at, end) give `path`; `head` is what stands before the value, `tail` the comment
    behind it with the blanks before that.  `inner` is True when a comment stands inside."""

    path: Path
    at: int
    end: int
    head: str
    tail: str
    inner: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """What the lines of a file say.  The table without a header comes first, at line -1."""

    tables: tuple[Table, ...]
    values: tuple[Value, ...]

    def value(self, path: Path) -> Value | None:
        return next((value for value in self.values if value.path == path), None)

    def table(self, path: Path) -> Table | None:
        return next((table for table in self.tables if table.path == path), None)

    def below(self, path: Path) -> list[Table | Value]:
        """Tables at or below the path, and values below it, in their order."""
        size = len(path)
        found: list[Table | Value] = [t for t in self.tables if size and t.path[:size] == path]
        found += [v for v in self.values if len(v.path) > size and v.path[:size] == path]
        return sorted(found, key=lambda part: part.at)

    def by_dots(self, path: Path) -> tuple[int | None, Path]:
        """Where a table that has no header but dotted keys ends, and the table that those keys
        stand in; None when there is none."""
        for value in reversed([part for part in self.below(path) if isinstance(part, Value)]):
            inside = [table for table in self.tables if table.at < value.at][-1]
            if len(inside.path) < len(path):
                return value.end, inside.path
        return None, ()


def layout(lines: list[str]) -> Layout:
    """Read the lines of a file that is valid TOML."""
    tables, values = [Table((), -1, _heading(lines))], list[Value]()
    at = 0
    while at < len(lines):
        header = _TABLE.match(lines[at])
        key = None if header else _KEY.match(lines[at])
        end = at + 1
        if header:
            tables.append(Table(_path(header.group(1)), at, end))
        elif key:
            value = _value(lines, at, key, tables[-1].path)
            values.append(value)
            end = value.end
            tables[-1] = Table(tables[-1].path, tables[-1].at, end)
        at = end
    return Layout(tuple(tables), tuple(values))


def _heading(lines: list[str]) -> int:
    """Behind the comment that a file begins with."""
    return next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))


def comments(lines: list[str]) -> int:
    """How many lines of a valid file have a comment on them, on their own or behind a value."""
    found = layout(lines)
    inside = {n for value in found.values for n in range(value.at, value.end)}
    own = sum(n not in inside and "#" in line for n, line in enumerate(lines))
    return own + sum(bool(value.tail.strip()) + value.inner for value in found.values)


def _path(key: str) -> Path:
    """The words of a dotted key."""
    return tuple(_walk(tomllib.loads(f"{key} = 0")))


def _walk(found: Any) -> Iterator[str]:
    while isinstance(found, dict):
        ((name, found),) = found.items()
        yield name


def _value(lines: list[str], at: int, key: re.Match[str], table: Path) -> Value:
    rest = lines[at][key.end() :].lstrip()
    opener = next((mark for mark in _OPENERS if rest.startswith(mark)), "")
    end = at + 1
    while end < len(lines) and not _whole(lines, at, end, _OPENERS.get(opener, "")):
        end += 1
    text = "\n".join(lines[at:end])
    found = _comments(text[key.end() :])
    behind = [part for part in found if "\n" not in text[key.end() + part.start() :]]
    before = text[: key.end() + behind[0].start()].rstrip(" \t") if behind else text
    path = (*table, *_path(key.group(1)))
    return Value(path, at, end, text[: key.end()], text[len(before) :], len(found) > len(behind))


def _whole(lines: list[str], at: int, end: int, closer: str) -> bool:
    """True when the lines [at, end) hold a value to its end; only lines that could are tried."""
    if not closer:
        return True
    if closer not in lines[end - 1]:
        return False
    if closer == "'''" and end > at + 1:  # nothing is escaped in there
        return True
    try:
        tomllib.loads("\n".join(lines[at:end]))
    except ValueError:
        return False
    return True


def _comments(text: str) -> list[re.Match[str]]:
    """The comments in and behind a value: what begins with # outside of every string."""
    return [found for found in _TOKEN.finditer(text) if found.group().startswith("#")]
