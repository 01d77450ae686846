"""Files that are broken in every way: a survey that says what is missing, in no time.

Whole dumps are mutated some hundred times, their store twenty thousand times.
"""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.fault import FaultError
from core.tuya import blocks, crypt, encode, files, keyvalue, pin_text
from core.tuya.annotate import place_at
from core.tuya.health import judge
from core.tuya.outputs import configuration
from core.tuya.pins import translate
from core.tuya.redact import redact
from core.tuya.secrets import shown
from core.tuya.survey import Survey, survey
from tests.core.tuya.dumps import KEY, SECTOR, STORE, VALUES, sealed, simple, stock, wiped

IMAGE = (
    files.build({"oem_cfg": VALUES["user_param_key"], "log": b"x" * 50})
    + encode.protected({"gw_bi": VALUES["gw_bi"]}, KEY)
    + encode.store(VALUES, KEY)
)


def look(data: bytes) -> Survey:
    """Everything that is ever done with a dump."""
    seen = survey(data)
    areas = seen.areas
    if data:
        assert areas[0].start == seen.base
        assert areas[-1].end == seen.base + len(data)
    assert len(seen.decrypted()) == len(data)
    judge(seen)
    for address in range(seen.base, seen.base + len(data), 4099):
        assert place_at(seen, address).area
    for entry in seen.store.entries if seen.store else ():
        assert len(entry.value) == entry.length or entry.missing
        shown(entry.name, entry.value)
    try:
        configuration(seen).toml()
    except FaultError as error:
        assert error.fault.code == "TUYA-NO-PINS"
    return seen


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=10_000))
def test_random_bytes(data):
    look(data)


@pytest.mark.parametrize("size", [0, 1, 15, 16, 4095, 4096, 4097, 73728])
@pytest.mark.parametrize("value", [0x00, 0xFF, 0x7B])
def test_one_repeated_byte(size, value):
    seen = look(bytes([value]) * size)
    assert not judge(seen).trusted
    assert seen.store is None


def test_cut_at_two_hundred_places():
    for at in Random(7).sample(range(len(IMAGE)), 200):
        seen = look(IMAGE[:at])
        if at > 5 * SECTOR:
            assert seen.pins is not None


@pytest.mark.parametrize("sector", range(len(IMAGE) // SECTOR))
@pytest.mark.parametrize("how", ["noise", "erased", "zero", "one bit"])
def test_any_single_sector_corrupted(sector, how):
    start, end = sector * SECTOR, (sector + 1) * SECTOR
    if how == "noise":
        data = IMAGE[:start] + Random(sector).randbytes(SECTOR) + IMAGE[end:]
    elif how == "one bit":
        at = start + Random(sector).randrange(SECTOR)
        data = IMAGE[:at] + bytes([IMAGE[at] ^ 0x10]) + IMAGE[at + 1 :]
    else:
        data = wiped(IMAGE, start, end, 0xFF if how == "erased" else 0)
    seen = look(data)
    assert seen.pins is not None
    assert seen.wiring.module == "CB2S"


def mutated(chance: Random, image: bytes) -> bytes:
    """A few things done to an image, plain or behind its cipher."""
    data = bytearray(image)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data))
        match chance.randrange(5):
            case 0:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                data[at : at + chance.randint(1, 64)] = chance.randbytes(chance.randint(1, 64))
            case 2:
                del data[at : at + chance.randint(1, 5000)]
            case 3:
                other = chance.randrange(len(data) or 1)
                data[at : at + SECTOR] = data[other : other + SECTOR]
            case _:
                start = max(SECTOR, len(image) - 17 * SECTOR) + SECTOR * chance.randrange(2)
                plain = bytearray(crypt.decrypt(image[start : start + SECTOR], crypt.data_key(KEY)))
                for _ in range(chance.randint(1, 6)):
                    plain[chance.randrange(300)] = chance.randrange(256)
                plain[4:8] = sum(plain[8:]).to_bytes(4, "little")
                data[start : start + SECTOR] = sealed(bytes(plain))
        if not data:
            break
    return bytes(data)


def test_mutated_images():
    chance = Random(20_000)
    for _ in range(250):
        look(mutated(chance, IMAGE))


@pytest.mark.slow
def test_twenty_thousand_mutated_stores():
    """Key sector and two blocks, which is where the structure is: found, read, translated."""
    chance = Random(1)
    small = simple(**VALUES)[: SECTOR * 3]
    opened = 0
    for _ in range(20_000):
        data = mutated(chance, small)
        sectors = blocks.find(data)
        store = keyvalue.read(sectors) if sectors else None
        found = pin_text.find(data, store, None)
        if found is not None:
            translate(found.fields)
        opened += store is not None
    assert 1_000 < opened < 20_000


def test_mutated_images_can_be_redacted_or_refused():
    chance = Random(3)
    for _ in range(25):
        seen = survey(mutated(chance, IMAGE))
        try:
            assert len(redact(seen).data) == len(seen.data)
        except FaultError as error:
            assert error.fault.code == "TUYA-LEAK"


HOSTILE = {
    "anchors everywhere": crypt.ANCHOR * ((4 << 20) // 16),
    "anchors with gaps": (crypt.ANCHOR + b"x") * ((4 << 20) // 17),
    "key sectors everywhere": simple()[:SECTOR] * 512,
    "the same block everywhere": simple()[: SECTOR * 2] + simple()[SECTOR : SECTOR * 2] * 500,
    "braces": b"{" * (4 << 20),
    "configurations": b"{a:1,crc:1,}" * 300_000,
    "almost configurations": b"crc:" * (1 << 20),
    "container headers": b"RBL\0" * (1 << 20),
    "file systems": files.build({"a": b"x"})[:SECTOR] * 512,
    "LittleFS": b"littlefs" * (1 << 19),
    "strides of FF in noise": (b"\xff" * 33 + b"x") * (1 << 16),
    "RF blocks": (b"TLV\0" + bytes(SECTOR - 4)) * 512,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_not_slow(name):
    """Bounded work: what is counted here is calls, through the number of results."""
    seen = look(HOSTILE[name])
    assert len(seen.areas) < 5000
    assert seen.pins is None or len(seen.pins.text) <= 8192


def test_the_largest_file():
    data = stock()[:STORE] + Random(1).randbytes((16 << 20) - STORE)
    assert look(data).info.mac is not None
