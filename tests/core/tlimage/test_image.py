"""Images are recognised by content and refused with the reason."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.fault import Exit, FaultError
from core.sim.module_images import meter_image, module_flash
from core.tlimage import flashmap, image
from core.tlimage.image import Holds

GOOD = meter_image()


def sealed(data: bytes) -> bytes:
    """With a right length field and checksum."""
    body = bytearray(data[:-4])
    body[0x18:0x1C] = len(data).to_bytes(4, "little")
    return bytes(body) + (zlib.crc32(body) ^ 0xFFFFFFFF).to_bytes(4, "little")


def changed(at: int, new: bytes, data: bytes = GOOD) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def test_a_release_is_recognised() -> None:
    found = image.identify(GOOD)
    assert (found.version, found.title, len(found.data)) == (
        "V1.7", "electricity_meter V1.7", 74932,
    )  # fmt: skip


REFUSED = {
    "empty": (b"", "TLIMG-NOT-IMAGE"),
    "text": (b"<html>" * 100, "TLIMG-NOT-IMAGE"),
    "magic": (changed(8, b"XNLT"), "TLIMG-NOT-IMAGE"),
    "raw build": (changed(6, b"\0\0"), "TLIMG-UNMARKED"),
    "cut off": (GOOD[:-1], "TLIMG-LENGTH"),
    "padded": (GOOD + b"\xff" * 12, "TLIMG-LENGTH"),
    "no 4 in 16": (sealed(GOOD[:-8]), "TLIMG-LENGTH"),
    "too large": (sealed(GOOD + b"\xff" * (0x20004 - len(GOOD))), "TLIMG-LENGTH"),
    "header only": (sealed(GOOD[:0x34]), "TLIMG-LENGTH"),
    "one bit": (changed(0x9000, bytes([GOOD[0x9000] ^ 1])), "TLIMG-DAMAGED"),
    "other product": (sealed(GOOD.replace(b"Electricity_meter", b"Watermeter_______")),
                      "TLIMG-OTHER"),
    "two versions": (sealed(changed(0x5000, b"V2.0")), "TLIMG-OTHER"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_everything_else_is_refused_with_its_reason(name: str) -> None:
    data, code = REFUSED[name]
    with pytest.raises(FaultError) as caught:
        image.identify(data)
    fault = caught.value.fault
    assert (fault.code, fault.exit) == (code, Exit.REFUSED)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=4096), st.integers(0, 0x40))
def test_any_bytes_give_an_image_or_a_fault(data: bytes, at: int) -> None:
    for candidate in (data, changed(at, data)):
        try:
            image.identify(candidate)
        except FaultError as error:
            assert error.fault.code.startswith("TLIMG-")
        image.bank(candidate, 0)
        image.bank_length(candidate)


def test_banks_say_what_they_hold_and_what_boots() -> None:
    first, second = image.banks(module_flash(GOOD, second=meter_image("V1.6", 73988)))
    assert (first.text, second.text) == (
        "electricity_meter V1.7 (boots)", "electricity_meter V1.6 (boots)",
    )  # fmt: skip
    demoted = changed(8, b"\0", module_flash(GOOD))
    first, second = image.banks(demoted)
    assert (first.holds, first.version, first.boots) == (Holds.METER, "V1.7", False)
    assert (second.holds, second.boots) == (Holds.BLANK, False)
    damaged = changed(0x8000, b"\0\0\0\0", module_flash(GOOD))
    assert image.banks(damaged)[0].holds is Holds.DAMAGED
    other = sealed(GOOD.replace(b"Electricity_meter", b"Watermeter_______"))
    assert image.banks(module_flash(other))[0].text == "other firmware (boots)"
    raw = changed(6, b"\0\0", module_flash(GOOD))
    assert image.banks(raw)[0].holds is Holds.OTHER
    assert image.banks(b"\x11" * 0x80000)[0].holds is Holds.NOTHING


def test_what_must_not_be_written_is_not_writable() -> None:
    assert flashmap.writable(0x80000) == ((0, 0x76000), (0x78000, 0x80000))
    assert flashmap.writable(0x100000) == ((0, 0x76000), (0x78000, 0xFE000))


def test_a_mac_is_stored_backwards_and_blank_is_none() -> None:
    flash = module_flash(GOOD)
    assert flashmap.mac_of(flash[0x76000:]) == "A4:C1:38:AA:BB:CC"
    for none in (b"", b"\xff" * 8, bytes(8), b"\x01\x02"):
        assert flashmap.mac_of(none) == ""
