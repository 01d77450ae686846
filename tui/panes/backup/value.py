"""The decoded side: what a dump is, its pins, its configuration, one value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tui.backup_own import STOCK, own_words
from tui.text import size
from tui.widgets.live_lines import Line
from tui.widgets.prose import fold

if TYPE_CHECKING:
    from core.tuya.compare import Comparison
    from core.tuya.outputs import Configuration
    from core.tuya.pins import Use, Wiring
    from tui.panes.backup.book import Book
    from tui.panes.backup.tree import Node

Flips = frozenset[int]


def page(
    book: Book,
    node: Node,
    width: int,
    *,
    reveal: bool,
    flips: Flips,
    earlier: int,
    difference: Comparison | None,
) -> list[Line]:
    """The lines of a node's page, folded to `width`."""
    match node.page:
        case "about":
            return _about(book, width, earlier)
        case "pins":
            return _pins(book, width, flips)
        case "own" if book.own is not None:
            return _own(book.own, width)
        case "config":
            return _config(book, width, flips)
        case "value":
            return _value(book, node, width, reveal=reveal)
        case "differs" if difference is not None:
            return _text(difference.summary, width)
    return []


def _text(text: str, width: int, look: str = "", indent: int = 0) -> list[Line]:
    return [((line, look),) for line in fold(text, max(width, 12), indent)]


def _labelled(label: str, text: str, width: int, look: str = "") -> list[Line]:
    lines = fold(text, max(width - 11, 12))
    return [((f"{'' if n else label:<11}", "strong"), (line, look)) for n, line in enumerate(lines)]


def _about(book: Book, width: int, earlier: int) -> list[Line]:
    opened, seen, health = book.opened, book.seen, book.health
    code = seen.firmware
    names = " ".join(filter(None, (code.product, code.name, code.version, code.sdk)))
    mac = seen.info.mac.hex(":").upper() if seen.info.mac else "none found"
    verdict = "A full backup, worth trusting." if health.trusted else "Do not rely on it."
    lines = _labelled("Verdict", verdict, width, "good" if health.trusted else "bad")
    for reason in health.reasons:
        lines += _labelled("", f"- {reason}", width, "warn")
    for note in dict.fromkeys((*health.notes, *seen.warnings)):
        if note not in health.reasons:
            lines += _labelled("", note, width, "faint")
    rows = [
        ("File", f"{opened.path.name}, {size(len(opened.data))}"),
        ("Folder", folder_words(opened.path)),
        ("Chip", f"BK7231{seen.chip.upper()}" if seen.chip else "not known"),
        ("MAC", mac),
        ("Backups", f"{earlier} kept of this device" if earlier else "none kept of this device"),
        ("Bootloader", seen.info.boot.text if seen.info.boot else "not in the table"),
        ("Firmware", names or "not readable"),
        ("OpenBeken", own_words(book.own) if book.own is not None else ""),
        ("Code key", seen.key.name if seen.key else "not known"),
        ("SHA-256", opened.sha256),
    ]
    if seen.store is not None:
        at = seen.address(seen.store.at)
        rows.append(("Store", f"0x{at:06X}, its key from: {seen.store.candidate.source}"))
    for label, text in rows:
        if text:
            lines += _labelled(label, text, width)
    return lines


def folder_words(path: Path) -> str:
    """The folder of a dump, as it can be typed: ~ stands for the person's own."""
    folder = path.absolute().parent
    own = Path.home()
    return f"~/{folder.relative_to(own)}" if folder.is_relative_to(own) else str(folder)


# -- pins -------------------------------------------------------------------------------------


def _pins(book: Book, width: int, flips: Flips) -> list[Line]:
    found, wiring = book.seen.pins, book.seen.wiring
    if found is None or wiring is None:
        return []
    wiring = wiring.with_flipped(flips)
    lines = _text(f"{wiring.module or 'Module not named'}, from: {found.source} ({found.sure})",
                  width, "strong")  # fmt: skip
    lines.append(((f"{'Pin':<5}{'Pad':<9}{'Role':<15}What is on it", "head"),))
    for use in wiring.uses:
        lines += _pin(use, width, flips)
    lines += _free(wiring)
    for warning in (*found.notes, *wiring.warnings):
        lines += _text(f"! {warning}", width, "warn", 2)
    for command in wiring.commands:
        lines += _text(f"Command: {command}", width, "", 2)
    if wiring.trip:
        text = f"Overload: {wiring.trip}  (a convenience, not a safety device)"
        lines += _text(text, width, "", 2)
    if wiring.fields:
        lines += [(("", ""),), (("Other fields", "head"),)]
    for field in wiring.fields:
        told = f"  ({field.meaning})" if field.meaning else ""
        lines += _text(f"{field.name} = {field.value}{told}", width, "", 2)
    return lines


def _pin(use: Use, width: int, flips: Flips) -> list[Line]:
    role = f"{use.role};{use.channel}" if use.role else "none"
    turned = " [turned over]" if use.gpio in flips and use.other else ""
    head = f"P{use.gpio:<4}{use.pad or '-':<9}{role:<15}"
    lines = fold(f"{use.words}{turned}", max(width - len(head), 12))
    return [((head if not n else " " * len(head), ""), (line, "")) for n, line in enumerate(lines)]


def _free(wiring: Wiring) -> list[Line]:
    """The module's other pads, in the order of its GPIOs."""
    from core.tuya.modules import FUNCTIONS, PADS

    used = {use.gpio for use in wiring.uses}
    return [
        ((f"P{gpio:<4}{pad:<9}{'free':<15}{FUNCTIONS.get(gpio, '')}", "faint"),)
        for gpio, pad in sorted(PADS.get(wiring.module.upper(), {}).items())
        if gpio not in used
    ]


# -- configuration and values -----------------------------------------------------------------


def _own(own: Configuration, width: int) -> list[Line]:
    text = "The configuration that OpenBeken uses on this plug. h hands it over."
    lines = _text(text, width, "faint")
    for note in own.notes:
        lines += _text(note, width, "faint", 2)
    return [*lines, (("", ""),), *_text(own.toml(), width, "", 2)]


def _config(book: Book, width: int, flips: Flips) -> list[Line]:
    from core.fault import FaultError
    from core.tuya.outputs import configuration

    try:
        made = configuration(book.seen, flipped=flips)
        parts = (("Template", made.template()), ("Script", made.script()), ("Profile", made.toml()))
    except FaultError as error:
        fault = error.fault
        return _text(f"{fault.code}: {fault.what} {fault.next}", width, "warn")
    lines = _text("h hands it to the Flash pane; f turns a pin's polarity over.", width, "faint")
    if book.own is not None:
        text = (
            f"This one is made from {STOCK}: it knows neither names nor MQTT nor flags. What "
            "OpenBeken uses is in the row above."
        )
        lines += _text(text, width, "warn")
    for note in made.notes:
        lines += _text(f"! {note}", width, "warn", 2)
    for title, text in parts:
        lines += [(("", ""),), ((title, "head"),), *_text(text, width, "", 2)]
    return lines


def _value(book: Book, node: Node, width: int, *, reveal: bool) -> list[Line]:
    from core.tuya.secrets import holds_secrets, shown

    entry, value = node.entry, b""
    if entry is not None:
        value = entry.value
        check = "good" if entry.intact else "WRONG"
        head = f"{entry.length} bytes, checksum {check}, block {entry.block} page {entry.page}"
        lines = _text(node.name, width, "strong") + _text(head, width, "faint")
        if entry.state != "live" or entry.note:
            lines += _text(" ".join(filter(None, (entry.state, entry.note))), width, "warn")
        if entry.missing:
            lines += _text(f"{entry.missing} bytes are missing.", width, "bad")
    else:
        value = book.seen.protected.values[node.name] if book.seen.protected else b""
        lines = _text(f"{node.name}, protected sector", width, "strong")
        lines += _text(f"{len(value)} bytes", width, "faint")
    if not reveal and holds_secrets(node.name, value):
        lines += _text("Secrets are hidden: s shows them.", width, "warn")
    lines.append((("", ""),))
    return lines + _text(pretty(shown(node.name, value, reveal=reveal)), width, "", 2)


def pretty(text: str) -> str:
    """JSON with a field a line; other text as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
