"""Tuya's JSON without quotes, read as far as it can be read; strict JSON is a special case.

`{rl1_pin:8,module:CB2S,}`: bare or quoted words, trailing commas, empty values, line ends, an end
that is missing.  Never raises, never recurses deeper than it says.  Source: Tuya backup sheet 2.
"""

from __future__ import annotations

import re
from typing import Any

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_CODE = re.compile(r"[0-9a-fA-F]{4}")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_WORDS = {"true": True, "false": False, "null": None}
_DEEPEST = 16
_BLANK = " \t\r\n\0"


class Loose:
    """What was read: `fields` in the order of the text, `notes` on what was odd."""

    def __init__(self, text: str) -> None:
        self.fields: dict[str, Any] = {}
        self.notes: list[str] = []
        self._text, self._at = text, 0
        start = text.find("{")
        if start < 0:
            self.notes.append("There is no opening brace.")
            return
        self._at = start + 1
        self.fields = self._object(1)

    # -- containers ------------------------------------------------------------------------

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while True:
            mark = self._skip(",")
            if mark == "]":  # a stray one; what follows may still be fields
                self._at += 1
                self._note_once("Brackets do not match.")
                continue
            if mark in ("}", ""):
                self._close(mark)
                return found
            key = self._word(":,}")
            if self._peek() != ":":
                if key:
                    self.notes.append(f"{key[:40]!r} has no value.")
                    found.setdefault(key, "")
                elif self._peek() not in (",", "}", ""):
                    self._at += 1  # a stray bracket
                continue
            self._at += 1
            value = self._value(depth)
            if key in found:
                self.notes.append(f"{key[:40]} is there twice; the first one counts.")
            else:
                found[key] = value

    def _array(self, depth: int) -> list[Any]:
        found: list[Any] = []
        while True:
            mark = self._skip(",")
            if mark == "}":  # the end of what is around it
                self._note_once("Brackets do not match.")
                return found
            if mark in ("]", ""):
                self._close(mark)
                return found
            found.append(self._value(depth))

    def _close(self, mark: str) -> None:
        if mark:
            self._at += 1
        else:
            self._note_once("The text ends before its last brace.")

    def _note_once(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    # -- values ----------------------------------------------------------------------------

    def _value(self, depth: int) -> Any:
        mark = self._skip("")
        if mark in ("{", "[") and depth < _DEEPEST:
            self._at += 1
            return self._object(depth + 1) if mark == "{" else self._array(depth + 1)
        if mark == '"':
            return self._quoted()
        word = self._word(",}]")
        if mark in ("{", "["):
            self._note_once(f"Nested deeper than {_DEEPEST}; read as text.")
        if _INTEGER.fullmatch(word):
            return int(word)
        return _WORDS.get(word, word)

    def _word(self, ends: str) -> str:
        """A quoted word, or everything up to one of `ends`."""
        if self._skip("") == '"':
            return self._quoted()
        start = self._at
        while self._at < len(self._text) and self._text[self._at] not in ends:
            self._at += 1
        return self._text[start : self._at].strip(_BLANK)

    def _quoted(self) -> str:
        found: list[str] = []
        self._at += 1
        while self._at < len(self._text):
            char = self._text[self._at]
            self._at += 1
            if char == '"':
                return "".join(found)
            if char == "\\":
                char = self._escaped()
            found.append(char)
        self._note_once("A quotation mark is missing.")
        return "".join(found)

    def _escaped(self) -> str:
        """The character that an escape stands for."""
        char = self._peek()
        self._at += 1
        code = self._text[self._at : self._at + 4]
        if char == "u" and _CODE.fullmatch(code):
            self._at += 4
            number = int(code, 16)
            return "?" if 0xD800 <= number < 0xE000 else chr(number)  # half of a pair
        return _ESCAPES.get(char, char)

    # -- characters ------------------------------------------------------------------------

    def _peek(self) -> str:
        return self._text[self._at] if self._at < len(self._text) else ""

    def _skip(self, extra: str) -> str:
        """Pass over blanks and `extra`; the character then met."""
        while self._at < len(self._text) and self._text[self._at] in _BLANK + extra:
            self._at += 1
        return self._peek()


def parse(text: bytes) -> Loose:
    """The fields of a value such as `user_param_key`; characters that are not ASCII become `?`."""
    return Loose(text.rstrip(b"\0\xff").decode("ascii", "replace").replace("�", "?"))


_RENAMED = (
    ("sw_", ""),
    ("_value", ""),
    ("dltj_ct", "chip_type"),
    ("dltj_ivcpin_pin", "sel_pin_pin"),
    ("dltj_ivcpin_lv", "sel_pin_lv"),
    ("dltj_ivpin_pin", "vi_pin"),
    ("dltj_epin_pin", "ele_pin"),
    ("dltj_ri", "resistor"),
    ("net_wfst", "netled"),
)
_CHANNEL = re.compile(r"ch_(\d{1,2})_(bt|rl)")


def flattened(fields: dict[str, Any]) -> dict[str, Any]:
    """The old nested form (`sw`: channels, meter, net) under the names of the flat one.

    Fields that are flat already stay as they are; truth values become 1 and 0.
    """
    if not isinstance(fields.get("sw"), dict):
        return {name: int(v) if isinstance(v, bool) else v for name, v in fields.items()}
    flat: dict[str, Any] = {}
    _walk("", fields, flat)
    return flat


def _walk(path: str, value: Any, flat: dict[str, Any]) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _walk(f"{path}_{name}" if path else name, inner, flat)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            _walk(f"{path}_{number}", inner, flat)
    else:
        for old, new in _RENAMED:
            path = path.replace(old, new)
        path = _CHANNEL.sub(lambda m: f"{m[2]}{int(m[1]) + 1}", path)
        flat[path] = int(value) if isinstance(value, bool) else value


def one_word(text: str) -> str:
    """A short name out of a dump, without what does not belong in one."""
    return "".join(c for c in text[:16] if c.isascii() and (c.isalnum() or c in "-_."))
