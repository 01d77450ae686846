import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bkimage import rf

MAC = bytes.fromhex("381f8d1e7468")
SECTOR = rf.build(MAC, b"\x55" * 40)


def test_a_built_block_has_its_mac_where_the_sheet_says():
    assert len(SECTOR) == 4096
    assert SECTOR[:4] == b"TLV\0"
    assert SECTOR[0x1C:0x2A] == bytes.fromhex("0211111106000000") + MAC
    assert rf.mac_of(SECTOR) == MAC
    assert rf.mac_text(MAC) == "38:1F:8D:1E:74:68"


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=6, max_size=6).filter(lambda m: any(m) and not m[0] & 1))
def test_another_mac_changes_only_the_mac(mac):
    changed = rf.with_mac(SECTOR, mac)
    assert rf.mac_of(changed) == mac
    assert rf.with_mac(changed, MAC) == SECTOR


@pytest.mark.parametrize(
    "mac", [b"", bytes(6), b"\xff" * 6, bytes(5), bytes.fromhex("01aabbccddee")]
)
def test_a_mac_that_no_device_has(mac):
    with pytest.raises(ValueError, match="MAC"):
        rf.with_mac(SECTOR, mac)
    assert rf.mac_of(SECTOR[:0x24] + mac.ljust(6, b"\0") + SECTOR[0x2A:]) is None


@pytest.mark.parametrize("sector", [b"", b"TLV\0", b"\xff" * 4096, b"TLV\0" + bytes(4092)])
def test_no_rf_block(sector):
    assert rf.mac_of(sector) is None
    with pytest.raises(ValueError, match="RF"):
        rf.with_mac(sector, MAC)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes(data):
    found = rf.mac_of(b"TLV\0" + data)
    assert found is None or len(found) == 6


@pytest.mark.parametrize("at", [0x1D0000, 0x1E0000, 0x1E3000])
def test_found_by_content_wherever_it_is(at):
    flash = bytearray(b"\xff" * 0x200000)
    flash[0x5000:0x5004] = b"TLV\0"
    flash[at : at + 4096] = SECTOR
    assert rf.find(bytes(flash)) == at
    assert rf.find(bytes(flash[:at])) is None


def test_real_dumps(real):
    dump, chip, mac = real
    assert rf.find(dump) == {"n": 0x1D0000, "t": 0x1E0000}[chip]
    assert rf.mac_of(dump[rf.find(dump) :]) == mac
