"""The whole look: every kind of file that a technician comes with."""

from itertools import pairwise

import pytest

from core.bkimage import cipher, strides
from core.bkimage.flashmap import SIZE
from core.sim import firmware
from core.sim.tuya_values import LSC_N
from core.tuya import connect, encode, files
from core.tuya.areas import Kind
from core.tuya.pin_text import Sure
from core.tuya.survey import survey
from tests.core.tuya.dumps import (
    KEY,
    SECTOR,
    STORE,
    VALUES,
    damaged,
    real,
    simple,
    stock,
    wiped,
    with_store,
)

PLAIN = {name: value for name, value in VALUES.items() if name != "user_param_key"}


def gapless(seen):
    areas = seen.areas
    assert areas[0].start == seen.base
    assert areas[-1].end == seen.base + len(seen.data)
    assert all(a.end == b.start for a, b in pairwise(areas))
    return areas


def kinds_at(seen, address):
    (area,) = [a for a in seen.areas if a.start <= address < a.end]
    return area


def test_a_whole_flash():
    seen = survey(stock())
    assert (seen.chip, seen.base, seen.shift, seen.warnings) == ("n", 0, 0, ())
    assert seen.pins.source == "key-value store"
    assert seen.firmware.product == "Tuya"
    assert seen.firmware.loader == "BK7231N_1.0.1"
    gapless(seen)
    assert kinds_at(seen, 0x11000).state == "good"
    assert kinds_at(seen, 0x1D0000).kind is Kind.RF
    assert kinds_at(seen, STORE).name == "store key"
    assert kinds_at(seen, 0x1FF000).kind is Kind.STORE
    assert kinds_at(seen, 0x10F9A).kind is Kind.HEADER


def test_a_t_is_told_from_an_n():
    seen = survey(firmware.stock_t())
    assert seen.chip == "t"
    assert seen.wiring.module == "WB2S"
    assert kinds_at(seen, 0x1E0000).kind is Kind.RF
    gapless(seen)


PARTS = {
    "store alone": (STORE, SIZE),
    "tail": (0x1E0000, SIZE),
    "from the file system on": (0x1D2000, SIZE),
    "cut in the store": (0, 0x1F4000),
    "without its last byte": (0, SIZE - 1),
}


@pytest.mark.parametrize("part", PARTS)
def test_parts_of_a_flash(part):
    start, end = PARTS[part]
    seen = survey(stock()[start:end])
    assert seen.base == start
    assert seen.wiring.module == "CB2S"
    assert seen.pins.sure is Sure.CERTAIN
    assert seen.address(seen.store.at) == STORE
    assert seen.chip == "n"
    assert any("part of a flash" in w or "It has" in w for w in seen.warnings)
    gapless(seen)


@pytest.mark.parametrize("shift", [0x11000, 16, SIZE - 16])
def test_a_rotated_flash_is_put_right_on_a_copy(shift):
    data = stock()
    seen = survey(data[shift:] + data[:shift])
    assert seen.shift == shift
    assert seen.data == data
    assert seen.file_offset(shift) == 0
    assert seen.file_offset(0) == SIZE - shift
    assert "rotated" in seen.warnings[0]


def test_notes_name_flash_addresses_also_for_a_part():
    part = damaged(stock()[STORE:], SECTOR * 3 + 5)
    assert survey(part).warnings[1].startswith("Damaged at 0x1f1000: block 2")


def test_a_store_in_an_uncommon_place():
    seen = survey(with_store(encode.StoreWriter(KEY, blocks=8, swap=2).image(), 0x1F5000))
    assert seen.base == 0
    assert seen.address(seen.store.at) == 0x1F5000
    assert any("0x1f5000" in warning for warning in seen.warnings)
    gapless(seen)


# -- where pins are found ---------------------------------------------------------------------


def test_pins_from_the_file_system():
    data = with_store(simple(**PLAIN), files=files.build({"a": b"", "oem_cfg": LSC_N}))
    seen = survey(data)
    assert (seen.pins.source, seen.pins.sure) == ("file oem_cfg beside the store", Sure.LIKELY)
    assert seen.wiring.module == "CB2S"
    (span,) = seen.pins.spans
    assert seen.data[span.at : span.at + span.size] == LSC_N


def test_pins_from_a_file_with_old_memory_behind_them():
    padded = LSC_N + b"ZZZ\0\xe5A\0" + b"\xee" * 100
    seen = survey(with_store(simple(**PLAIN), files=files.build({"json": padded})))
    assert seen.pins.text == LSC_N


def test_pins_from_text_that_just_lies_there():
    seen = survey(with_store(simple(**PLAIN), files=b"\xff" * 77 + b"\0" + LSC_N + b"\0"))
    assert seen.pins.source == "text at 0x1d204e"
    assert seen.wiring.module == "CB2S"


def test_pins_from_a_deleted_value():
    writer = encode.StoreWriter(KEY)
    writer.put("user_param_key", LSC_N)
    writer.delete("user_param_key")
    seen = survey(with_store(writer.image()))
    assert seen.pins.source == "key-value store, deleted version"


def test_pins_compiled_into_the_firmware():
    texts = ("oem_bk7231n_strip", "Jsonver:", "," + "crc:", LSC_N.decode())
    recipe = firmware.Recipe("n", cipher.TUYA, 1, 0x20000, texts, "n", "n")
    overlay = {STORE: simple(**PLAIN), 0x1D2000: b"\xff" * SECTOR * 3}
    seen = survey(firmware._stock(recipe, bytes.fromhex("c0ffee001234"), overlay))
    assert seen.pins.source == "compiled into the firmware"
    assert seen.pins.text == LSC_N
    assert seen.wiring.module == "CB2S"


def test_a_damaged_store_value_is_the_last_resort():
    writer = encode.StoreWriter(KEY, swap=0)
    writer.put("fill", bytes(128 * 28))
    writer.put("user_param_key", LSC_N)
    at = STORE + SECTOR * 2
    seen = survey(damaged(with_store(writer.image()), at + 300))
    assert seen.pins.sure is Sure.DOUBTFUL
    assert any("bytes are missing" in warning for warning in seen.warnings)


def test_a_device_with_a_second_chip():
    data = with_store(
        simple(baud_cfg=b'{"baud":115200}\0', abc=b'[{"id":1,"property":{"type":"bool"}}]\0')
    )
    seen = survey(data)
    assert seen.has_mcu
    assert seen.mcu_settings() == (115200, [{"id": 1, "property": {"type": "bool"}}])


def test_a_configuration_without_pins_leaves_the_second_chip_its_place():
    seen = survey(simple(baud_cfg=b'{"baud":9600}\0', user_param_key=b"{jv:1.0.0,crc:3,}"))
    assert seen.has_mcu
    assert not survey(simple(baud_cfg=b'{"baud":9600}\0', user_param_key=LSC_N)).has_mcu


def test_without_key_and_protected_sector_the_shared_key_opens_the_stock_flash():
    seen = survey(wiped(stock(), STORE, STORE + SECTOR))
    assert seen.pins.sure is Sure.CERTAIN
    assert any("key that several devices share" in warning for warning in seen.warnings)


# -- decrypted views --------------------------------------------------------------------------


def test_the_decrypted_view_keeps_every_place():
    seen = survey(stock())
    plain = seen.decrypted()
    assert len(plain) == SIZE
    (span,) = seen.store.get("user_param_key").spans[:1]
    assert plain[span.at : span.at + 20] == LSC_N[:20]
    assert plain[0x11000 : 0x11000 + 4] == bytes.fromhex("0e0000ea")
    raw = seen.data[0x11000 : 0x11000 + 34 * 50]
    shown = plain[0x11000 : 0x11000 + 34 * 50]
    assert shown[32::34] == raw[32::34]
    assert strides.strip(shown)[:64] == seen.app[:64]
    assert seen.decrypted(store=False, software=False) == seen.data


def test_only_the_store_is_opened_on_wish():
    seen = survey(stock())
    plain = seen.decrypted(software=False)
    assert plain[:STORE] == seen.data[:STORE]
    assert plain[STORE : STORE + 4] == bytes.fromhex("53975713")


# -- other sectors ----------------------------------------------------------------------------


@pytest.mark.parametrize("hidden", [False, True])
def test_fast_connect(hidden):
    record = connect.build("home", "correct horse", channel=11)
    data = bytearray(stock())
    data[0x1D1000 : 0x1D1000 + len(record)] = connect.masked(record) if hidden else record
    seen = survey(bytes(data))
    assert (seen.connect.ssid, seen.connect.password) == ("home", "correct horse")
    assert (seen.connect.channel, seen.connect.masked) == (11, hidden)
    assert "horse" not in repr(seen.connect)
    assert kinds_at(seen, 0x1D1000).kind is Kind.CONNECT


def test_a_converted_device():
    data = bytearray(stock())
    qio = firmware.openbeken_qio()
    data[0x11000 : len(qio)] = qio[0x11000:]
    data[0x1D1000:0x1D1003] = b"CFG"
    data[0x12C000:0x12C010] = b"\x01\0\0\0\xff\0\0\0littlefs"
    seen = survey(bytes(data))
    assert seen.firmware.product == "OpenBeken"
    assert kinds_at(seen, 0x1D1000).name == "OpenBeken configuration"
    assert kinds_at(seen, 0x12C000).name == "OpenBeken files"
    assert seen.wiring.module == "CB2S"


def test_a_protected_sector_is_read():
    data = bytearray(stock())
    data[STORE - SECTOR : STORE] = encode.protected({"gw_bi": b"{}", "gw_wsm": b"x"}, KEY)
    seen = survey(bytes(data))
    assert seen.protected.values == {"gw_bi": b"{}", "gw_wsm": b"x"}
    assert kinds_at(seen, STORE - SECTOR).note == "gw_bi, gw_wsm"
    span = seen.protected.spans["gw_wsm"]
    assert seen.decrypted()[span.at : span.at + span.size] == b"x"


# -- real ones --------------------------------------------------------------------------------

REAL = {
    "mirabella-genio-i003632-plug": ("n", "oem_bk7231n_plug", 5, None),
    "tuya-generic-ap-smt-breaker02-1ch-smart-relay": ("n", "oem_bk7231n_control_switch", 6, 2),
    "tuya-generic-ds-101jl-4-gang-smart-switch": (
        "t",
        "oem_bk7231s_rnd_zero_dctrl_switch",
        6,
        None,
    ),
}


@pytest.mark.parametrize("name", REAL)
def test_real_dumps(name):
    seen = survey(real(name))
    chip, firm, keys, saved = REAL[name]
    assert (seen.chip, seen.firmware.name, len(seen.store.entries)) == (chip, firm, keys)
    assert all(entry.intact for entry in seen.store.entries)
    assert not seen.warnings
    assert (len(seen.protected.values) if seen.protected else None) == saved
    assert all(area.state != "damaged" for area in gapless(seen))
    assert seen.files is not None


@pytest.mark.parametrize("name", REAL)
def test_real_dumps_in_parts(name):
    data = real(name)
    whole = survey(data)
    for start in (STORE, 0x1E0000):
        seen = survey(data[start:])
        assert (seen.base, seen.wiring) == (start, whole.wiring)
    assert survey(data[0x11000:] + data[:0x11000]).wiring == whole.wiring
    assert survey(wiped(data, STORE, STORE + SECTOR)).wiring == whole.wiring
