"""The meter verb: what its arguments become, and the command that goes on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from core.fault import FaultError
from core.meter.wanted import Wanted
from tui.verbs import meter

MAC = "A4:C1:38:5C:94:FA"
KEY = "231d39c1d7cc1ab1aee224cd096db932"


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    meter.add(parser)
    return parser.parse_args(list(words))


def options(*words: str) -> dict[str, Any]:
    return meter.set_options(parsed("set", MAC, *words))


def test_set_as_the_issue_writes_it() -> None:
    found = options("--meter-address", "020109", "--type", "kaskad-1-mt")
    assert found["wanted"] == Wanted(model=1, address=20109)
    assert found["leave"] == "" and not found["undo"]


def test_every_option(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(KEY + "\n")
    found = options("--period", "5", "--scale", "1000 0.1 1 10", "--key-file", str(key), "--bind")
    assert found["wanted"] == Wanted(period=5, scale=0x0A0F, key=bytes.fromhex(KEY))
    assert found["leave"] == "bind"
    assert options("--no-key")["wanted"].key == b""
    assert options("--scale", "right")["right_scale"] and options("--undo")["undo"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--meter-address", "65001", "--type", "kaskad-1-mt"), "METER-ADDRESS"),
        (("--meter-address", "5", "--type", "ce-102m"), "METER-ADDRESS"),
        (("--period", "256"), "METER-PERIOD"),
        (("--scale", "7 7 7 7"), "METER-SCALE"),
    ],
)
def test_what_cannot_be_is_refused_without_the_radio(words: tuple[str, ...], code: str) -> None:
    with pytest.raises(FaultError) as caught:
        options(*words)
    assert caught.value.fault.code == code and caught.value.fault.exit == 2


def test_a_key_of_31_digits_is_refused_and_not_printed(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(KEY[:31])
    with pytest.raises(FaultError) as caught:
        options("--key-file", str(key))
    assert "31 of 32" in caught.value.fault.what and KEY[:31] not in str(caught.value.fault)


def test_a_key_is_no_argument() -> None:
    with pytest.raises(SystemExit):
        options("--key", KEY)


def test_the_command_that_goes_on_has_everything_but_the_key() -> None:
    wanted = Wanted(2, 7943, 5, 0x0A05, bytes.fromhex(KEY))
    command = meter._again({"address": MAC}, {"wanted": wanted})
    assert " ".join(command) == (
        f"wattbench meter set {MAC} --type kaskad-11 --meter-address 7943 --period 5 --scale 0x0A05"
    )
    again = parsed(*command[2:])
    assert meter.set_options(again)["wanted"] == Wanted(2, 7943, 5, 0x0A05)


@pytest.mark.parametrize("action", [a for a in meter.ACTIONS if a not in ("ota", "set")])
def test_every_action_is_a_job_of_the_meter(action: str) -> None:
    work = meter._work(parsed(action, MAC))
    assert work.kind == f"meter-{action}" and MAC in work.title
