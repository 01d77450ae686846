"""What is remembered of a device, by MAC."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.store.devices import KEPT, Devices
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
