"""Which ports are there, what is known about their adapters, and who uses them."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from core.link.leases import Holder, holder_of

START = 115200
"""Every device here begins at this speed."""


@dataclass(frozen=True, slots=True)
class Chip:
    """An adapter chip: the highest speed worth trying (bits a second), whether it has a serial
    number of its own, and what a technician should know about it."""

    name: str
    ceiling: int
    numbered: bool
    advice: str


CHIPS = {
    (0x1A86, 0x7523): Chip(
        "CH340", 460800, False, "No serial number. 921600 fails on many; weak 3.3 V pin."
    ),
    (0x10C4, 0xEA60): Chip("CP2102", 921600, True, "No more than 921600, and some fail there."),
    (0x0403, 0x6001): Chip(
        "FT232R", 921600, True, "3.3 V pin far too weak for a module. 16 ms latency timer."
    ),
    (0x0403, 0x6015): Chip(
        "FT231X", 921600, True, "3.3 V pin far too weak for a module. 16 ms latency timer."
    ),
    (0x067B, 0x2303): Chip(
        "PL2303", 460800, False, "No serial number. Unknown speeds silently become 9600."
    ),
}
"""By USB vendor and product (user-pains sheet 3.4).  Ceilings are reports, not measurements."""
BUILT_IN = Chip("", 460800, False, "Built-in UART: a USB adapter is the better choice.")
UNKNOWN = Chip("", 230400, True, "Unknown adapter: raise the speed with care.")


class Use(StrEnum):
    """Whether a port can be opened now."""

    FREE = "free"
    IN_USE = "in use"
    DENIED = "no permission"


@dataclass(frozen=True, slots=True)
class Port:
    """One serial port.

    `device` is the kernel's name, `stable` one that survives replugging (by-id, else by-path,
    else the device).  `vid` and `pid` are None for a built-in port.  `console` means that the
    kernel writes its messages there.  `holder` is known where `use` is "in use".
    """

    device: str
    stable: str
    description: str
    vid: int | None
    pid: int | None
    chip: str
    advice: str
    start_baud: int
    ceiling_baud: int
    use: Use
    holder: Holder | None
    console: bool

    @property
    def state(self) -> str:
        """The use as one phrase, "in use by minicom, pid 812"."""
        if self.holder is None:
            return str(self.use)
        return f"{self.use} by {self.holder.program}, pid {self.holder.pid}"


class Scanned(Protocol):
    """What a scan says of one port (pyserial's ListPortInfo)."""

    device: str
    description: str
    vid: int | None
    pid: int | None


def list_ports(
    scan: Callable[[], Iterable[Scanned]] | None = None, root: Path = Path("/")
) -> list[Port]:
    """All serial ports, USB ones first.  Reads /sys, /dev and /proc: call it in a thread.

    `scan` and `root` replace the kernel's lists in tests.
    """
    if scan is None:
        from core.link import serial_port  # pyserial is only loaded where ports are used

        scan = serial_port.scan
    names = _stable_names(root / "dev/serial")
    consoles = _consoles(root / "proc/cmdline")
    found = [_port(info, names, consoles, root / "proc") for info in scan()]
    return sorted(found, key=lambda port: (port.vid is None, _natural(port.device)))


class PortWatch:
    """Notices adapters that come, go, or get their rights.  Looks at names in /dev only, so that
    it may be asked often; the costly list is made when something changed."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._dev = root / "dev"
        self._seen: tuple[tuple[str, ...], ...] | None = None

    def changed(self) -> bool:
        """True when the adapters are not those of the last call; also at the first one."""
        now = _adapters(self._dev)
        before, self._seen = self._seen, now
        return now != before


def _adapters(dev: Path) -> tuple[tuple[str, ...], ...]:
    """Name, rights and last change of everything that can be plugged in."""
    found = []
    for kind in ("ttyUSB*", "ttyACM*"):
        for path in dev.glob(kind):
            with contextlib.suppress(OSError):  # pulled out at this moment
                node = path.stat()
                facts = (node.st_mode, node.st_gid, node.st_ctime_ns)
                found.append((path.name, *map(str, facts)))
    return tuple(sorted(found))


def chip_of(vid: int | None, pid: int | None) -> Chip:
    """What is known about the adapter with these USB ids; both None for a built-in port."""
    if vid is None or pid is None:
        return BUILT_IN
    return CHIPS.get((vid, pid), UNKNOWN)


def _port(info: Scanned, names: dict[str, dict[str, str]], consoles: set[str], proc: Path) -> Port:
    chip = chip_of(info.vid, info.pid)
    holder = holder_of(info.device, proc)
    if holder:
        use = Use.IN_USE
    elif os.access(info.device, os.R_OK | os.W_OK):
        use = Use.FREE
    else:
        use = Use.DENIED
    # Two adapters without serial numbers share one by-id name; their sockets differ.
    order = ("by-id", "by-path") if chip.numbered else ("by-path", "by-id")
    stable = next((names[kind][info.device] for kind in order if info.device in names[kind]), "")
    return Port(
        device=info.device,
        stable=stable or info.device,
        description="".join(c for c in info.description or "" if c.isprintable()),
        vid=info.vid,
        pid=info.pid,
        chip=chip.name,
        advice=chip.advice,
        start_baud=START,
        ceiling_baud=chip.ceiling,
        use=use,
        holder=holder,
        console=Path(info.device).name in consoles,
    )


def _stable_names(folder: Path) -> dict[str, dict[str, str]]:
    """For by-id and by-path: from the device to the link that leads to it."""
    names: dict[str, dict[str, str]] = {"by-id": {}, "by-path": {}}
    for kind, found in names.items():
        try:
            links = sorted((folder / kind).iterdir())
        except OSError:  # no USB port is plugged in
            continue
        for link in links:
            found.setdefault(os.path.realpath(link), str(link))
    return names


def _consoles(cmdline: Path) -> set[str]:
    """Names such as ttyAMA0 that the kernel was told to use as its console."""
    try:
        words = cmdline.read_text(errors="replace").split()
    except OSError:
        return set()
    return {word[8:].split(",")[0] for word in words if word.startswith("console=")}


def _natural(device: str) -> list[tuple[int, str]]:
    """ttyUSB2 before ttyUSB10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _PARTS.split(device)]


_PARTS = re.compile(r"(\d+)")
