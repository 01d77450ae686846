"""One holder a port in this process; other processes are found through /proc."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any

import pytest

from core.fault import FaultError
from core.link.leases import Holder, Leases, holder_of, program_of


def test_the_second_holder_is_told_of_the_first() -> None:
    leases = Leases()
    with leases.take("/dev/ttyUSB0", "Flash: backup"):
        with pytest.raises(FaultError) as error:
            leases.take("/dev/ttyUSB0", "Console")
        assert "Flash: backup" in error.value.fault.what
        assert error.value.fault.code == "LINK-BUSY"
        leases.take("/dev/ttyUSB1", "Console").release()
    assert leases.holder("/dev/ttyUSB0") is None


def test_an_old_lease_cannot_end_a_new_one() -> None:
    leases = Leases()
    old = leases.take("socket://host:1", "a")
    old.release()
    leases.take("socket://host:1", "b")
    old.release()
    assert leases.holder("socket://host:1") == "b"


def test_instances_do_not_share() -> None:
    Leases().take("/dev/x", "a")
    assert Leases().holder("/dev/x") is None


def test_two_names_of_one_device_are_one_port(tmp_path: Path) -> None:
    device, alias = tmp_path / "ttyUSB0", tmp_path / "usb-FTDI"
    device.touch()
    alias.symlink_to(device)
    leases = Leases()
    leases.take(str(alias), "a")
    assert leases.holder(str(device)) == "a"


def test_the_real_proc_knows_ourselves(pty: Any) -> None:
    fd = pty.lock()
    holder = holder_of(pty.path)
    os.close(fd)
    assert holder is not None and holder.pid == os.getpid()
    assert holder_of("/dev/nobody-has-this") is None


def fake_proc(root: Path, **fds: str) -> Path:
    """/proc with a process for each `p<pid>=path that it has open`."""
    for name, target in fds.items():
        folder = root / name[1:] / "fd"
        folder.mkdir(parents=True)
        (folder / "3").symlink_to(target)
    return root


def test_among_several_the_one_with_the_lock(tmp_path: Path) -> None:
    device = tmp_path / "tty"
    device.touch()
    proc = fake_proc(tmp_path / "proc", p10=str(device), p20=str(device), p30="/dev/null")
    assert holder_of(str(device), proc) == Holder(10, "?")
    inode = device.stat().st_ino
    (proc / "locks").write_text(f"1: FLOCK  ADVISORY  WRITE 20 00:05:{inode} 0 EOF\nrubbish\n")
    assert holder_of(str(device), proc) == Holder(20, "?")


def test_a_real_lock_shows_in_proc_locks(pty: Any) -> None:
    fd = pty.lock()
    inode = os.fstat(fd).st_ino
    rows = Path("/proc/locks").read_text()
    fcntl.flock(fd, fcntl.LOCK_UN)
    os.close(fd)
    if "FLOCK" not in rows:
        pytest.skip("this kernel does not list locks")
    assert f":{inode} " in rows


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["/usr/bin/minicom", "-D", "/dev/ttyUSB0"], "minicom"),
        (["/venv/bin/python3", "/venv/bin/wattbench", "plug"], "wattbench"),
        (["python3.11", "-u", "/x/script.py"], "script.py"),
        (["python3"], "python3"),
        (["evil\x1b[2J"], "evil[2J"),
        ([""], "?"),
    ],
)
def test_programs_have_the_name_a_person_knows(tmp_path: Path, words: list[str], name: str) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "cmdline").write_bytes("\0".join(words).encode() + b"\0")
    assert program_of(7, tmp_path) == name
    assert program_of(8, tmp_path) == "?"
