"""What is remembered of a module survives, and a damaged file harms nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.meter.records import Records
from core.meter.wire import Status, parse
from core.store.store import Store
from tests.core.meter.bench import KEY, MAC


def status(text: str = "dafe 0100 17 01 8d4e0000 01 0f0a") -> Status:
    found = parse(bytes.fromhex(text))
    assert isinstance(found, Status)
    return found


def test_settings_before_and_the_key_apart_from_them(tmp_path: Path) -> None:
    store = Store(tmp_path)
    Records(store, MAC).keep_before(status(), KEY)
    records = Records(Store(tmp_path), MAC)
    before = records.before()
    assert before is not None
    assert (before.address, before.model, before.scale, before.encrypted) == (
        20109,
        1,
        0x0A0F,
        True,
    )
    assert records.key_before() == KEY
    assert KEY.hex() not in records.path.read_text()
    assert (tmp_path / "keys.toml").stat().st_mode & 0o077 == 0


def test_an_old_firmware_has_no_kind(tmp_path: Path) -> None:
    records = Records(Store(tmp_path), MAC)
    records.keep_before(status("dafe 0100 12 00 8d4e"), None)
    before = records.before()
    assert before is not None and before.model is None and before.scale is None
    assert records.key_before() is None


def test_other_tables_of_the_file_stay(tmp_path: Path) -> None:
    records = Records(Store(tmp_path), MAC)
    records.path.parent.mkdir()
    records.path.write_text("[other]\nbaud = 9600\n")
    records.bound_to("B8:27:EB:00:00:01")
    records.keep_before(status(), None)
    assert "baud = 9600" in records.path.read_text()
    assert records.binding().adapter == "B8:27:EB:00:00:01"


def test_the_oldest_settings_stay_until_the_change_is_settled(tmp_path: Path) -> None:
    records = Records(Store(tmp_path), MAC)
    half_set = status("dafe 0500 17 00 01000000 02 050a")
    records.keep_before(status(), KEY)
    records.keep_before(half_set, None)
    before = records.before()
    assert before is not None and before.address == 20109 and records.key_before() == KEY
    records.settled()
    records.settled()
    before = Records(Store(tmp_path), MAC).before()
    assert before is not None and before.address == 20109
    records.keep_before(half_set, None)
    before = records.before()
    assert before is not None and before.address == 1 and records.key_before() is None


@pytest.mark.parametrize(
    "text",
    ["[[[", "meter = 5", "[meter]\nbefore = 7\nbinding = 'x'", "\0\xff",
     "[meter.before]\nperiod = true\naddress = 1", "[meter.before]\naddress = 1"],
)  # fmt: skip
def test_a_damaged_file_counts_as_empty(tmp_path: Path, text: str) -> None:
    records = Records(Store(tmp_path), MAC)
    records.path.parent.mkdir()
    records.path.write_text(text)
    assert records.before() is None and records.binding().adapter == ""


def test_an_unreadable_file_is_kept(tmp_path: Path) -> None:
    records = Records(Store(tmp_path), MAC)
    records.path.parent.mkdir()
    records.path.write_text("[[[")
    records.bound_to("B8:27:EB:00:00:01")
    records.settled()
    assert records.path.read_text() == "[[["
