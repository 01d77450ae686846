"""Words of a translated guide in command lines, put back into the firmware's own (rulings O10)."""

from __future__ import annotations

import re

TRANSLATED = {
    "spannungset": "VoltageSet",
    "stromset": "CurrentSet",
    "leistungset": "PowerSet",
}
"""What a translated guide calls them; the firmware never knew these words."""
VALUES = tuple(name.lower() for name in TRANSLATED.values())


def translate(line: str) -> tuple[str, list[str]]:
    """The line as the firmware understands it, and what was changed: names of the German guide,
    decimal commas of calibration values.  Nothing else of it is touched."""
    notes: list[str] = []
    parts = re.split(r"(;)", line)
    for at, part in enumerate(parts):
        words = part.split()
        start = 1 if words and words[0].lower() == "backlog" else 0
        if len(words) <= start:
            continue
        said = len(notes)
        name = words[start]
        known = TRANSLATED.get(name.lower())
        if known:
            notes.append(f"{name} is a translated word; sent as {known}.")
            words[start] = known
        if words[start].lower() in VALUES and len(words) > start + 1 and "," in words[start + 1]:
            words[start + 1] = words[start + 1].replace(",", ".")
            notes.append("The decimal comma was sent as a point.")
        if len(notes) > said:
            lead = part[: len(part) - len(part.lstrip())]
            parts[at] = lead + " ".join(words)
    return "".join(parts), notes


def translate_text(text: str) -> tuple[str, list[str]]:
    """The same for every line of a startup command."""
    lines, notes = [], []
    for line in text.split("\n"):
        sent, said = translate(line)
        lines.append(sent)
        notes += said
    return "\n".join(lines), notes


def masked(line: str) -> str:
    """A command line to show: whole, but for passwords."""
    line = re.sub(r"(\S*passw\S*\s+)[^;\r\n]+", r"\1***", line, flags=re.IGNORECASE)
    return re.sub(r"//[^/@\s]+@", "//***@", line)
