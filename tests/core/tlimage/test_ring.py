"""The newest record of the configuration ring."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from core.sim.module_images import KEY, settings_page
from core.tlimage import ring

BLANK = b"\xff" * 256


def test_the_last_of_the_run_counts() -> None:
    data = b"".join(settings_page(n, address=100 + n) for n in range(7)) + BLANK * 9
    found = ring.newest(data)
    assert found is not None
    assert (found.meter_address, found.sequence, found.at) == (106, 6, 0x40600)
    assert (found.model, found.period, found.encrypted, found.notes) == (
        "KASKAD-1-MT", 2, True, (),
    )  # fmt: skip
    assert ring.run_length(data) == 7


def test_after_a_wrap_the_old_rest_is_not_taken() -> None:
    data = settings_page(832, address=5) + settings_page(833, address=6)
    data += b"".join(settings_page(n, address=9) for n in range(2, 16))
    found = ring.newest(data)
    assert found is not None and (found.meter_address, found.sequence) == (6, 833)


def test_only_the_id_at_the_start_makes_a_record() -> None:
    page = bytearray(settings_page(1))
    page[12:16] = b"\x78\x09\xed\x0f"
    assert ring.newest(bytes(page)) is not None
    page[0] ^= 1
    assert ring.newest(bytes(page)) is None
    assert ring.newest(BLANK) is None
    assert ring.newest(b"") is None
    assert ring.newest(settings_page(1)[:68]) is None


def test_odd_records_say_so() -> None:
    def note(at: int, new: bytes) -> tuple[str, ...]:
        page = bytearray(settings_page(3))
        page[at : at + len(new)] = new
        found = ring.newest(bytes(page))
        assert found is not None
        return found.notes

    assert "size 67" in note(40, b"\x43")[0]
    assert "V1.2" in note(41, b"\x6c\x65")[0]
    assert "type 9" in note(16, b"\x09")[0]


def test_the_key_is_nowhere_in_what_is_said() -> None:
    found = ring.newest(settings_page(0))
    assert found is not None
    said = f"{found!r} {found.facts()} {found.text}"
    assert KEY.hex() not in said and repr(KEY) not in said
    assert found.text == "KASKAD-1-MT, address 20109, every 2 min, encrypted"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=1024), st.integers(0, 300))
def test_any_bytes_are_allowed(data: bytes, at: int) -> None:
    page = settings_page(0) + settings_page(1)
    for candidate in (data, page[:at] + data + page[at:]):
        found = ring.newest(candidate)
        assert (found is None) == (ring.run_length(candidate) == 0)
