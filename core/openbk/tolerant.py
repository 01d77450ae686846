"""JSON that is not JSON.

The firmware puts names into its answers without escaping them, cuts each printed piece at 254
characters, repeats keys, and prints `inf`, `nan` and `0.` (HTTP sheet 0, points 3 and 18).  Right
JSON is read as such; the rest by a reader that guesses where a text ends.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import Any

from core.fault import FaultError
from core.openbk import faults

DEEPEST = 24
LARGEST = (1 << 64) - 1
LONGEST = 256 << 10
"""What is longer is not repaired: no answer of the firmware comes near it, and reading it takes
the program's time."""
PIECE = 254
"""The firmware prints at most so many characters at a time; the rest of the piece is lost."""

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)")
_WORD = re.compile(r"[-+]?[A-Za-z]+(?:\([^)]{0,16}\))?")
_SPACE = re.compile(r"[ \t\r\n]*")
_KEY_END = re.compile(r"[ \t\r\n]{0,8}:")
_IN_OBJECT = re.compile(r'[ \t\r\n]{0,8}(?:\}|\]|$|,[ \t\r\n]{0,8}(?:"|$))')
_IN_ARRAY = re.compile(r"[ \t\r\n]{0,8}(?:\]|,|\}|$)")
_NEXT_KEY = re.compile(r'"\w{1,32}"[ \t\r\n]{0,8}:')
_WORDS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A value and what was odd about its text."""

    value: Any
    notes: tuple[str, ...] = ()


def loads(data: bytes) -> Parsed:
    """The value in `data`, repaired where need be.  Raises OBK-UNREADABLE when there is none.

    Of a repeated key the last value counts.  A text that breaks off gives what came before, with
    a note that begins "cut".
    """
    text = data.decode("utf-8", "replace").strip("\0 \t\r\n")
    notes: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            notes.append("repeated keys")
        return found

    try:
        value = json.loads(text, strict=False, object_pairs_hook=unique)
    except (ValueError, RecursionError):
        pass
    else:
        return Parsed(_sound(value, text, 0), tuple(notes))
    if text[:1] not in ("{", "[") or len(text) > LONGEST:
        raise _unreadable(text)
    reader = _Reader(text)
    value = reader.value(0)
    return Parsed(value, tuple(dict.fromkeys(reader.notes)))


def _sound(value: Any, text: str, depth: int) -> Any:
    """What JSON allows and nobody else can hold is taken out: halves of a surrogate pair, which
    cannot be written anywhere, and numbers of hundreds of digits."""
    if depth > DEEPEST:
        raise _unreadable(text)
    match value:
        case str():
            return value.encode("utf-8", "replace").decode("utf-8")
        case list():
            return [_sound(item, text, depth + 1) for item in value]
        case dict():
            return {
                _sound(key, text, depth): _sound(item, text, depth + 1)
                for key, item in value.items()
            }
        case int() if abs(value) > LARGEST:
            return math.inf if value > 0 else -math.inf
    return value


@dataclass
class _Reader:
    """Reads once from left to right; `at` is the next character."""

    text: str
    at: int = 0
    notes: list[str] = field(default_factory=list)

    def value(self, depth: int) -> Any:
        self._skip()
        if depth > DEEPEST:
            raise _unreadable(self.text)
        head = self.text[self.at : self.at + 1]
        if head == "{":
            return self._object(depth)
        if head == "[":
            return self._array(depth)
        if head == '"':
            return self._string(_IN_ARRAY, self.at)
        return self._scalar()

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self.at += 1
        while self._more("}"):
            began = self.at
            if self.text[self.at] != '"':
                self._lost()
                continue
            key = self._string(_KEY_END, None)
            self._skip()
            if self.text[self.at : self.at + 1] != ":":
                continue
            self.at += 1
            self._skip()
            if self.text[self.at : self.at + 1] == '"':
                value = self._string(_IN_OBJECT, began)
            elif self.at >= len(self.text):
                self.notes.append("cut off")
                break
            else:
                value = self.value(depth + 1)
            if key in found:
                self.notes.append("repeated keys")
            found[key] = value
        return found

    def _array(self, depth: int) -> list[Any]:
        found: list[Any] = []
        self.at += 1
        while self._more("]"):
            before = self.at
            found.append(self.value(depth + 1))
            if self.at == before:
                self._lost()
                found.pop()
        return found

    def _more(self, end: str) -> bool:
        """Go past commas; False at the end of this object or array, or of the text."""
        while True:
            self._skip()
            if self.at >= len(self.text):
                self.notes.append("cut off")
                return False
            char = self.text[self.at]
            if char == end:
                self.at += 1
                return False
            if char in "]}":  # the end of something around us: ours was lost
                self.notes.append("an end is missing")
                return False
            if char != ",":
                return True
            self.at += 1

    def _string(self, ends: re.Pattern[str], piece: int | None) -> str:
        """The text in quotes; a quote inside counts as text unless what follows ends a value.

        `piece` is where the printed piece began, for values that were cut at its limit.
        """
        self.at += 1
        parts: list[str] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "\\":
                parts.append(self._escape())
                continue
            if char == '"':
                if ends.match(self.text, self.at + 1):
                    self.at += 1
                    return "".join(parts)
                if piece is not None and self._cut_here(piece):
                    self.notes.append("cut at 254 characters")
                    return "".join(parts)
                self.notes.append("a quote that is not escaped")
            parts.append(char)
            self.at += 1
        self.notes.append("cut off")
        return "".join(parts)

    def _cut_here(self, piece: int) -> bool:
        near = PIECE - 4 <= self.at - piece <= PIECE + 2
        return near and _NEXT_KEY.match(self.text, self.at) is not None

    def _escape(self) -> str:
        """What the firmware escapes are quote, CR and LF; every other backslash is itself."""
        after = self.text[self.at + 1 : self.at + 2]
        known = {'"': '"', "n": "\n", "r": "\r"}
        if after in known:
            self.at += 2
            return known[after]
        self.at += 1
        return "\\"

    def _scalar(self) -> Any:
        number = _NUMBER.match(self.text, self.at)
        if number and number.group() not in "+-":
            self.at = number.end()
            return _number(number.group())
        word = _WORD.match(self.text, self.at)
        if word is None:
            return None
        self.at = word.end()
        lower = word.group().lower()
        if lower in _WORDS:
            return _WORDS[lower]
        self.notes.append(f"the word {word.group()[:12]}")
        return _not_finite(lower)

    def _lost(self) -> None:
        self.notes.append("text between values")
        self.at += 1

    def _skip(self) -> None:
        space = _SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at


def _number(text: str) -> int | float:
    digits = text.lstrip("+-")
    return int(text) if digits.isdecimal() and len(digits) < 20 else float(text)


def _not_finite(word: str) -> float | None:
    bare = word.lstrip("+-")
    if bare.startswith("nan"):
        return float("nan")
    if bare in ("inf", "infinity"):
        return float("-inf" if word.startswith("-") else "inf")
    return None


def _unreadable(text: str) -> FaultError:
    return faults.UNREADABLE(
        what="The answer is no JSON and cannot be repaired.",
        cause="The device was interrupted, or another program answers at this address.",
        next="Repeat; check the address.",
        evidence=text[:32],
    )
