"""The port list."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.link.leases import Holder
from core.link.ports import CHIPS, Port, PortWatch, Use, chip_of, list_ports


@dataclass
class Info:
    device: str
    description: str = "n/a"
    vid: int | None = None
    pid: int | None = None


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("dev/serial/by-id", "dev/serial/by-path", "proc"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def device(root: Path, name: str) -> str:
    path = root / "dev" / name
    path.touch()
    return str(path)


def listed(root: Path, *infos: Info) -> list[Port]:
    return list_ports(scan=lambda: infos, root=root)


def test_usb_comes_first_in_natural_order(root: Path) -> None:
    names = ["ttyAMA0", "ttyUSB10", "ttyUSB2", "ttyACM0"]
    infos = [
        Info(device(root, name), vid=None if name == "ttyAMA0" else 1, pid=1) for name in names
    ]
    found = [Path(port.device).name for port in listed(root, *infos)]
    assert found == ["ttyACM0", "ttyUSB2", "ttyUSB10", "ttyAMA0"]


def test_the_chip_decides_speed_and_stable_name(root: Path) -> None:
    ftdi, ch340 = device(root, "ttyUSB0"), device(root, "ttyUSB1")
    for kind in ("by-id", "by-path"):
        (root / "dev/serial" / kind / "ftdi").symlink_to(ftdi)
        (root / "dev/serial" / kind / "ch340").symlink_to(ch340)
    one, two = listed(root, Info(ftdi, "FT232R", 0x0403, 0x6001), Info(ch340, "", 0x1A86, 0x7523))
    assert (one.chip, one.start_baud, one.ceiling_baud) == ("FT232R", 115200, 921600)
    assert one.stable == str(root / "dev/serial/by-id/ftdi")
    assert (two.chip, two.start_baud, two.ceiling_baud) == ("CH340", 115200, 460800)
    assert two.stable == str(root / "dev/serial/by-path/ch340")


def test_without_links_the_device_is_the_stable_name(root: Path) -> None:
    path = device(root, "ttyUSB0")
    (port,) = listed(root, Info(path, vid=0xDEAD, pid=0xBEEF))
    assert port.stable == path
    assert (port.chip, port.use, port.state) == ("", Use.FREE, "free")


def test_in_use_names_the_program(root: Path) -> None:
    path = device(root, "ttyUSB0")
    (root / "proc/812/fd").mkdir(parents=True)
    (root / "proc/812/fd/5").symlink_to(path)
    (root / "proc/812/cmdline").write_bytes(b"/usr/bin/minicom\0")
    (port,) = listed(root, Info(path))
    assert port.holder == Holder(812, "minicom")
    assert port.state == "in use by minicom, pid 812"


def test_no_permission(root: Path) -> None:
    path = device(root, "ttyUSB0")
    Path(path).chmod(0)
    if os.geteuid() == 0:
        path = str(root / "dev/vanished")  # root may open anything that is there
    (port,) = listed(root, Info(path))
    assert port.use is Use.DENIED


def test_the_kernel_console_is_marked(root: Path) -> None:
    (root / "proc/cmdline").write_text("root=/dev/x console=ttyAMA0,115200 console=tty1\n")
    first, second = listed(
        root, Info(device(root, "ttyAMA0")), Info(device(root, "ttyUSB0"), vid=1, pid=1)
    )
    assert (first.console, second.console) == (False, True)


def test_descriptions_from_the_wire_cannot_reach_the_terminal(root: Path) -> None:
    (port,) = listed(root, Info(device(root, "ttyUSB0"), "CP2102\x1b]0;x\x07\n"))
    assert port.description == "CP2102]0;x"


def test_every_chip_starts_below_its_ceiling() -> None:
    assert chip_of(0x10C4, 0xEA60).name == "CP2102"
    assert all(chip.ceiling > 115200 and chip.advice for chip in CHIPS.values())


def test_the_real_machine_can_be_listed() -> None:
    for port in list_ports():
        assert port.device.startswith("/dev/")


def test_an_adapter_that_comes_or_goes_later_is_noticed(root: Path) -> None:
    watch = PortWatch(root)
    assert watch.changed()
    assert not watch.changed()
    adapter = Path(device(root, "ttyUSB0"))
    assert watch.changed()
    adapter.chmod(0o660)  # udev gives the rights a moment later
    assert watch.changed()
    device(root, "tty7")  # no adapter
    assert not watch.changed()
    adapter.unlink()
    assert watch.changed()
    assert not watch.changed()
