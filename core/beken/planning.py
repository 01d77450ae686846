"""Makes plans: everything that must be refused is refused here, before the first erase.

Source: rulings P10 to P12, P14 to P16 and P19.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core.beken import faults
from core.beken.grounds import (
    Identity,
    effective_key,
    foreign,
    identity_of,
    require_backup,
    require_layout,
    require_true,
)
from core.beken.identify import Device
from core.beken.plan import RF_NAME, Plan, Span, build
from core.bkimage import cipher, strides
from core.bkimage import faults as image_faults
from core.bkimage.flashmap import APP_END_MAX, APP_LOGICAL, APP_START, SECTOR, ChipMap
from core.bkimage.image import Image, payload_for_flash, require_flashable
from core.store.backups import Backup


def make_plan(
    device: Device,
    image: Image,
    backup: Backup,
    data: bytes,
    identity: Identity,
    *,
    confirmed: bool,
    config: bytes | None = None,
) -> Plan:
    """The plan to write `image` to `device`, whose backup holds `data`.

    `identity` comes from the chip that is linked now; `confirmed` says that a backup which is not
    whole was accepted by typing; `config` is a configuration sector to be written as well.
    Raises BK-NOT-YET, BK-SIZE, BK-NOT-TRUE, BK-FOREIGN, BK-KEY-UNKNOWN, IMG-*.
    """
    layout = require_layout(device)
    require_backup(device, backup, data, identity, confirmed)
    key = effective_key(device, data)
    require_flashable(image, device.chip, key)
    start, payload = payload_for_flash(image)
    title = " ".join(filter(None, (image.product, image.version, layout.letter.upper())))
    spans = [Span(title, start, payload.ljust(APP_END_MAX - start, b"\xff"))]
    if config is not None:
        spans.append(_config_span(layout, config))
    source = hashlib.sha256(image.data).hexdigest()
    return build("flash", title, device, layout, (backup, data), spans, identity, key.name, source)


def make_config_plan(
    device: Device,
    config: bytes,
    backup: Backup,
    data: bytes,
    identity: Identity,
    *,
    confirmed: bool,
) -> Plan:
    """The plan to write the configuration sector and nothing else.  Raises as `make_plan`."""
    layout = require_layout(device)
    require_backup(device, backup, data, identity, confirmed)
    source = hashlib.sha256(config).hexdigest()
    spans = [_config_span(layout, config)]
    return build(
        "config", "configuration", device, layout, (backup, data), spans, identity, "", source
    )


def make_restore_plan(
    device: Device,
    source: tuple[Backup, bytes],
    base: tuple[Backup, bytes],
    identity: Identity,
    *,
    rf: bytes | None,
    rf_only: bool = False,
    confirmed: bool,
) -> Plan:
    """The plan to write a backup back: everything but the bootloader, and the RF sector only
    where `rf` gives one, alone and last (rulings P10, P11, P19).

    `source` is the backup to write, `base` one of the device as it is now.  Raises as
    `make_plan`, BK-FOREIGN when bootloaders differ.
    """
    layout = require_layout(device)
    require_backup(device, *base, identity, confirmed)
    backup, data = source
    require_true(backup, confirmed)
    _require_restorable(device, backup, data, identity)
    spans = []
    if not rf_only:
        _require_key(device, data)
        spans = [
            Span("application and files", APP_START, data[APP_START : layout.rf.start]),
            Span("configuration and Tuya store", layout.rf.end, data[layout.rf.end :]),
        ]
    if rf is not None:
        spans.append(Span(RF_NAME, layout.rf.start, rf))
    title = f"backup {backup.path.name}"
    return build("restore", title, device, layout, base, spans, identity, "", backup.sha256)


def make_plan_again(
    device: Device,
    old: dict[str, Any],
    target: bytes,
    base: tuple[Backup, bytes],
    identity: Identity,
) -> Plan:
    """The plan of an interrupted job, made again for the device that is linked now.

    `old` is its `plan.json`, `target` its bytes.  Raises BK-NOT-TRUE, BK-FOREIGN, BK-RESUME.
    """
    layout = require_layout(device)
    spans, at = [], 0
    try:
        if hashlib.sha256(target).hexdigest() != old["target_sha256"]:
            raise ValueError("target.bin is not what was planned")
        for name, start, end in old["spans"]:
            spans.append(Span(str(name), start, target[at : at + end - start]))
            at += end - start
        _require_sane(layout, spans)
        words = [str(old[name]) for name in ("job", "image", "flash_key", "image_sha256")]
        rf_crc = int(str(old["rf_crc"]), 16)
    except (KeyError, TypeError, ValueError) as error:
        raise faults.RESUME(
            what=f"The job folder cannot be used: {error}.",
            cause="It was damaged, or changed by hand.",
            next="Start the job again from the beginning, with the backup it made.",
        ) from error
    writes_rf = any(span.name == RF_NAME for span in spans)
    then = Identity(identity.bootloader, rf_crc) if writes_rf else identity
    as_then = _without_rf(device, base[0]) if writes_rf else device
    require_backup(as_then, *base, then, confirmed=True)
    job, title, key, source = words
    return build(job, title, device, layout, base, spans, identity, key, source)


def _without_rf(device: Device, backup: Backup) -> Device:
    """The device as its backup knew it: its RF sector was being written."""
    return replace(device, mac=backup.facts.mac)


def _require_sane(layout: ChipMap, spans: Sequence[Span]) -> None:
    """Raises ValueError for ranges that no plan of ours has."""
    if not spans:
        raise ValueError("it names no range")
    for span in spans:
        whole = not span.start % SECTOR and bool(span.data) and not len(span.data) % SECTOR
        rf = layout.rf.start < span.end and span.start < layout.rf.end
        if not whole or span.start < APP_START or span.end > layout.size:
            raise ValueError("a range is not one of this flash")
        if rf and (span.name != RF_NAME or len(span.data) != SECTOR):
            raise ValueError("a range covers the RF sector")


def _config_span(layout: ChipMap, config: bytes) -> Span:
    if len(config) != SECTOR:
        raise ValueError("a configuration sector has 4096 bytes")
    return Span("OpenBeken configuration", layout.config.start, config)


def _require_restorable(device: Device, backup: Backup, data: bytes, identity: Identity) -> None:
    """Refuse what was never on this chip (rulings P10, P11)."""
    facts = backup.facts
    checks = (
        ("chip", facts.chip == device.chip),
        ("size", facts.size == device.size == len(data)),
        ("MAC", not device.mac or facts.mac == device.mac),
        (
            "bootloader",
            facts.chip != device.chip
            or identity_of(data, device.chip).bootloader == identity.bootloader,
        ),
    )
    differs = [name for name, same in checks if not same]
    if differs:
        raise foreign(backup, device, differs)


def _require_key(device: Device, data: bytes) -> None:
    """Refuse a program that this chip would decrypt to garbage.  Raises IMG-KEY."""
    made = cipher.key_of(strides.strip(data[APP_START : APP_START + strides.STRIDE]), APP_LOGICAL)
    readable = device.flash_key in (cipher.TUYA, cipher.UASCENT)
    if made is None or not readable or made == device.flash_key:
        return
    raise image_faults.KEY(
        what=f"The backup's program is made for the key '{made.name}', the chip has another.",
        cause="The backup is of another module.",
        next="Take a backup of this very plug.",
    )
