"""A bracketed paste comes whole and in order, whatever stands in it.

Textual reads an escape inside a paste as a key: it comes before the pasted text, and the rest of
its sequence is typed.  So each escape that is not the end of the paste is another control character
when Textual sees it, and a paste with control characters is taken by nobody.
"""

from __future__ import annotations

import unicodedata

START, END = "\x1b[200~", "\x1b[201~"
SUBSTITUTE = "\x1a"
REFUSED = "Not pasted: the text holds control characters."


class Pasting:
    """What the terminal sends, on its way to Textual's parser."""

    def __init__(self) -> None:
        self._inside = False
        self._kept = ""  # outside: the last characters, passed on; inside: held back, maybe the end

    def through(self, data: str) -> str:
        """The same, without escapes inside a paste; what may be the end of one waits for more."""
        out = ""
        while data:
            piece, data = self._paste(data) if self._inside else self._keys(data)
            out += piece
        return out

    def _keys(self, data: str) -> tuple[str, str]:
        """Up to where a paste begins, and the rest."""
        seen = self._kept + data
        at = seen.find(START)
        if at < 0:
            self._kept = seen[1 - len(START) :]
            return data, ""
        cut = at + len(START) - len(self._kept)
        self._inside, self._kept = True, ""
        return data[:cut], data[cut:]

    def _paste(self, data: str) -> tuple[str, str]:
        """Up to where the paste ends, and the rest."""
        text, end, rest = (self._kept + data).partition(END)
        self._inside, self._kept = not end, ""
        if not end:
            last = next(n for n in range(len(END) - 1, -1, -1) if text.endswith(END[:n]))
            text, self._kept = text[: len(text) - last], text[len(text) - last :]
        return text.replace("\x1b", SUBSTITUTE) + end, rest


def is_text(pasted: str) -> bool:
    """True without control characters, apart from ends of lines and tabs."""
    return not any(unicodedata.category(c) == "Cc" and c not in "\t\r\n" for c in pasted)
