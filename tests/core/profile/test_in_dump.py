"""The configuration inside a dump, and templates of the web page."""

from __future__ import annotations

import json

import pytest

from core.fault import FaultError
from core.profile import template, template_in
from core.profile.block import Block
from core.profile.in_dump import PLACES, edited, find
from core.profile.model import Mqtt, Names, Pin, Profile
from core.profile.toml_file import SHIPPED, load

LSC = load(SHIPPED / "lsc-3202087.toml")


def dump(chip: str, sector: bytes) -> bytes:
    data = bytearray(bytes(range(256)) * (0x200000 // 256))
    data[PLACES[chip] : PLACES[chip] + len(sector)] = sector
    return bytes(data)


@pytest.mark.parametrize("chip", sorted(PLACES))
def test_only_the_named_fields_and_the_checksum_change(chip: str) -> None:
    before = dump(chip, Block.new().with_profile(Profile(names=Names("a", "b"))).sector())
    after = edited(before, Profile(mqtt=Mqtt("10.0.0.5")))
    place = find(after)
    assert (place.chip, place.start) == (chip, PLACES[chip])
    assert place.block.profile().mqtt.host == "10.0.0.5"
    assert place.block.profile().names == Names("a", "b")
    differing = [n for n in range(len(before)) if before[n] != after[n]]
    allowed = {PLACES[chip] + 3, *range(PLACES[chip] + 0x94, PLACES[chip] + 0x94 + 256)}
    assert differing and set(differing) <= allowed


def test_a_bare_sector_fits_any_chip() -> None:
    sector = Block.new().sector()
    found = find(edited(sector, LSC)).block.profile()
    assert found.pins[8] == LSC.pins[8] and set(found.pins) == set(LSC.pins)
    assert find(sector).chip == "" and len(edited(sector, LSC)) == 4096


def test_other_chips_and_stock_dumps_are_refused() -> None:
    data = dump("bk7231t", Block.new().sector())
    with pytest.raises(FaultError) as caught:
        edited(data, LSC)
    assert caught.value.fault.code == "PROFILE-VALUE"
    for nothing in (b"", b"\xff" * 0x200000, data[: PLACES["bk7231t"]]):
        with pytest.raises(FaultError) as caught:
            find(nothing)
        assert caught.value.fault.code == "PROFILE-BLOCK"


@pytest.mark.parametrize("chip", sorted(PLACES))
def test_the_radio_calibration_decides_between_two_configurations(chip: str) -> None:
    sector = Block.new().sector()
    data = bytearray(b"\xff" * 0x200000)
    for start in PLACES.values():
        data[start : start + len(sector)] = sector
    with pytest.raises(FaultError, match="two configurations"):
        find(bytes(data))
    data[PLACES[chip] - 0x1000 : PLACES[chip] - 0xFFC] = b"TLV\0"
    other = next(name for name in PLACES if name != chip)
    assert (find(bytes(data)).chip, find(bytes(data)).other) == (chip, other)


def test_an_ident_before_zeros_is_no_configuration() -> None:
    with pytest.raises(FaultError, match="version 0"):
        Block.parse(b"CFG".ljust(4096, b"\0"))


def test_a_template_goes_out_and_comes_in() -> None:
    whole = Profile(
        chip="bk7231n", module="CB2S", startup="echo x",
        pins={8: Pin("Rel", 1), 7: Pin("Btn", 1, 2)}, flags={10: True, 38: True},
    )  # fmt: skip
    assert template_in.parse(template.dump(whole)) == whole


def test_a_template_as_devices_json_lists_it() -> None:
    text = json.dumps({
        "vendor": "Action", "name": "LSC", "chip": "BK7231N", "board": "CB2S", "flags": "1024",
        "pins": {"6": "LED;1", "10": "WifiLED;0", "26": "BL0937CF"}, "command": "",
    })  # fmt: skip
    found = template_in.parse(text)
    assert found.pins == {6: Pin("LED", 1), 10: Pin("WifiLED", 0), 26: Pin("BL0937CF")}
    assert found.flags == {10: True} and found.startup == ""


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"pins": 3}', '{"pins": {"x": "Rel"}}', '{"pins": {"1": 2}}',
             '{"pins": {"1": "Rel;x"}}', "[" * 5000],
)  # fmt: skip
def test_what_is_no_template_is_refused(text: str) -> None:
    with pytest.raises(FaultError) as caught:
        template_in.parse(text)
    assert caught.value.fault.code == "PROFILE-TEXT"
