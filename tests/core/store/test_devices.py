"""What is remembered of a device, by MAC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.fault import FaultError
from core.store import faults
from core.store.devices import KEPT, LIMIT, Devices
from core.store.files import Files

MAC = "A4:C1:38:5C:94:FA"


@pytest.fixture
def devices(tmp_path: Path) -> Devices:
    return Devices(
        tmp_path / "devices", Files(), lambda: datetime(2026, 11, 20, 14, 2, 33, tzinfo=UTC)
    )


def test_configurations_are_numbered_private_and_complete(devices: Devices) -> None:
    first = devices.add(MAC, "read", "10.0.0.5", 'startup = "x"\n', {"wifi.password": 'p"$;ü'})
    second = devices.add(MAC, "applied", "10.0.0.5", 'startup = "y"\n', {})
    assert (first.number, second.number) == (1, 2)
    assert devices.history("a4c1385c94fa") == [first, second]
    assert first.when == "2026-11-20T14:02:33Z"
    assert devices.path(MAC).stat().st_mode & 0o777 == 0o600
    assert "wifi.password" not in repr(first)


def test_the_same_again_is_not_kept_twice(devices: Devices) -> None:
    devices.add(MAC, "read", "h", "a = 1\n", {"x": "1"})
    assert devices.add(MAC, "read", "h", "a = 1\n", {"x": "1"}).number == 1
    assert devices.add(MAC, "read", "h", "a = 1\n", {"x": "2"}).number == 2


def test_the_oldest_go_first_and_numbers_go_on(devices: Devices) -> None:
    for n in range(KEPT + 5):
        devices.add(MAC, "read", "h", f"a = {n}\n", {})
    numbers = [entry.number for entry in devices.history(MAC)]
    assert numbers == list(range(6, KEPT + 6))


def test_other_values_stay(devices: Devices) -> None:
    devices.remember(MAC, baud=921600)
    devices.add(MAC, "read", "h", "a = 1\n", {})
    devices.remember(MAC, name="plug")
    assert devices.load(MAC)["baud"] == 921600
    assert len(devices.history(MAC)) == 1


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"history = 3", b'history = [1, "x", {number = "a"}]', b"= =", b""]
)
def test_a_damaged_file_is_no_history(devices: Devices, content: bytes) -> None:
    devices.root.mkdir()
    devices.path(MAC).write_bytes(content)
    assert devices.history(MAC) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + b"x",
        lambda text: b"\xff" + text,
        lambda text: text.replace(b"number = 1", b'number = "one"'),
        lambda text: b"history = 3",
        lambda text: text + b"#" * LIMIT,
    ],
)
@pytest.mark.parametrize("how", ["add", "remember"])
def test_what_cannot_be_understood_is_kept_and_said(
    devices: Devices, change: Callable[[bytes], bytes], how: str
) -> None:
    for n in range(3):
        devices.add(MAC, "read", "h", f"a = {n}\n", {})
    damaged = change(devices.path(MAC).read_bytes())
    for again in range(2):
        devices.path(MAC).write_bytes(damaged)
        if how == "add":
            devices.add(MAC, "read", "h", "b = 1\n", {})
            assert devices.history(MAC)[-1].profile == "b = 1\n"
        else:
            devices.remember(MAC, relay_may_be_off="plug1")
            assert devices.load(MAC)["relay_may_be_off"] == "plug1"
        kept = sorted(devices.root.glob("*.damaged"))
        assert [path.read_bytes() for path in kept] == [damaged] * (again + 1)
        (said,) = devices.problems()
        assert "a4c1385c94fa" in said and any(str(path) in said for path in kept)
        assert devices.problems() == []
    assert "damaged" in devices.damage(MAC)


def test_why_nothing_is_known_can_be_told(devices: Devices) -> None:
    assert devices.damage(MAC) == ""
    devices.add(MAC, "read", "h", "a = 1\n", {})
    assert devices.damage(MAC) == ""
    devices.path(MAC).write_bytes(b"= =")
    assert str(devices.path(MAC)) in devices.damage(MAC)


def test_rows_that_are_good_go_on(devices: Devices) -> None:
    for n in range(3):
        devices.add(MAC, "read", "h", f"a = {n}\n", {})
    text = devices.path(MAC).read_bytes().replace(b"number = 1", b'number = "one"')
    devices.path(MAC).write_bytes(text)
    devices.add(MAC, "read", "h", "b = 1\n", {})
    assert [entry.number for entry in devices.history(MAC)] == [2, 3, 4]


def test_what_cannot_be_read_is_not_written_over(
    devices: Devices, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices.add(MAC, "read", "h", "a = 1\n", {})
    before = devices.path(MAC).read_bytes()

    def refuse(path: Path, _limit: int) -> bytes:
        raise faults.IO(what=f"{path}: I/O error.", cause="c", next="n")

    with monkeypatch.context() as patch:
        patch.setattr("core.store.devices.read", refuse)
        with pytest.raises(FaultError):
            devices.add(MAC, "read", "h", "b = 1\n", {})
        with pytest.raises(FaultError):
            devices.remember(MAC, name="x")
    assert devices.path(MAC).read_bytes() == before and not devices.problems()


def test_large_configurations_do_not_outgrow_what_can_be_read(
    devices: Devices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.store.devices.LIMIT", 1 << 16)
    for n in range(12):
        devices.add(MAC, "read", "h", f"a = '{n}{chr(1) * 2000}'\n", {})  # six bytes each
    assert devices.path(MAC).stat().st_size <= 1 << 16
    assert [entry.number for entry in devices.history(MAC)][-1] == 12
    assert not devices.problems()


def test_half_of_a_surrogate_pair_is_no_reason_to_fail(devices: Devices) -> None:
    devices.remember(MAC, name="a\ud800")
    assert devices.add(MAC, "read", "h", 'n = "\ud800"\n', {"x": "\udfff"}).number == 1
    assert len(devices.history(MAC)) == 1


def test_a_mac_that_is_none_stays_in_the_folder(devices: Devices) -> None:
    assert devices.path("../../etc").parent == devices.root


def test_the_head_is_what_stands_above_the_history(devices: Devices) -> None:
    assert devices.head(MAC) == {}
    devices.add(MAC, "read", "10.0.0.5", 'startup = "x"\n[[history]]\n', {"a.b": "\n[x]"})
    devices.remember(MAC, mark="plug", bonds=["a", "b"], table={"of": 1})
    assert devices.head(MAC) == {"host": "10.0.0.5", "mark": "plug", "bonds": ["a", "b"]}
    devices.remember(MAC, mark="line\n[line]")  # nothing is lost, it only takes longer
    assert devices.head(MAC)["mark"] == "line\n[line]" and devices.at("10.0.0.5")
    devices.path(MAC).write_bytes(b"\xff")
    assert devices.head(MAC) == {}
