"""What the backup verb says of a dump: values for --json, lines for people.  Secrets hidden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.backup_own import own_configuration, own_words
from tui.text import size

if TYPE_CHECKING:
    from core.tuya.areas import Area
    from core.tuya.catalogue import Growing, Item
    from core.tuya.health import Health
    from core.tuya.keyvalue import Entry
    from core.tuya.opening import Opened
    from core.tuya.pins import Use
    from core.tuya.survey import Survey

Values = dict[str, Any]


def show_values(opened: Opened, seen: Survey, health: Health, *, reveal: bool) -> Values:
    """The result of `backup show`."""
    store = seen.store
    own = own_configuration(seen)
    values: Values = {
        "file": str(opened.path),
        "sha256": opened.sha256,
        "size": len(opened.data),
        "chip": f"bk7231{seen.chip}" if seen.chip else "",
        "mac": seen.info.mac.hex(":").upper() if seen.info.mac else "",
        "flash_key": seen.key.name if seen.key else "",
        "boot": seen.info.boot.text if seen.info.boot else "",
        "firmware": seen.firmware.product,
        "firmware_name": seen.firmware.name,
        "firmware_version": seen.firmware.version,
        "sdk": seen.firmware.sdk,
        "openbeken": "" if own is None else own_words(own),
        "base": seen.base,
        "rotated": seen.shift,
        "regions": [area_values(area) for area in seen.areas],
        "storage": None if store is None else seen.address(store.at),
        "storage_offset": None if store is None else seen.file_offset(seen.address(store.at)),
        "storage_key": "" if store is None else str(store.candidate.source),
        "keys": [key_values(e, reveal=reveal) for e in store.entries] if store else [],
        "others": [key_values(e, reveal=reveal) for e in store.others] if store else [],
        "damaged": [
            {"address": seen.address(bad.at), "block": bad.id, "why": bad.why}
            for bad in (store.damaged if store else ())
        ],
        "trusted": health.trusted,
        "reasons": list(health.reasons),
        "notes": list(health.notes),
        "warnings": list(seen.warnings),
    }
    return values | _wiring_values(seen)


def area_values(area: Area) -> Values:
    """One region of the map."""
    return {
        "name": area.name,
        "start": area.start,
        "end": area.end,
        "kind": str(area.kind),
        "state": area.state,
        "found": area.found,
        "note": area.note,
    }


def key_values(entry: Entry, *, reveal: bool) -> Values:
    """One value of the store; what is secret in it stays hidden."""
    from core.tuya.secrets import holds_secrets, shown

    return {
        "name": entry.name,
        "length": entry.length,
        "checksum": "ok" if entry.intact else "wrong",
        "missing": entry.missing,
        "state": str(entry.state),
        "block": entry.block,
        "page": entry.page,
        "secret": holds_secrets(entry.name, entry.value),
        "value": shown(entry.name, entry.value, reveal=reveal),
    }


def pin_values(use: Use) -> Values:
    """One pin."""
    return {
        "pin": use.gpio,
        "role": use.role,
        "channel": use.channel,
        "key": use.field,
        "level": use.level,
        "pad": use.pad,
        "words": use.words,
    }


def _wiring_values(seen: Survey) -> Values:
    wiring, found = seen.wiring, seen.pins
    if wiring is None or found is None:
        return {"module": "", "pins": [], "pins_from": "", "tuya_mcu": seen.has_mcu}
    return {
        "module": wiring.module,
        "pins_from": found.source,
        "pins_sure": str(found.sure),
        "pins": [pin_values(use) for use in wiring.uses],
        "fields": {f.name: f.value for f in wiring.fields},
        "meter": wiring.meter,
        "led_driver": wiring.driver,
        "commands": list(wiring.commands),
        "overload_line": wiring.trip,
        "pin_warnings": [*found.notes, *wiring.warnings],
        "tuya_mcu": False,
    }


# -- lines ------------------------------------------------------------------------------------


def show_lines(opened: Opened, seen: Survey, health: Health, *, reveal: bool) -> list[str]:
    """The same for people."""
    values = show_values(opened, seen, health, reveal=reveal)
    chip = values["chip"].upper() or "chip not known"
    lines = [
        f"{opened.path.name}: {size(values['size'])}, {chip}, {values['mac'] or 'no MAC'}",
        f"firmware  {_firmware(values)}",
        *([f"OpenBeken {values['openbeken']}"] if values["openbeken"] else []),
        *verdict_lines(health),
        *(f"! {warning}" for warning in seen.warnings if warning not in health.notes),
        "",
        "Map (flash addresses)",
        *map(_area_line, seen.areas),
    ]
    if seen.store is not None:
        lines += ["", f"Tuya store at {values['storage']:#08x}, key from: {values['storage_key']}"]
        for entry in values["keys"] + values["others"]:
            lines += _key_lines(entry)
    return [*lines, "", *_pin_lines(seen)]


def _firmware(values: Values) -> str:
    names = ("firmware", "firmware_name", "firmware_version", "sdk")
    found = " ".join(str(values[name]) for name in names if values[name])
    return found or "not readable"


def verdict_lines(health: Health) -> list[str]:
    """Whether to trust the file, and why not."""
    head = "verdict   " + ("a full backup, worth trusting" if health.trusted else "do not rely on")
    return [
        head,
        *(f"          - {reason}" for reason in health.reasons),
        *(f"          ({note})" for note in health.notes),
    ]


def _area_line(area: Area) -> str:
    text = f"  {area.start:06x}-{area.end - 1:06x}  {area.name:<18} {area.state:<8} {area.note}"
    return text.rstrip()


def _key_lines(entry: Values) -> list[str]:
    state = "" if entry["state"] == "live" else f" ({entry['state']})"
    wrong = "" if entry["checksum"] == "ok" else ", checksum wrong"
    head = f"  {entry['name']}{state}, {entry['length']} bytes{wrong}"
    text = entry["value"].replace("\r", " ").replace("\n", " ")
    return [head, f"      {text}"] if text else [head]


def _pin_lines(seen: Survey) -> list[str]:
    wiring, found = seen.wiring, seen.pins
    if wiring is None or found is None:
        if seen.has_mcu:
            return ["Pins: a second chip (TuyaMCU) has them; extract --template gives its line."]
        return ["Pins: none found."]
    lines = [f"Pins of module {wiring.module or '?'}, from: {found.source} ({found.sure})"]
    lines += [f"  {line}" for line in wiring.lines]
    lines += [f"  ! {warning}" for warning in (*found.notes, *wiring.warnings)]
    lines += [f"  command: {command}" for command in wiring.commands]
    if wiring.trip:
        lines.append(f"  overload: {wiring.trip}  (a convenience, not a safety device)")
    lines.append("Other fields")
    lines += [
        f"  {f.name} = {f.value}" + (f"  ({f.meaning})" if f.meaning else "") for f in wiring.fields
    ]
    return lines


def item_values(item: Item) -> Values:
    """One backup of the catalogue."""
    return {
        "file": str(item.path),
        "when": item.when,
        "chip": item.chip,
        "mac": item.mac,
        "size": item.size,
        "label": item.label,
        "true": item.true,
        "whole": item.whole,
        "number": item.number,
        "of": item.count,
        "trusted": item.trusted,
        "reasons": list(item.reasons),
    }


def item_lines(item: Item) -> list[str]:
    """The same for people: two lines and the reasons."""
    marks = "true and whole" if item.true and item.whole else "true" if item.true else "not proven"
    verdict = "" if item.trusted else ", do not rely on it"
    name = item.mac or "no MAC"
    place = f"backup {item.number} of {item.count}"
    lines = [
        f"{item.when}  {item.chip:<8} {name}  {marks}{verdict}  {place}",
        f"  {item.label or 'device not known'}",
        f"  {item.path}",
    ]
    return lines + [f"  - {reason}" for reason in item.reasons]


def growing_lines(part: Growing) -> list[str]:
    """A backup that is not finished."""
    total = len(part.cells)
    share = f"{part.done} of {total} sectors read" if total else "nothing known of it"
    return [f"not finished: {share}", f"  {part.path}"]
