"""What the byte under the cursor is."""

import pytest

from core.tuya import connect, encode
from core.tuya.annotate import place_at
from core.tuya.survey import survey
from tests.core.tuya.dumps import KEY, SECTOR, STORE, VALUES, stock


def dump():
    data = bytearray(stock())
    image = encode.store(VALUES, KEY)
    data[STORE : STORE + len(image)] = image
    data[STORE - SECTOR : STORE] = encode.protected({"gw_bi": b"abcdef"}, KEY)
    record = connect.build("home", "password")
    data[0x1D1000 : 0x1D1000 + len(record)] = record
    return survey(bytes(data))


SEEN = dump()
PLACES = {
    STORE: ("key sector", "magic"),
    STORE + 8: ("key sector", "inner key"),
    STORE + SECTOR + 10: ("block 0, header", "generation"),
    STORE + SECTOR + 15: ("block 0, header", "bitmap of index pages"),
    STORE + SECTOR + 128 + 4: ("index page of gw_bi", "length of the value"),
    STORE + SECTOR + 128 + 18: ("index page of gw_bi", "name"),
    STORE + SECTOR + 128 + 24: ("index page of gw_bi", "parts"),
    STORE + SECTOR + 128 + 100: ("index page of gw_bi", "old bytes"),
    STORE + SECTOR + 256 + 7: ("value gw_bi", "byte 7"),
    STORE + SECTOR * 2 - 1: ("block 0", "page 31, free or old"),
    STORE - SECTOR + 24: ("protected sector", "length of all entries"),
    STORE - SECTOR + 32 + 36 + 2: ("value gw_bi", "byte 2"),
    STORE - SECTOR + 32 + 3: ("value gw_bi", "length and name"),
    0x10F9A: ("container header", "magic"),
    0x10F9A + 12: ("container header", "name"),
    0x10F9A + 33: ("stride", "checksum"),
    0x10F9A + 34 * 2 + 31: ("container header", "CRC-32 of the header"),
    0x11000: ("code", "CPU address 0x010000"),
    0x11000 + 34 + 5: ("code", "CPU address 0x010025"),
    0x11000 + 32: ("stride", "checksum"),
    0x1D0000: ("RF block", "magic"),
    0x1D0024: ("RF block", "MAC"),
    0x1D0010: ("RF block", "tag 0x11111101"),
    0x1D1000 + 106: ("fast-connect record", "password"),
    0x1D2000 + 8: ("directory", "generation"),
    0x1D2000 + 16 + 100: ("directory entry 1", "name"),
}


@pytest.mark.parametrize("address", PLACES, ids=hex)
def test_known_places(address):
    place = place_at(SEEN, address)
    assert (place.structure, place.field) == PLACES[address]
    assert place.start <= address < place.end


def test_every_byte_of_a_value_is_found_at_its_place():
    plain = SEEN.decrypted()
    entry = SEEN.store.get("user_param_key")
    found = {}
    for span in entry.spans:
        for at in range(span.at, span.at + span.size):
            place = place_at(SEEN, at)
            assert place.structure == "value user_param_key"
            if place.field.startswith("byte"):
                found[int(place.field.split()[1])] = plain[at]
    assert bytes(found[n] for n in range(entry.length)) == entry.value


def test_any_address_has_an_answer():
    for address in range(0, 0x200000, 997):
        place = place_at(SEEN, address)
        assert place.area
        assert place.start <= address < place.end


@pytest.mark.parametrize("address", [-1, 0x200000])
def test_outside(address):
    with pytest.raises(ValueError, match="not in the dump"):
        place_at(SEEN, address)


def test_a_part_counts_in_flash_addresses():
    part = survey(stock()[STORE:])
    assert place_at(part, STORE + 8).field == "inner key"
