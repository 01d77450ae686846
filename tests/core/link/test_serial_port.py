"""The real port over real ptys: what a kernel does, no mocks."""

from __future__ import annotations

import asyncio
import errno
import grp
import os
import subprocess
import sys
import termios
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from core.fault import FaultError
from core.link import opening, serial_port
from core.link.leases import Leases
from core.link.tape import TapedLink


@pytest.fixture
async def link(pty: Any) -> AsyncIterator[TapedLink]:
    opened = await serial_port.open_port(pty.path, holder="Test")
    yield opened
    await opened.close()


def now() -> float:
    return asyncio.get_running_loop().time()


def code(error: pytest.ExceptionInfo[FaultError]) -> str:
    return error.value.fault.code


async def test_bytes_go_both_ways_unchanged(pty: Any, link: TapedLink) -> None:
    every = bytes(range(256))
    await link.write(every)
    assert await pty.heard(256) == every
    pty.send(every)
    assert await link.read_exactly(256, 5) == every
    assert (link.name, link.baud) == (pty.path, 115200)


async def test_read_returns_what_is_there_and_an_answer_is_seen_at_once(
    pty: Any, link: TapedLink
) -> None:
    asyncio.get_running_loop().call_later(0.05, pty.send, b"\x04\x0e\x05")
    began = now()
    assert await link.read(100, 5) == b"\x04\x0e\x05"
    assert 0.04 < now() - began < 0.25  # far below the timeout: nothing polls
    assert await link.read(100, 0) == b""


async def test_deadlines_hold(pty: Any, link: TapedLink) -> None:
    pty.send(b"ab")
    began = now()
    assert await link.read_exactly(3, 0.1) == b"ab"
    assert 0.09 < now() - began < 1
    assert await link.read(1, 0.05) == b""


async def test_speed_changes_in_place_and_unread_input_stays(pty: Any, link: TapedLink) -> None:
    pty.send(b"unread")
    await link.set_baud(921600)
    assert (link.baud, pty.speed) == (921600, termios.B921600)
    pty.send(b" and more")
    assert await link.read_exactly(15, 5) == b"unread and more"
    await link.set_baud(250000)  # no constant of its own: set as a number
    assert link.baud == 250000
    await link.set_baud(115200)
    assert pty.speed == termios.B115200


@pytest.mark.parametrize("baud", [0, -9600, 2**40])
async def test_a_speed_that_cannot_be_is_refused_and_the_old_one_stays(
    pty: Any, link: TapedLink, baud: int
) -> None:
    with pytest.raises(FaultError) as error:
        await link.set_baud(baud)
    assert code(error) == "LINK-BAUD"
    assert (link.baud, pty.speed) == (115200, termios.B115200)
    await link.write(b"x")
    assert await pty.heard(1) == b"x"


async def test_an_adapter_that_makes_another_speed_is_found_out(
    pty: Any, link: TapedLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serial_port.tty, "true_baud", lambda fd: 9600)  # as a PL2303 does
    with pytest.raises(FaultError, match="makes 9600 instead"):
        await link.set_baud(1500000)
    assert (link.baud, pty.speed) == (115200, termios.B115200)


async def test_a_port_without_modem_lines_ignores_them(pty: Any, link: TapedLink) -> None:
    await link.set_lines(dtr=True, rts=True)
    await link.set_lines(dtr=False, rts=False)
    await link.send_break(0.01)
    await link.write(b"still here")
    assert await pty.heard(10) == b"still here"


async def test_quiet_throws_away_and_keeps_the_evidence(pty: Any, link: TapedLink) -> None:
    pty.send(b"\x55\xaa" * 300)
    assert await link.quiet(0.05, 2) == b"\x55\xaa" * 128
    assert await link.read(1, 0) == b""


async def test_flush_takes_the_line_time(link: TapedLink) -> None:
    began = now()
    await link.write(bytes(576))
    await link.flush()
    assert 0.045 < now() - began < 0.5  # 5760 bits at 115200


async def test_big_writes_wait_for_room_and_arrive_whole(pty: Any, link: TapedLink) -> None:
    await link.set_baud(2000000)
    data = os.urandom(200_000)
    _, heard = await asyncio.gather(link.write(data), pty.heard(len(data)))
    assert heard == data


async def test_a_port_that_takes_nothing_is_stuck(
    pty: Any, link: TapedLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.link.stream.PATIENCE", 0.05)
    await link.set_baud(2000000)
    with pytest.raises(FaultError) as error:
        await link.write(bytes(50_000))
    assert code(error) == "LINK-STUCK"
    # Half a request is on its way: nothing may follow it.
    with pytest.raises(FaultError) as error:
        await link.write(b"next")
    assert code(error) == "LINK-STUCK"
    began = now()
    await link.close()
    assert now() - began < 1


async def test_unplug_ends_the_waiting_read_and_every_later_call(pty: Any, link: TapedLink) -> None:
    asyncio.get_running_loop().call_later(0.05, pty.unplug)
    began = now()
    with pytest.raises(FaultError) as error:
        await link.read_exactly(10, 30)
    assert code(error) == "LINK-GONE"
    assert now() - began < 5
    for call in (
        link.write(b"x"),
        link.read(1, 1),
        link.flush(),
        link.set_baud(9600),
        link.set_lines(dtr=False, rts=False),
        link.quiet(1, 1),
        link.send_break(1),
    ):
        with pytest.raises(FaultError) as error:
            await call
        assert code(error) == "LINK-GONE"


async def test_writing_into_an_unplugged_port_is_gone(pty: Any, link: TapedLink) -> None:
    pty.unplug()
    with pytest.raises(FaultError) as error:
        async with asyncio.timeout(5):
            while True:  # the very first write may be lost before the kernel notices
                await link.write(b"x")
                await asyncio.sleep(0)
    assert code(error) == "LINK-GONE"


async def test_settings_of_an_unplugged_port_are_gone(pty: Any, link: TapedLink) -> None:
    pty.unplug()
    with pytest.raises(FaultError) as error:
        await link.set_baud(9600)
    assert code(error) == "LINK-GONE"


async def test_close_is_quiet_and_may_be_repeated_and_opening_again_works(pty: Any) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - one number
    for _ in range(3):
        link = await serial_port.open_port(pty.path, holder="Test")
        await link.write(b"hello")
        await link.close()
        await link.close()
        with pytest.raises(FaultError, match="is closed"):
            await link.read(1, 0)
    assert await pty.heard(15) == b"hellohellohello"
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


async def test_the_exclusive_mark_is_taken_back(pty: Any) -> None:
    """The far side keeps the pty open, so the kernel would keep the mark."""
    link = await serial_port.open_port(pty.path, holder="Test")
    await link.close()
    os.close(os.open(pty.path, os.O_RDWR | os.O_NOCTTY))
    fd = pty.lock()
    os.close(fd)


async def test_a_missing_port_names_what_is_there() -> None:
    with pytest.raises(FaultError) as error:
        await serial_port.open_port("/dev/ttyUSB99", holder="Test")
    assert code(error) == "LINK-NO-PORT"
    found = [port.device for port in serial_port.scan()]
    for device in found:
        assert device in error.value.fault.what
    assert found or "No port is there at all" in error.value.fault.what


async def test_no_permission_says_how_to_get_it(pty: Any) -> None:
    # Both once before: what is imported late may lie where nobody else may read.
    with pytest.raises(FaultError):
        await serial_port.open_port("/dev/null", holder="Test")
    await asyncio.to_thread(os.getpid)
    user = os.geteuid()
    os.chmod(pty.path, 0)  # noqa: PTH101
    if user == 0:
        os.seteuid(65534)
    try:
        with pytest.raises(FaultError) as error:
            await serial_port.open_port(pty.path, holder="Test")
    finally:
        os.seteuid(user)
        os.chmod(pty.path, 0o600)  # noqa: PTH101
    assert code(error) == "LINK-DENIED"
    group = opening.owning_group(pty.path)  # where a pty belongs to its user's own group, that one
    if "mode of the port" in error.value.fault.cause:  # the group is one's own: that is no cure
        assert f"chmod g+rw {pty.path}" in error.value.fault.next
        return
    assert f"sudo usermod -aG {group} $USER" in error.value.fault.next
    assert "log in again" in error.value.fault.next


async def test_a_member_of_the_group_is_told_of_the_mode(
    pty: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = grp.getgrgid(os.getegid()).gr_name
    monkeypatch.setattr(opening, "owning_group", lambda _path: mine)
    fault = opening.open_fault(
        pty.path, PermissionError(errno.EACCES, "no"), lambda: [], None
    ).fault
    assert fault.code == "LINK-DENIED"
    assert fault.command == ("sudo", "chmod", "g+rw", pty.path)
    assert f"You are in its group {mine}" in fault.cause


@pytest.mark.parametrize("path", ["/dev/null", "/proc/self/status", "/"])
async def test_what_is_no_serial_port_does_not_open(path: str) -> None:
    with pytest.raises(FaultError) as error:
        await serial_port.open_port(path, holder="Test")
    assert code(error) in ("LINK-OPEN", "LINK-DENIED")


LOCKER = """
import fcntl, os, sys
fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
fcntl.flock(fd, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""


async def test_busy_names_the_program_or_the_job_of_the_other_process(
    pty: Any, tmp_path: Path
) -> None:
    script = tmp_path / "minicom"
    script.write_text(LOCKER)
    with subprocess.Popen(  # noqa: ASYNC220 - it answers at once
        [sys.executable, str(script), pty.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdin and other.stdout
        assert other.stdout.readline() == b"locked\n"
        with pytest.raises(FaultError) as error:
            await serial_port.open_port(pty.path, holder="Test")
        assert code(error) == "LINK-BUSY"
        assert f"minicom, pid {other.pid}" in error.value.fault.what
        with pytest.raises(FaultError) as error:
            await serial_port.open_port(
                pty.path,
                holder="Test",
                describe_holder=lambda pid: "Flash: backup" if pid == other.pid else None,
            )
        assert f"wattbench, pid {other.pid}: Flash: backup" in error.value.fault.what
        other.stdin.close()
        other.wait(5)
    link = await serial_port.open_port(pty.path, holder="Test")
    await link.close()


async def test_the_second_lease_in_this_process_names_the_first(pty: Any, tmp_path: Path) -> None:
    alias = tmp_path / "by-id"
    alias.symlink_to(pty.path)
    leases = Leases()
    first = await serial_port.open_port(pty.path, holder="Flash: backup of A4C1", leases=leases)
    with pytest.raises(FaultError) as error:
        await serial_port.open_port(str(alias), holder="Console", leases=leases)
    assert code(error) == "LINK-BUSY"
    assert "Flash: backup of A4C1" in error.value.fault.what
    await first.close()
    second = await serial_port.open_port(str(alias), holder="Console", leases=leases)
    assert leases.holder(pty.path) == "Console"
    await second.close()
    assert leases.holder(pty.path) is None


async def test_a_failed_open_gives_the_lease_back() -> None:
    leases = Leases()
    for url in ("/dev/ttyUSB99", "loop://", "socket://nowhere"):
        with pytest.raises(FaultError):
            await serial_port.open_port(url, holder="Test", leases=leases)
        assert leases.holder(url) is None


async def test_an_open_that_hangs_is_given_up_and_closed_when_it_ends(
    pty: Any, monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., Any]
) -> None:
    import threading

    go, ports, real = threading.Event(), [], serial_port._open

    def slow(path: str, baud: int) -> Any:
        go.wait(10)
        ports.append(real(path, baud))
        return ports[0]

    monkeypatch.setattr(serial_port, "_open", slow)
    monkeypatch.setattr(serial_port, "OPEN_PATIENCE", 0.05)
    with pytest.raises(FaultError) as error:
        await serial_port.open_port(pty.path, holder="Test")
    assert code(error) == "LINK-OPEN-HUNG"
    go.set()
    await eventually(lambda: ports and not ports[0].is_open)


async def test_a_driver_that_hangs_in_close_holds_nobody_up(
    pty: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    go, real = threading.Event(), serial_port._shut
    monkeypatch.setattr(serial_port, "CLOSE_PATIENCE", 0.05)
    monkeypatch.setattr(serial_port, "_shut", lambda port: (go.wait(10), real(port)))
    link = await serial_port.open_port(pty.path, holder="Test")
    began = now()
    await link.close()
    assert now() - began < 2
    go.set()


@pytest.mark.parametrize("url", ["telnet://host:1", "loop://", "hwgrep://x", "spy:///dev/x"])
async def test_other_addresses_are_refused_by_name(url: str) -> None:
    with pytest.raises(FaultError) as error:
        await serial_port.open_port(url, holder="Test")
    assert code(error) == "LINK-URL"
    assert url.split(":")[0] in error.value.fault.what


def test_errors_of_the_kernel_become_faults(tmp_path: Path) -> None:
    """The ones that a pty cannot make."""
    path = str(tmp_path / "ttyUSB0")
    for number, wanted in [
        (errno.EBUSY, "LINK-BUSY"),
        (errno.EPERM, "LINK-DENIED"),
        (errno.ENXIO, "LINK-OPEN"),
        (errno.ENOENT, "LINK-NO-PORT"),
    ]:
        fault = opening.open_fault(path, OSError(number, os.strerror(number)), list, None).fault
        assert fault.code == wanted
        assert fault.cause and fault.next
