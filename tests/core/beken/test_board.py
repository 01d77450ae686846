"""Which profiles fit the board that a backup shows (rulings P18, P21)."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.beken.board import board_in, describe, matching, require_board
from core.fault import FaultError
from core.profile.model import Pin, Profile
from core.profile.toml_file import SHIPPED, load
from core.sim.firmware import stock_t
from tests.core.beken.bench import real_dump, stock

PLUG = load(SHIPPED / "lsc-3202087.toml")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({8: Pin("Btn", 1)}, "P8: profile Rel, plug Btn"),
        ({26: Pin("Rel", 1)}, "P26: profile BL0937CF, plug Rel"),
        ({9: Pin("Rel", 1)}, "relay: profile P8, plug P9"),
    ],
)
def test_a_profile_of_another_board_is_refused(found: dict[int, Pin], said: str) -> None:
    with pytest.raises(FaultError) as error:
        require_board(PLUG, Profile(pins=found))
    assert (error.value.fault.code, error.value.fault.exit) == ("PROFILE-BOARD", 3)
    assert said in error.value.fault.what


@pytest.mark.parametrize("found", [{}, {10: Pin("WifiLED_n")}, {8: Pin("Rel", 1), 0: Pin("LED")}])
def test_an_inverted_led_or_an_unknown_pin_is_no_contradiction(found: dict[int, Pin]) -> None:
    require_board(PLUG, Profile(pins=found))


def test_another_module_is_refused() -> None:
    with pytest.raises(FaultError, match="module: profile CB2S, plug CB3S"):
        require_board(PLUG, Profile(module="CB3S"))
    require_board(PLUG, Profile(module="cb2s"))


def test_the_backup_shows_its_pins_and_the_profile_that_fits() -> None:
    found = board_in(stock())
    assert found is not None
    require_board(PLUG, found)
    text = "\n".join(describe(stock()))
    assert "CB2S: 1 relay, 1 button" in text
    assert "P8" in text
    assert "Profile that fits: lsc-3202087.toml." in text


def test_a_real_backup_of_another_plug_fits_no_shipped_profile() -> None:
    data = real_dump()
    found = board_in(data)
    assert found is not None
    with pytest.raises(FaultError, match="PROFILE-BOARD"):
        require_board(PLUG, found)
    assert "No profile here fits" in describe(data)[-1]


def test_own_profiles_are_looked_at_too(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('base = "lsc-3202087.toml"\n')
    (tmp_path / "broken.toml").write_text("nonsense")
    (tmp_path / "empty.toml").write_text("")
    found = board_in(stock())
    assert found is not None
    assert matching(found, (tmp_path, SHIPPED)) == ["mine.toml", "lsc-3202087.toml"]


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff" * 0x200000, bytes(4096), stock()[:0x100000]],
    ids=["empty", "erased", "zeros", "half"],
)
def test_a_dump_without_pins_says_so(data: bytes) -> None:
    assert board_in(data) is None
    assert describe(data) == ["No pins of a stock firmware were found in the backup."]


def test_a_t_has_a_board_too() -> None:
    found = board_in(stock_t())
    assert found is not None and found.pins
