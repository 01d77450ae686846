"""What on this computer keeps Bluetooth from working well, each with the command to type.

Asks BlueZ over D-Bus and reads /sys; changes nothing, scans nothing.  Source: bleak notes 1, 5, 6
and 7.
"""

from __future__ import annotations

import asyncio
import platform
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from core.fault import Fault, FaultError
from core.radio.api import Adapter, Host

KERNEL = (5, 10)
DAEMONS = (
    "usr/libexec/bluetooth/bluetoothd",
    "usr/lib/bluetooth/bluetoothd",
    "usr/sbin/bluetoothd",
)
DROP_IN = "/etc/systemd/system/bluetooth.service.d/wattbench.conf"


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


ABSENT = ("RADIO-NO-DBUS", "RADIO-NO-BLUEZ", "RADIO-NO-ADAPTER")
"""Not a problem for who only flashes plugs."""


async def findings(
    host: Host | None = None, root: Path = Path("/"), release: str = ""
) -> list[Finding]:
    """Everything about Bluetooth.  `host` is the stack to ask, by default this computer's."""
    if host is None:
        from core.radio.bluez import BlueZ

        host = BlueZ()
    try:
        adapters = await host.adapters()
    except FaultError as error:
        return [_of_fault(error.fault)]
    finally:
        await host.close()
    if not adapters:
        from core.radio.errors import by_reason

        return [_of_fault(by_reason("NO_BLUETOOTH", "Looking for Bluetooth").fault)]
    found = [_of_adapter(adapter) for adapter in adapters]
    if len(adapters) > 1:
        found.append(_several(adapters))
    daemon = await asyncio.to_thread(_daemon, root)
    found.append(_of_monitor(adapters, daemon, release or platform.release()))
    found += await asyncio.to_thread(_built_in, adapters, root)
    return found


def _of_fault(fault: Fault) -> Finding:
    absent = fault.code in ABSENT
    do = f"{fault.next} Only scan and meter need it." if absent else fault.next
    level = Level.NOTE if absent else Level.PROBLEM
    commands = (" ".join(fault.command),) if fault.command else ()
    return Finding(fault.code.lower(), level, fault.what, do, commands)


def _of_adapter(adapter: Adapter) -> Finding:
    name = f"Bluetooth adapter {adapter.address} ({adapter.name})"
    if adapter.powered:
        return Finding("adapter-on", Level.OK, f"{name} is on")
    if adapter.blocked:
        commands = ("sudo rfkill unblock bluetooth", "bluetoothctl power on")
        what = f"{name} is blocked by rfkill"
        return Finding("adapter-blocked", Level.PROBLEM, what, "Take the block away.", commands)
    commands = (f"bluetoothctl select {adapter.address}", "bluetoothctl power on")
    what = f"{name} is switched off"
    return Finding("adapter-off", Level.PROBLEM, what, "Switch it on.", commands)


def _several(adapters: list[Adapter]) -> Finding:
    chosen = next((a for a in adapters if a.powered), adapters[0])
    return Finding(
        "adapters",
        Level.NOTE,
        f"{len(adapters)} Bluetooth adapters; without a choice {chosen.name} is used",
        "Their names may change places at a boot: choose by address.",
        tuple(f"wattbench scan --adapter {a.address}" for a in adapters),
    )


def _of_monitor(adapters: list[Adapter], daemon: str, release: str) -> Finding:
    if all(adapter.monitor for adapter in adapters):
        what = "Adverts can be watched passively: first rows within a second"
        return Finding("monitor", Level.OK, what)
    if _kernel(release) < KERNEL:
        what = f"Kernel {release} cannot watch adverts passively; values may be 11 s old"
        return Finding("monitor-kernel", Level.NOTE, what, "Use a system with Linux 5.10 or later.")
    return Finding(
        "monitor-experimental",
        Level.NOTE,
        "bluetoothd runs without --experimental; values may be 11 s old",
        "Let it watch adverts passively:",
        drop_in(daemon),
    )


def drop_in(daemon: str) -> tuple[str, ...]:
    """The commands that start bluetoothd with --experimental from now on (ruling S2)."""
    folder = DROP_IN.rsplit("/", 1)[0]
    lines = f"[Service]\\nExecStart=\\nExecStart={daemon} --experimental\\n"
    return (
        f"sudo mkdir -p {folder}",
        f"printf '{lines}' | sudo tee {DROP_IN}",
        "sudo systemctl daemon-reload",
        "sudo systemctl restart bluetooth",
    )


def _daemon(root: Path) -> str:
    """Where this system has bluetoothd."""
    found = next((path for path in DAEMONS if (root / path).exists()), DAEMONS[0])
    return f"/{found}"


def _kernel(release: str) -> tuple[int, ...]:
    match = re.match(r"(\d+)\.(\d+)", release)
    return (int(match[1]), int(match[2])) if match else KERNEL


def _built_in(adapters: list[Adapter], root: Path) -> list[Finding]:
    """The Pi's own radio is on a UART: it hears badly, and shares its antenna with Wi-Fi."""
    for adapter in adapters:
        try:
            where = str((root / "sys/class/bluetooth" / adapter.name).resolve())
        except OSError:
            continue
        if "/serial" in where or "/tty" in where:
            what = f"{adapter.name} is built in and shares its antenna with 2.4 GHz Wi-Fi"
            do = "A USB adapter on an extension lead hears much further; Wi-Fi on 5 GHz helps."
            return [Finding("adapter-built-in", Level.NOTE, what, do)]
    return []
