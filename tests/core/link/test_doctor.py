"""What the doctor finds on computers made of files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.link.doctor import Finding, Level, User, findings, this_user
from core.link.leases import Holder
from core.link.ports import Port, Use

PAT = User("pat", frozenset({"pat", "dialout"}), frozenset({"pat", "dialout"}))
CH340 = Port(
    device="/dev/ttyUSB0", stable="/dev/ttyUSB0", description="", vid=0x1A86, pid=0x7523,
    chip="CH340", advice="", start_baud=115200, ceiling_baud=460800, use=Use.FREE, holder=None,
    console=False,
)  # fmt: skip
BUILT_IN = replace(CH340, device="/dev/ttyAMA0", vid=None, pid=None, chip="")


class Computer:
    """Files under one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, path: str, text: str = "") -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def runs(self, pid: int, name: str, words: str = "", unit: str = "") -> None:
        self.put(f"proc/{pid}/comm", f"{name}\n")
        self.put(f"proc/{pid}/cmdline", words.replace(" ", "\0"))
        self.put(f"proc/{pid}/cgroup", f"0::/system.slice/{unit}\n")

    def usb(self, place: str, vid: str, pid: str, tty: str = "") -> None:
        self.put(f"sys/bus/usb/devices/{place}/idVendor", f"{vid}\n")
        self.put(f"sys/bus/usb/devices/{place}/idProduct", f"{pid}\n")
        if tty:
            self.put(f"sys/bus/usb/devices/{place}/{place}:1.0/{tty}/dev")

    def found(self, *ports: Port, user: User = PAT) -> dict[str, Finding]:
        return {f.code: f for f in findings(lambda: ports, self.root, user)}


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    return Computer(tmp_path)


def problems(found: dict[str, Finding]) -> set[str]:
    return {code for code, finding in found.items() if finding.level is Level.PROBLEM}


def test_a_computer_in_order(computer: Computer) -> None:
    computer.usb("1-1.3", "1a86", "7523", "ttyUSB0")
    computer.runs(812, "bash")
    found = computer.found(CH340)
    assert set(found) == {"SERIAL-PORTS", "SERIAL-GROUP"}
    assert problems(found) == set()


def test_not_in_the_group(computer: Computer) -> None:
    stranger = User("pat", frozenset({"pat"}), frozenset({"pat"}))
    found = computer.found(replace(CH340, use=Use.DENIED), user=stranger)
    assert found["SERIAL-GROUP"].commands == ("sudo usermod -aG dialout pat",)
    assert problems(found) == {"SERIAL-GROUP"}


def test_in_the_group_since_this_session_began(computer: Computer) -> None:
    added = User("pat", frozenset({"pat"}), frozenset({"pat", "dialout"}))
    found = computer.found(replace(CH340, use=Use.DENIED), user=added)
    assert problems(found) == {"SERIAL-LOGIN"}
    assert found["SERIAL-LOGIN"].commands == ("newgrp dialout",)


def test_root_needs_no_group(computer: Computer) -> None:
    assert (
        problems(computer.found(CH340, user=User("root", frozenset(), frozenset(), True))) == set()
    )


def test_modem_manager_and_the_rule_that_keeps_it_away(computer: Computer) -> None:
    computer.runs(500, "ModemManager", "/usr/sbin/ModemManager")
    finding = computer.found(CH340)["SERIAL-MODEM"]
    assert finding.commands == ("sudo systemctl disable --now ModemManager",)
    rule = finding.do.partition("again: ")[2]
    rule = rule.partition("'")[2].partition("'")[0]
    computer.put("etc/udev/rules.d/99-wattbench.rules", f"{rule}\n")
    assert computer.found(CH340)["SERIAL-MODEM"].level is Level.OK
    other = replace(CH340, vid=0x10C4, pid=0xEA60)
    assert computer.found(other)["SERIAL-MODEM"].level is Level.PROBLEM


def test_brltty(computer: Computer) -> None:
    computer.put("usr/lib/udev/rules.d/85-brltty.rules")
    assert computer.found(CH340)["SERIAL-BRLTTY"].level is Level.NOTE
    computer.runs(600, "brltty")
    finding = computer.found(CH340)["SERIAL-BRLTTY"]
    assert (finding.level, finding.commands) == (Level.PROBLEM, ("sudo apt remove brltty",))


def test_an_adapter_without_a_port_is_seen_on_usb(computer: Computer) -> None:
    computer.usb("1-1.3", "1a86", "7523")
    computer.usb("1-1.4", "046d", "c31c")  # a keyboard
    found = computer.found()
    assert problems(found) == {"SERIAL-NO-DRIVER"}
    assert "CH340 is plugged in at USB 1-1.3" in found["SERIAL-NO-DRIVER"].what


def test_nothing_plugged_in(computer: Computer) -> None:
    assert problems(computer.found()) == {"SERIAL-NONE"}


@pytest.mark.parametrize(
    ("words", "unit"),
    [
        ("/sbin/agetty --keep-baud 115200,38400,9600 ttyAMA0 vt220", ""),
        ("/sbin/agetty -o -p -- \\u --keep-baud 115200 - vt220",
         "system-serial/serial-getty@ttyAMA0.service"),
    ],
)  # fmt: skip
def test_a_log_in_prompt_on_the_port(computer: Computer, words: str, unit: str) -> None:
    computer.runs(700, "agetty", words, unit)
    computer.runs(
        701, "agetty", "/sbin/agetty -o -p -- \\u --noclear - linux", "getty@tty1.service"
    )
    finding = computer.found(BUILT_IN)["SERIAL-GETTY"]
    assert finding.level is Level.PROBLEM
    assert finding.commands == ("sudo systemctl disable --now serial-getty@ttyAMA0.service",)
    assert computer.found(BUILT_IN, CH340)["SERIAL-GETTY"].level is Level.NOTE
    assert "SERIAL-GETTY" not in computer.found(CH340)


def test_the_console_of_the_kernel(computer: Computer) -> None:
    console = replace(BUILT_IN, console=True)
    assert "update-grub" in " ".join(computer.found(console)["SERIAL-CONSOLE"].commands)
    computer.put("proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0")
    finding = computer.found(console)["SERIAL-CONSOLE"]
    assert finding.commands[0] == "sudo raspi-config nonint do_serial_cons 1"


def test_the_latency_of_an_ftdi(computer: Computer) -> None:
    path = "sys/bus/usb-serial/devices/ttyUSB0/latency_timer"
    computer.put(path, "16\n")
    finding = computer.found(CH340)["SERIAL-LATENCY"]
    assert finding.commands == (f"echo 1 | sudo tee /{path}",)
    computer.put(path, "1\n")
    assert "SERIAL-LATENCY" not in computer.found(CH340)


def test_a_port_in_use_names_who_has_it(computer: Computer) -> None:
    busy = replace(CH340, use=Use.IN_USE, holder=Holder(812, "minicom"))
    assert "minicom, pid 812" in computer.found(busy)["SERIAL-BUSY"].what


def test_every_problem_says_what_to_do(computer: Computer) -> None:
    computer.runs(500, "ModemManager")
    computer.runs(600, "brltty")
    computer.usb("1-1", "0403", "6001")
    computer.put("sys/bus/usb-serial/devices/ttyUSB0/latency_timer", "16")
    stranger = User("pat", frozenset(), frozenset())
    found = computer.found(replace(CH340, console=True), user=stranger)
    assert len(found) >= 6
    for finding in found.values():
        assert finding.level is Level.OK or (finding.do and finding.commands), finding


def test_the_real_machine_and_user_can_be_looked_at() -> None:
    assert this_user().name
    assert {f.code for f in findings()} & {"SERIAL-PORTS", "SERIAL-NONE", "SERIAL-NO-DRIVER"}
