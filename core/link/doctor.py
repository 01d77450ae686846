"""What on this computer keeps serial ports from working, each with the command to type.

Source: user-pains 49 to 51 and sheet 3.6.  Everything is read from /proc, /sys, /dev and /etc, as
an ordinary user; nothing is changed and nothing is asked of a port.
"""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.link.opening import owning_group
from core.link.ports import CHIPS, Port, Use, list_ports

RULES = "etc/udev/rules.d"
IGNORE = "ID_MM_DEVICE_IGNORE"
RULE_FILE = "/etc/udev/rules.d/99-wattbench.rules"


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.  `code` is stable; `commands` are to be typed, in order."""

    code: str
    level: Level
    what: str
    do: str = ""
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class User:
    """Who runs the program: the groups of this session, and those on file."""

    name: str
    session: frozenset[str]
    on_file: frozenset[str]
    root: bool = False


def findings(
    ports: Callable[[], Iterable[Port]] = list_ports,
    root: Path = Path("/"),
    user: User | None = None,
) -> list[Finding]:
    """Everything about serial ports.  Reads files for some milliseconds: call it in a thread.

    `root` and `user` replace the computer and the caller in tests.
    """
    there = list(ports())
    who = user or this_user()
    programs = dict(_programs(root / "proc"))
    return [
        *_adapters(there, root),
        *_groups(there, who),
        *_modem_manager(there, programs, root),
        *_brltty(programs, root),
        *_consoles(there, programs, "Raspberry Pi" in _text(root / "proc/device-tree/model")),
        *_latency(there, root),
        *_busy(there),
    ]


def this_user() -> User:
    """The user and groups of this process."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    session = frozenset(_group_names({*os.getgroups(), os.getegid()}))
    on_file = frozenset(g.gr_name for g in grp.getgrall() if name in g.gr_mem)
    return User(name, session, on_file | session, uid == 0)


def _group_names(numbers: Iterable[int]) -> Iterator[str]:
    for number in numbers:
        try:
            yield grp.getgrgid(number).gr_name
        except KeyError:
            continue


def _adapters(ports: list[Port], root: Path) -> Iterator[Finding]:
    """Adapters that the USB bus shows and no driver has."""
    if ports:
        names = ", ".join(port.device for port in ports)
        yield Finding("SERIAL-PORTS", Level.OK, f"Serial ports: {names}.")
    orphans = list(_orphans(root / "sys/bus/usb/devices"))
    for name, place in orphans:
        yield Finding(
            "SERIAL-NO-DRIVER",
            Level.PROBLEM,
            f"A {name} is plugged in at USB {place}, but has no port.",
            "Its driver is missing, or another program (often brltty) took it away. Look at the "
            "last lines of the kernel log, then pull it out and plug it in again.",
            ("sudo dmesg | tail -n 20",),
        )
    if not ports and not orphans:
        yield Finding(
            "SERIAL-NONE",
            Level.PROBLEM,
            "No serial port and no known adapter on USB.",
            "Plug the adapter in. A charge-only cable shows nothing at all: try another.",
            ("lsusb",),
        )


def _orphans(devices: Path) -> Iterator[tuple[str, str]]:
    """(chip, place) of known adapters below which there is no tty."""
    for device in _listed(devices):
        ids = tuple(_hex(device / name) for name in ("idVendor", "idProduct"))
        chip = CHIPS.get(ids)  # type: ignore[arg-type]
        if chip is not None and not _has_tty(device):
            yield chip.name, device.name


def _has_tty(device: Path) -> bool:
    interfaces = [entry for entry in _listed(device) if entry.name.startswith(f"{device.name}:")]
    return any(
        entry.name.startswith("tty") for interface in interfaces for entry in _listed(interface)
    )


def _groups(ports: list[Port], user: User) -> Iterator[Finding]:
    if user.root:
        yield Finding("SERIAL-GROUP", Level.OK, "You are root: every port may be opened.")
        return
    denied = [port for port in ports if port.use is Use.DENIED]
    group = owning_group(denied[0].device) if denied else "dialout"
    if group in user.session:
        if denied:
            yield Finding(
                "SERIAL-DENIED",
                Level.PROBLEM,
                f"{denied[0].device} may not be opened, though you are in {group}.",
                "Its mode is unusual: look who may use it.",
                (f"ls -l {denied[0].device}",),
            )
        else:
            yield Finding("SERIAL-GROUP", Level.OK, f"You are in the group {group}.")
    elif group in user.on_file:
        yield Finding(
            "SERIAL-LOGIN",
            Level.PROBLEM,
            f"You were added to the group {group}, but this session began before.",
            "Log out and in again (close the SSH session; leave tmux or screen too), or:",
            (f"newgrp {group}",),
        )
    else:
        yield Finding(
            "SERIAL-GROUP",
            Level.PROBLEM,
            f"You are not in the group {group}, which may use serial ports.",
            "Add yourself, then log out and in again.",
            (f"sudo usermod -aG {group} {user.name}",),
        )


def _modem_manager(
    ports: list[Port], programs: dict[int, tuple[str, str]], root: Path
) -> Iterator[Finding]:
    if not any(name == "ModemManager" for name, _ in programs.values()):
        return
    rules = "".join(_text(path) for path in _listed(root / RULES))
    known = sorted({(p.vid, p.pid) for p in ports if p.vid is not None and p.pid is not None})
    bare = [ids for ids in known if not (IGNORE in rules and f"{ids[0]:04x}" in rules.lower())]
    if known and not bare:
        yield Finding("SERIAL-MODEM", Level.OK, "ModemManager leaves these adapters alone.")
        return
    lines = [
        f'echo \'ATTRS{{idVendor}}=="{vid:04x}", ATTRS{{idProduct}}=="{pid:04x}", '
        f'ENV{{{IGNORE}}}="1"\' | sudo tee -a {RULE_FILE}'
        for vid, pid in bare
    ]
    yield Finding(
        "SERIAL-MODEM",
        Level.PROBLEM,
        "ModemManager runs: it sends to every new adapter for some seconds.",
        "Without a mobile modem switch it off. With one, type the following instead and plug the "
        "adapter in again: " + "; ".join(lines)
        if lines
        else "Without a mobile modem switch it off.",
        ("sudo systemctl disable --now ModemManager",),
    )


def _brltty(programs: dict[int, tuple[str, str]], root: Path) -> Iterator[Finding]:
    runs = any(name == "brltty" for name, _ in programs.values())
    folders = (root / RULES, root / "usr/lib/udev/rules.d", root / "lib/udev/rules.d")
    rules = any("brltty" in path.name for folder in folders for path in _listed(folder))
    if runs or rules:
        yield Finding(
            "SERIAL-BRLTTY",
            Level.PROBLEM if runs else Level.NOTE,
            "brltty (for Braille displays) is " + ("running" if runs else "installed") + ": it "
            "takes CH340, CP2102 and some FTDI adapters away seconds after they are plugged in.",
            "If nobody here reads Braille, remove it and plug the adapter in again.",
            ("sudo apt remove brltty",),
        )


def _consoles(
    ports: list[Port], programs: dict[int, tuple[str, str]], pi: bool
) -> Iterator[Finding]:
    """What else talks on a port.  On a built-in one that is only a problem where no USB adapter
    is there to be used instead."""
    usb = any(port.vid is not None for port in ports)
    for port in ports:
        name = Path(port.device).name
        level = Level.NOTE if usb and port.vid is None else Level.PROBLEM
        # Its command line is silent about the port where systemd hands it over; the unit is not.
        getty = any(
            program in ("agetty", "getty")
            and (name in words.split() or f"getty@{name}.service" in words)
            for program, words in programs.values()
        )
        if getty:
            yield Finding(
                "SERIAL-GETTY",
                level,
                f"A log-in prompt (agetty) sits on {port.device}.",
                "Stop it, or better use a USB adapter: this one stays the console.",
                (f"sudo systemctl disable --now serial-getty@{name}.service",),
            )
        if port.console:
            yield _console(port, level, pi)
        if port.vid is None and not (getty or port.console):
            yield Finding(
                "SERIAL-BUILT-IN",
                Level.NOTE,
                f"{port.device} is built in.",
                "On a Raspberry Pi it may be the small UART whose speed follows the CPU clock, "
                "and Bluetooth needs the better one. Use a USB adapter.",
            )


def _console(port: Port, level: Level, pi: bool) -> Finding:
    what = f"The kernel writes its messages to {port.device}."
    if pi:
        commands = ("sudo raspi-config nonint do_serial_cons 1", "sudo reboot")
        return Finding("SERIAL-CONSOLE", level, what, "Switch that off and restart.", commands)
    name = Path(port.device).name
    return Finding(
        "SERIAL-CONSOLE",
        level,
        what,
        f"Use another port, or take console={name} out of the kernel's command line:",
        ("sudo nano /etc/default/grub", "sudo update-grub", "sudo reboot"),
    )


def _latency(ports: list[Port], root: Path) -> Iterator[Finding]:
    for port in ports:
        name = Path(port.device).name
        timer = root / "sys/bus/usb-serial/devices" / name / "latency_timer"
        value = _text(timer).strip()
        if value.isdecimal() and int(value) > 1:
            yield Finding(
                "SERIAL-LATENCY",
                Level.NOTE,
                f"The FTDI adapter {port.device} holds short answers back for {value} ms.",
                "The program asks the driver for less when it opens the port. Where that has no "
                "effect:",
                (f"echo 1 | sudo tee /sys/bus/usb-serial/devices/{name}/latency_timer",),
            )


def _busy(ports: list[Port]) -> Iterator[Finding]:
    for port in ports:
        if port.holder is not None:
            yield Finding(
                "SERIAL-BUSY",
                Level.NOTE,
                f"{port.device} is in use by {port.holder.program}, pid {port.holder.pid}.",
                "Close that program before you use the port here.",
            )


# -- reading ---------------------------------------------------------------------------------


def _programs(proc: Path) -> Iterator[tuple[int, tuple[str, str]]]:
    """pid -> (name, command line and unit) of everything that runs."""
    for entry in _listed(proc):
        if entry.name.isdecimal():
            name = _text(entry / "comm").strip()
            if name:
                words = _text(entry / "cmdline").replace("\0", " ")
                yield int(entry.name), (name, f"{words} {_text(entry / 'cgroup')}")


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _hex(path: Path) -> int:
    try:
        return int(_text(path).strip(), 16)
    except ValueError:
        return -1
