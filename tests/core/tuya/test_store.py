"""The store in every state that a device, a tool or an accident leaves behind."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.tuya import blocks, crypt, encode, keyvalue, layout
from core.tuya.blocks import KeySource
from core.tuya.keyvalue import State
from tests.core.tuya.dumps import KEY, SECTOR, VALUES, block_at, damaged, sealed, simple, wiped

LONG = bytes(range(256)) * 10


def read(image):
    found = blocks.find(image)
    assert found is not None
    return keyvalue.read(found)


def reopened(image, number):
    """The plain bytes of a block's home."""
    at = block_at(number)
    return bytearray(crypt.decrypt(image[at : at + SECTOR], crypt.data_key(KEY)))


def resealed(image, number, plain):
    """The image with another block, its checksum made right."""
    plain[4:8] = layout.checksum(bytes(plain[8:])).to_bytes(4, "little")
    at = block_at(number)
    return image[:at] + sealed(bytes(plain)) + image[at + SECTOR :]


NAMES = st.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=1, max_size=30)
STORES = st.dictionaries(NAMES, st.binary(max_size=900), max_size=25)


@settings(max_examples=25, deadline=None)
@given(STORES, st.binary(min_size=16, max_size=16), st.integers(0, 13))
def test_what_is_written_is_read(values, key, start):
    store = read(encode.store(values, key, start=start))
    assert store.values == values
    assert not store.notes
    assert all(entry.intact for entry in store.entries)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(NAMES, st.binary(max_size=300)), max_size=25))
def test_the_last_value_counts_and_older_ones_are_called_so(writes):
    writer = encode.StoreWriter(KEY)
    for name, value in writes:
        writer.put(name, value)
    store = read(writer.image())
    assert store.values == dict(writes)
    assert {entry.state for entry in store.others} <= {State.DELETED, State.OLDER}
    written = set(writes)
    assert {(entry.name, entry.value) for entry in store.others} <= written


def test_spans_are_where_the_value_lies():
    image = simple(small=b"x", long=LONG)
    store = read(image)
    entry = store.get("long")
    plain = {block.at: block.plain for block in store.blocks}
    found = b"".join(
        plain[span.at - span.at % SECTOR][span.at % SECTOR : span.at % SECTOR + span.size]
        for span in entry.spans
    )
    assert found[: entry.length] == LONG
    page = plain[entry.index.at - entry.index.at % SECTOR]
    assert layout.parse_index(page[entry.index.at % SECTOR :][:128]).name == "long"


def test_high_blocks_count():
    store = read(encode.store(VALUES, KEY, start=9))
    assert store.values == VALUES
    assert min(entry.block for entry in store.entries) == 9


def test_a_value_over_two_blocks():
    writer = encode.StoreWriter(KEY, start=6)
    writer.put("fill", bytes(128 * 25))
    writer.put("span", LONG)
    store = read(writer.image())
    assert store.value("span") == LONG
    assert {span.at // SECTOR - 1 for span in store.get("span").spans} == {6, 7}


def test_a_deleted_value_is_listed_as_deleted():
    writer = encode.StoreWriter(KEY)
    writer.put("gone", b"still readable")
    writer.put("here", b"y")
    writer.delete("gone")
    store = read(writer.image())
    assert list(store.values) == ["here"]
    (old,) = store.others
    assert (old.name, old.value, old.state) == ("gone", b"still readable", State.DELETED)


def test_an_overwritten_value():
    writer = encode.StoreWriter(KEY)
    writer.put("k", b"old")
    writer.put("k", b"new")
    store = read(writer.image())
    assert store.value("k") == b"new"
    assert [(e.value, e.state) for e in store.others] == [(b"old", State.DELETED)]


def test_a_damaged_block_costs_only_what_is_in_it():
    writer = encode.StoreWriter(KEY, swap=0)
    writer.put("first", b"a" * 128 * 28)
    writer.put("second", b"b" * 128 * 28)
    writer.put("third", b"c")
    image = writer.image()
    store = read(damaged(image, block_at(1) + 3000))
    assert store.value("first") == b"a" * 128 * 28
    assert store.lost == (1,)
    assert store.damaged[0].at == block_at(1)
    assert any("0x002000" in note and "block 1" in note for note in store.notes)
    assert any("no intact copy" in note for note in store.notes)


def test_a_value_with_a_lost_part_says_how_much_is_missing():
    writer = encode.StoreWriter(KEY, swap=0)
    writer.put("fill", bytes(128 * 20))
    writer.put("long", LONG)
    image = damaged(writer.image(), block_at(1) + 200)
    entry = read(image).get("long")
    assert not entry.intact
    assert 0 < entry.missing < len(LONG)
    assert "block 1 is not there" in entry.note
    assert entry.value.startswith(LONG[:100])


def test_a_damaged_home_is_replaced_by_its_copy_in_swap():
    writer = encode.StoreWriter(KEY)
    writer.put("a", b"1")
    writer.put("b", b"2")
    store = read(damaged(writer.image(), block_at(0) + 100))
    assert store.values == {"a": b"1"}
    assert store.lost == ()
    assert any("another intact copy" in note for note in store.notes)


def test_a_newer_copy_in_swap_wins():
    image = simple(k=b"old")
    newer = reopened(simple(k=b"new"), 0)
    newer[10:14] = (99).to_bytes(4, "little")
    newer[4:8] = layout.checksum(bytes(newer[8:])).to_bytes(4, "little")
    at = block_at(14)
    store = read(image[:at] + sealed(bytes(newer)) + image[at + SECTOR :])
    assert store.value("k") == b"new"
    assert any("not from its home" in note for note in store.notes)


def test_of_two_equal_generations_the_home_counts():
    image = simple(k=b"home")
    other = reopened(image, 0)
    value = other.find(b"home")
    other[value : value + 4] = b"swap"
    other[4:8] = layout.checksum(bytes(other[8:])).to_bytes(4, "little")
    at = block_at(14)
    store = read(image[:at] + sealed(bytes(other)) + image[at + SECTOR :])
    assert store.value("k") == b"home"


def test_erased_blocks_are_no_damage():
    image = simple(k=b"v")
    store = read(wiped(image, block_at(3), block_at(14)))
    assert store.values == {"k": b"v"}
    assert not store.damaged
    assert not store.notes


def test_a_wrong_value_checksum_is_reported_and_the_value_shown():
    image = simple(k=b"value")
    plain = reopened(image, 0)
    plain[128] ^= 1
    entry = read(resealed(image, 0, plain)).get("k")
    assert entry.value == b"value"
    assert not entry.intact


def test_a_duplicate_name():
    image = simple(one=b"first", two=b"second")
    plain = reopened(image, 0)
    second = plain.find(b"two\0")
    plain[second : second + 4] = b"one\0"
    store = read(resealed(image, 0, plain))
    assert store.values == {"one": b"first"}
    (extra,) = store.others
    assert (extra.value, extra.state) == (b"second", State.DUPLICATE)
    assert any("there twice" in note for note in store.notes)


def test_an_index_page_that_lies_elsewhere_is_no_entry():
    image = simple(k=b"value")
    plain = reopened(image, 0)
    plain[128 + 10] = 7
    assert read(resealed(image, 0, plain)).values == {}


def test_the_magic_of_tuyaos_3_and_fewer_blocks_elsewhere():
    writer = encode.StoreWriter(KEY, blocks=8, swap=2, magic=layout.DATA_MAGIC_OS3)
    for name, value in VALUES.items():
        writer.put(name, value)
    store = read(b"\xff" * 0x1F5000 + writer.image())
    assert store.at == 0x1F5000
    assert store.values == VALUES


@pytest.mark.parametrize("fill", [b"\0", b"\xee"])
def test_a_key_sector_without_its_usual_filling(fill):
    image = simple(k=b"v")
    plain = crypt.decrypt(image[:SECTOR], crypt.MASTER)
    head = crypt.encrypt(plain[:32] + fill * (SECTOR - 32), crypt.MASTER)
    store = read(head + image[SECTOR:])
    assert store.values == {"k": b"v"}


def test_a_stray_anchor_before_the_store_is_passed_over():
    image = b"\xff" * 64 + crypt.ANCHOR * 3 + b"\xff" * (SECTOR * 2 - 112) + simple(k=b"v")
    assert read(image).values == {"k": b"v"}


@pytest.mark.parametrize("shift", [16, 100, 4095])
def test_a_store_off_the_sector_bounds(shift):
    store = read(b"\x5a" * shift + simple(k=b"v"))
    assert store.at == shift
    assert store.values == {"k": b"v"}


def test_a_key_sector_with_a_wrong_checksum_still_opens_its_blocks():
    image = simple(k=b"v")
    plain = bytearray(crypt.decrypt(image[:SECTOR], crypt.MASTER))
    plain[4] ^= 1
    store = read(crypt.encrypt(bytes(plain), crypt.MASTER) + image[SECTOR:])
    assert store.candidate.source is KeySource.DAMAGED_KEY_SECTOR
    assert store.values == {"k": b"v"}


def test_without_the_key_sector_the_protected_sector_has_the_key():
    image = encode.protected({"gw_bi": b"{}"}, KEY) + wiped(simple(k=b"v"), 0, SECTOR)
    store = read(image)
    assert store.candidate.source is KeySource.PROTECTED
    assert store.at == SECTOR
    assert store.values == {"k": b"v"}


@pytest.mark.parametrize("key", crypt.SHARED_KEYS, ids=lambda key: key.hex()[:8])
def test_without_both_a_shared_key_may_open_it(key):
    store = read(wiped(encode.store({"k": b"v"}, key), 0, SECTOR))
    assert store.candidate.source is KeySource.SHARED
    assert store.values == {"k": b"v"}
    assert any("a key that several devices share" in note for note in store.notes)


def test_another_key_stays_closed():
    assert blocks.find(wiped(simple(k=b"v"), 0, SECTOR)) is None


def test_blocks_without_what_lies_before_them():
    image = encode.store({"k": b"v"}, crypt.SHARED_KEYS[0])[SECTOR:]
    store = read(image)
    assert store.at == -SECTOR
    assert store.values == {"k": b"v"}


def test_of_two_stores_the_one_with_more_blocks_counts():
    few = encode.StoreWriter(bytes(16), blocks=1, swap=0)
    few.put("k", b"few")
    store = read(few.image() + simple(k=b"many"))
    assert store.values == {"k": b"many"}


def test_a_store_cut_off_in_the_middle():
    image = simple(**VALUES)
    store = read(image[: block_at(6) + 700])
    assert store.values == VALUES
    assert any("cut off after 700" in bad.why for bad in store.damaged)


def test_the_oldest_generation_is_not_resurrected():
    store = read(simple(k=b"v"))
    assert store.stale[0].header == replace(store.stale[0].header, generation=0)


def test_a_full_store_says_so():
    writer = encode.StoreWriter(KEY, blocks=1)
    with pytest.raises(encode.StoreFull):
        writer.put("k", bytes(128 * 31))
