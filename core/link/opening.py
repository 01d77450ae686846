"""Why a port did not open, as a fault that says what to do."""

from __future__ import annotations

import errno
import getpass
import grp
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from core.fault import FaultError
from core.link import faults
from core.link.leases import holder_of

Describe = Callable[[int], str | None]
"""From the pid of a process to the job that it runs, if it is one of ours."""

BUSY = {errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK}


class HasDevice(Protocol):
    """What a scan says of a port, as far as it matters here."""

    device: str


def open_fault(
    path: str,
    error: Exception,
    scan: Callable[[], Iterable[HasDevice]],
    describe: Describe | None,
) -> FaultError:
    """The fault for `error` from opening `path`.  Reads /proc and /sys: call it in a thread."""
    number = getattr(error, "errno", None)
    if not path or number == errno.ENOENT:
        return _no_port(path, sorted(port.device for port in scan()))
    if number in (errno.EACCES, errno.EPERM):
        return _denied(path)
    if number in BUSY:
        return _busy(path, describe)
    return faults.OPEN(
        what=f"{path} could not be opened: {error}.",
        cause="It is not a serial port, or its driver reports an error.",
        next="Check the name with `wattbench ports`; pull the adapter out and plug it in again.",
        command=("wattbench", "ports"),
    )


def scheme_fault(url: str) -> FaultError:
    """LINK-URL for an address that is neither a path nor a known scheme."""
    scheme = url.split("://")[0]
    return faults.URL(
        what=f"'{scheme}://' is not a kind of port this program can open.",
        cause="It is not a known scheme.",
        next="Use a device path, socket://HOST:PORT for a raw TCP serial server, or "
        "rfc2217://HOST:PORT for one that takes settings.",
    )


def _no_port(path: str, there: list[str]) -> FaultError:
    listed = "These ports exist: " + ", ".join(there) + "." if there else "No port is there at all."
    return faults.NO_PORT(
        what=f"There is no port '{path}'. {listed}",
        cause="The adapter is not plugged in, or it got another name.",
        next="Plug the adapter in and choose one of the ports that exist.",
        command=("wattbench", "ports"),
    )


def _denied(path: str) -> FaultError:
    group = owning_group(path)
    if _in_group(group):
        return faults.DENIED(
            what=f"You may not open {path}.",
            cause=f"You are in its group {group}, but the mode of the port lets the group not in.",
            next=f"Look at `ls -l {path}`; `sudo chmod g+rw {path}` helps until it is replugged.",
            command=("sudo", "chmod", "g+rw", path),
        )
    return faults.DENIED(
        what=f"You may not open {path}.",
        cause=f"The port belongs to the group {group}, and you are not in it.",
        next=f"Run `sudo usermod -aG {group} $USER`, then log out and log in again.",
        command=("sudo", "usermod", "-aG", group, _user()),
    )


def _in_group(name: str) -> bool:
    """True when this process is in the group, as logged in now."""
    try:
        return grp.getgrnam(name).gr_gid in {os.getegid(), *os.getgroups()}
    except KeyError:
        return False


def _busy(path: str, describe: Describe | None) -> FaultError:
    holder = holder_of(path)
    job = describe(holder.pid) if holder and describe else None
    if holder is None:
        who, cause = "another program", "It belongs to another user, so its name is not visible."
    elif job:
        who, cause = f"wattbench, pid {holder.pid}: {job}", "Another wattbench talks through it."
    else:
        who = f"{holder.program}, pid {holder.pid}"
        cause = "That program has the port open and locked."
    return faults.BUSY(
        what=f"The port {path} is in use by {who}.",
        cause=cause,
        next="Wait until it has ended, or close it, then try again.",
    )


def owning_group(path: str) -> str:
    """The group that may use the device; dialout where it has no other than root."""
    try:
        name = grp.getgrgid(Path(path).stat().st_gid).gr_name
    except (OSError, KeyError):
        return "dialout"
    return "dialout" if name in ("root", "tty") else name


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
