"""A copy of a dump that can be shared: nothing private is left in it, all checksums fit.

Built from an allow-list (ruling B1): bootloader and application stay, the RF block stays with half
of its MAC, the store is made anew with harmless values only, all else becomes FF.  Then the copy
is searched for every secret of the original.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass

from core.bkimage import rf
from core.bkimage.flashmap import SECTOR
from core.tuya import crypt, encode, faults, secrets
from core.tuya.areas import Kind
from core.tuya.connect import MASK
from core.tuya.layout import DATA_BLOCKS, STORE_SIZE, SWAP_BLOCKS
from core.tuya.survey import Survey, survey

_KEPT = (Kind.BOOT, Kind.CODE, Kind.HEADER)
_NO_DEVICE = bytes(3)
_LONG = 12
"""Characters from which on a secret cannot be a word of the firmware's."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """The copy; `kept` and `dropped` are names of values; `searched` counts the secrets."""

    data: bytes
    kept: tuple[str, ...]
    dropped: tuple[str, ...]
    searched: int


def redact(seen: Survey) -> Redacted:
    """The shareable copy.  Raises TUYA-LEAK when a secret would stay."""
    out = bytearray(b"\xff" * len(seen.data))
    for area in seen.areas:
        if area.kind in _KEPT:
            start, end = area.start - seen.base, area.end - seen.base
            out[start:end] = seen.data[start:end]
    _put_rf(seen, out)
    values = seen.store.values if seen.store else {}
    kept = {n: v for n, v in values.items() if secrets.is_harmless(n, v)}
    if seen.store is not None:
        _put_store(seen, kept, out)
    known = _secrets_of(seen)
    _search(bytes(out), known)
    dropped = tuple(name for name in values if name not in kept)
    return Redacted(bytes(out), tuple(kept), dropped, len(known))


def _put_rf(seen: Survey, out: bytearray) -> None:
    """The calibration with the maker's half of the MAC."""
    at, mac = seen.info.rf_at, seen.info.mac
    if at is not None and mac is not None:
        maker = mac[:3] if any(mac[:3]) else b"\x02\0\0"
        sector = rf.with_mac(seen.data[at : at + SECTOR], maker + _NO_DEVICE)
        out[at : at + SECTOR] = sector


def _put_store(seen: Survey, kept: dict[str, bytes], out: bytearray) -> None:
    """A new store in the old one's place, under a key that says nothing of the device."""
    assert seen.store is not None
    at = seen.store.at
    room = min(STORE_SIZE, len(out) - at) // SECTOR
    blocks = min(DATA_BLOCKS, room - 1)
    if at < 0 or blocks < 1:
        return
    writer = encode.StoreWriter(
        crypt.SHARED_KEYS[0], blocks=blocks, swap=min(SWAP_BLOCKS, room - 1 - blocks)
    )
    for name, value in kept.items():
        writer.put(name, value)
    image = writer.without_swap()
    out[at : at + len(image)] = image


def _secrets_of(seen: Survey) -> set[bytes]:
    """Those of live and older values, of the protected sector and the fast-connect record."""
    found = secrets.all_secrets({}, seen.connect, seen.info.mac)
    groups = []
    if seen.store is not None:
        groups += [{e.name: e.value} for e in (*seen.store.entries, *seen.store.others)]
        if not any(key == seen.store.candidate.key for key in crypt.SHARED_KEYS):
            found.add(seen.store.candidate.key)
    if seen.protected is not None:
        groups.append(seen.protected.values)
    for values in groups:
        found |= secrets.all_secrets(values, None, None)
    return found


def _search(copy: bytes, known: set[bytes]) -> None:
    """Raise TUYA-LEAK if one of the secrets is in the copy, as it lies there or decrypted.

    A short secret, say a Wi-Fi name, may also be a word of the maker's: code that agrees with its
    own container is as it was built, and is searched for long secrets only.
    """
    again = survey(copy)
    code, views = _code_and_rest(again)
    if again.store is not None:
        views += again.store.values.values()
    for secret in sorted(known):
        looked = views if len(secret) < _LONG else views + code
        for form in _forms(secret):
            if any(form in view for view in looked):
                raise faults.LEAK(
                    what="A secret of the device is still in the shareable copy.",
                    cause="It stands in the firmware itself or in a value that is shared.",
                    next="Share the pins instead: wattbench backup extract F --template.",
                    state="No file was written.",
                )


def _code_and_rest(copy: Survey) -> tuple[list[bytes], list[bytes]]:
    """Code that is proven by its container, in plain and as it lies there; all other bytes."""
    plain = copy.decrypted()
    proven: list[bytes] = []
    rest: list[bytes] = []
    for area in copy.areas:
        if area.state == "blank":
            continue
        good = area.kind in _KEPT and area.state == "good"
        start, end = area.start - copy.base, area.end - copy.base
        (proven if good else rest).extend({copy.data[start:end], plain[start:end]})
    good = any(area.name == "app" and area.state == "good" for area in copy.areas)
    (proven if good else rest).append(copy.app)
    return proven, rest


def _forms(secret: bytes) -> Iterator[bytes]:
    """A secret in every encoding it was seen in."""
    yield secret
    yield from _base64(secret)
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    yield secret[::-1]
    for turn in range(len(MASK)):
        mask = MASK[turn:] + MASK[:turn]
        yield bytes(byte ^ mask[i % len(mask)] for i, byte in enumerate(secret))


def _base64(secret: bytes) -> Iterator[bytes]:
    """What of a secret is the same in Base64 whatever stands around it, for each of 3 places."""
    for before in range(3):
        text = base64.b64encode(bytes(before) + secret)
        loose = (0, 3, 2)[(before + len(secret)) % 3]
        yield text[(0, 2, 3)[before] : len(text) - loose]
