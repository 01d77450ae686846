"""The console: what is told while a plug starts, on a clock that jumps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from core.beken.bootlog import BootLog, Verdict
from core.beken.tasks.console import ConsoleOptions, Heard, console, result_of
from core.fault import FaultError
from core.link.api import Link
from core.link.memory import MemoryLink
from tests.core.beken.test_bootlog import APP, BANNER, JUMP, OPENBEKEN
from tests.virtual_clock import virtual


class Speaking:
    """A chip that says each text at its time; the host's bytes go nowhere."""

    def __init__(self, *says: tuple[float, str]) -> None:
        self.says = says
        self.host = b""

    def attach(self, send: Callable[[bytes], None]) -> None:
        for at, text in self.says:
            asyncio.get_running_loop().call_later(at, send, text.encode())

    def received(self, data: bytes, baud: int) -> None:
        self.host += data


class Table:
    def __init__(self, *says: tuple[float, str]) -> None:
        self.chip = Speaking(*says)
        self.links: list[MemoryLink] = []
        self.heard: list[Heard] = []

    async def open_port(self, port: str, baud: int, holder: str) -> Link:
        assert baud == 115200
        self.links.append(MemoryLink(self.chip, port, baud))
        return self.links[-1]

    async def listen(self, seconds: float | None, **options: object) -> BootLog:
        wanted = ConsoleOptions(port="tx2", seconds=seconds, **options)  # type: ignore[arg-type]
        return await console(wanted, ports=self.open_port, tell=self.heard.append)

    @property
    def lines(self) -> list[str]:
        return [line for heard in self.heard for line in heard.lines]


@virtual
async def test_a_good_start_is_told_line_by_line() -> None:
    table = Table((1, BANNER), (1.2, JUMP + APP), (3, OPENBEKEN))
    log = await table.listen(10)
    assert table.lines == (BANNER + JUMP + APP + OPENBEKEN).splitlines()
    result = result_of(log)
    assert (result["verdict"], result["boots"]) == ("running", 1)
    assert "openbk find" in result["next"]
    assert table.chip.host == b""  # nothing is ever sent to the chip


@virtual
async def test_silence_is_told_once_and_at_its_end() -> None:
    table = Table()
    log = await table.listen(30)
    assert [(h.lines, h.verdict) for h in table.heard] == [((), Verdict.NOTHING)]
    assert "TX2" in result_of(log)["next"]


@virtual
async def test_a_start_that_stays_up_becomes_running_without_another_byte() -> None:
    table = Table((1, BANNER + JUMP + APP))
    await table.listen(12)
    assert [h.verdict for h in table.heard] == [
        Verdict.NOTHING, Verdict.STARTING, Verdict.RUNNING,
    ]  # fmt: skip


@virtual
async def test_a_loop_is_a_fault_with_its_remedy() -> None:
    table = Table(*[(n, BANNER + JUMP + APP) for n in range(1, 6)])
    log = await table.listen(6)
    with pytest.raises(FaultError) as error:
        result_of(log)
    fault = error.value.fault
    assert (fault.code, fault.touched) == ("BK-NO-BOOT", "nothing")
    assert fault.what.startswith("Brown-out")
    assert "3.3 V" in fault.next


@virtual
async def test_passwords_are_hidden_unless_asked_for() -> None:
    says = (1, "Info:MAIN:Using Pass [hunter2]\nagain hunter2\n")
    hidden, shown = Table(says), Table(says)
    await hidden.listen(2, secrets=("hunter2",))
    await shown.listen(2, reveal=True)
    assert "hunter2" not in repr(hidden.heard)
    assert shown.lines[1] == "again hunter2"
    assert "hunter2" not in repr(ConsoleOptions(port="p", secrets=("hunter2",)))


@virtual
async def test_a_cancel_closes_the_port_and_keeps_what_was_heard() -> None:
    table = Table((1, BANNER + "half a li"))
    log = BootLog()
    task = asyncio.create_task(
        console(ConsoleOptions(port="tx2"), ports=table.open_port, tell=table.heard.append, log=log)
    )
    await asyncio.sleep(5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert table.lines[-1] == "half a li"
    assert log.boots == 1
    with pytest.raises(FaultError):
        await table.links[0].read(1, 0)


@virtual
async def test_an_adapter_pulled_out_is_a_fault() -> None:
    table = Table((1, BANNER))
    asyncio.get_running_loop().call_later(2, lambda: table.links[0].unplug())
    with pytest.raises(FaultError, match="LINK-GONE"):
        await table.listen(None)
    assert table.lines == BANNER.splitlines()
