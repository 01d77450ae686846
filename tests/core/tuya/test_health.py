"""Is it worth trusting?  And the list of what is kept."""

from dataclasses import replace

import pytest

from core.bkimage import cipher
from core.bkimage.flashmap import SIZE
from core.sim import firmware
from core.store.backups import SidecarFacts
from core.store.store import Store
from core.tuya import catalogue, opening
from core.tuya.health import judge
from core.tuya.survey import survey
from tests.core.tuya.dumps import STORE, damaged, real, simple, stock, wiped, with_store

FACTS = SidecarFacts(
    chip="bk7231n",
    flash_id="eb6015",
    mac="C0:FF:EE:00:12:34",
    size=SIZE,
    true=True,
    whole=True,
    reasons=(),
    chip_crc="00000000",
    source="test",
)
BAD = {
    "empty": (b"", "empty"),
    "erased": (b"\xff" * SIZE, "FF"),
    "all zero": (bytes(SIZE), "00"),
    "short": (lambda: stock()[:-1], "the flash has"),
    "store alone": (lambda: stock()[STORE:], "part of a flash"),
    "a bit in the bootloader": (lambda: damaged(stock(), 0x2000), "bootloader"),
    "a bit in a stride checksum": (lambda: damaged(stock(), 0x11000 + 34 * 9 + 33), "stride"),
    "a bit in the application": (lambda: damaged(stock(), 0x40000), "app does not match"),
    "rf lost": (lambda: wiped(stock(), 0x1D0000, 0x1D1000), "RF block"),
    "64 KiB of zeros": (lambda: wiped(stock(), 0x130000, 0x140000, 0), "failed read"),
    "no application": (lambda: wiped(stock(), 0x11000, 0x12A000), "no application"),
    "regular application": (
        lambda: stock()[:0x11000] + bytes(range(16)) * 0x11900 + stock()[0x12A000:],
        "too regular",
    ),
    "rotated": (lambda: stock()[0x11000:] + stock()[:0x11000], "rotated"),
    "a value in the store": (
        lambda: damaged(with_store(simple(a=bytes(4000), b=b"x")), STORE + 0x1000 + 300),
        "store",
    ),
    "text": (b"hello world\n" * 1000, "known bootloader"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_to_be_trusted(name):
    made, why = BAD[name]
    health = judge(survey(made() if callable(made) else made), thorough=True)
    assert not health.trusted
    assert any(why in reason for reason in health.reasons), health.reasons


@pytest.mark.parametrize("make", [firmware.stock_n, firmware.stock_t])
def test_a_good_one(make):
    health = judge(survey(make()), thorough=True)
    assert (health.trusted, health.reasons) == (True, ())
    assert any("never paired" in note for note in health.notes)


@pytest.mark.parametrize(
    "name",
    [
        "mirabella-genio-i003632-plug",
        "tuya-generic-ap-smt-breaker02-1ch-smart-relay",
        "tuya-generic-ds-101jl-4-gang-smart-switch",
    ],
)
def test_real_ones(name):
    assert judge(survey(real(name)), thorough=True).trusted


def test_a_bootloader_of_another_version_that_agrees_with_itself():
    recipe = firmware.Recipe("n", cipher.Key(1, 2, 3, 0x7ADEB03), 1, 0x20000, (), "n", "n")
    health = judge(survey(firmware._stock(recipe, bytes.fromhex("c0ffee001234"), {})))
    assert health.trusted, health.reasons
    assert any("not in the table" in note for note in health.notes)


def test_a_converted_device_is_still_a_backup():
    data = bytearray(stock())
    ua = firmware.openbeken_ua(chip="n")
    data[0x11000:0x12A000] = b"\xff" * 0x119000
    data[0x11000 : 0x11000 + len(ua)] = ua
    health = judge(survey(bytes(data)))
    assert health.trusted, health.reasons
    assert any("OpenBeken" in note for note in health.notes)


# -- records and the catalogue ----------------------------------------------------------------


async def keep(store, data, **changes):
    facts = replace(FACTS, **changes)
    part = store.backups.begin(facts.mac, facts.chip, len(data))
    await part.write(0, data)
    return await part.finish(facts)


async def test_a_record_beside_the_file_counts(tmp_path):
    kept = await keep(Store(tmp_path), stock())
    opened = opening.load(kept.path)
    health = catalogue.verdict(opened, survey(opened.data))
    assert health.trusted
    assert any("Every byte was proven" in note for note in health.notes)
    kept.path.write_bytes(damaged(stock(), 0x1D5000))
    opened = opening.load(kept.path)
    assert opened.changed
    assert "changed after the backup" in catalogue.verdict(opened, survey(opened.data)).reasons[0]


async def test_a_backup_that_was_not_proven(tmp_path):
    kept = await keep(Store(tmp_path), stock(), true=False)
    opened = opening.load(kept.path)
    assert not catalogue.verdict(opened, survey(opened.data)).trusted


async def test_the_catalogue(tmp_path):
    store = Store(tmp_path)
    assert catalogue.items(store.backups) == []
    first = await keep(store, stock())
    second = await keep(store, stock())
    other = await keep(store, firmware.stock_t(), mac="C0:FF:EE:00:56:78", chip="bk7231t")
    first.path.write_bytes(b"changed")
    items = {item.path: item for item in catalogue.items(store.backups)}
    assert items[second.path].label == "CB2S: 1 relay, 1 button, 2 LEDs, meter BL0937"
    assert items[other.path].label == "WB2S: 1 relay, 1 button, 2 LEDs, meter BL0937"
    assert (items[second.path].number, items[second.path].count) == (2, 2)
    assert (items[other.path].number, items[other.path].count) == (1, 1)
    assert [items[b.path].trusted for b in (first, second, other)] == [False, True, True]
    assert "checksum" in items[first.path].reasons[0]
    assert catalogue.earlier(store.backups, FACTS.mac) == [first, second]
    assert catalogue.earlier(store.backups, "") == []


async def test_a_growing_backup_shows_what_is_there(tmp_path):
    store = Store(tmp_path)
    part = store.backups.begin(FACTS.mac, FACTS.chip, SIZE)
    try:
        await part.write(0, stock()[:0x3000])
        for sector in range(3):
            part.mark(sector, "#")
        (found,) = catalogue.growing(store.backups)
        assert (found.path, found.done, len(found.cells)) == (part.path, 3, 512)
        seen = survey(opening.load(part.path).data)
        assert not catalogue.verdict(opening.load(part.path), seen).trusted
    finally:
        part.close()


def test_labels():
    assert catalogue.label_of(b"") == ""
    assert catalogue.label_of(stock()[STORE:]).startswith("CB2S")
    assert catalogue.label_of(simple(baud_cfg=b"{}")) == "TuyaMCU device"
    hostile = simple(user_param_key=b"{module:\x1b[2Jx y<b>,rl1_pin:8,bt1_pin:7}")
    assert catalogue.label_of(hostile) == "2Jxyb: 1 relay, 1 button"
