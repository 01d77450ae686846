"""What every job on a module begins and ends with: port, programmer, module, who is there."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core.events import Question
from core.fault import FaultError
from core.job import Reporter
from core.link.api import OpenPort
from core.store.store import Store
from core.telink import connect, faults
from core.telink.client import Client
from core.telink.identify import Module, identify, read_twice, unique_id
from core.telink.wire import BASE_BAUD, BAUDS
from core.telink.wiring import GATE_TEXT
from core.tlimage.flashmap import IDENTITY

AUTO = 0
GATE = Question(key="module-gate", text=GATE_TEXT)
START_LIMIT = 1.0
REPEATS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleOptions:
    """How to reach the module: the port of the programmer, and the speed (0: the best)."""

    port: str
    baud: int = AUTO


@dataclass(slots=True)
class Session:
    """A module that is stopped and identified.

    With `leave_stopped` its processor stays stopped at the end: half a firmware must not start.
    """

    client: Client
    module: Module
    options: ModuleOptions
    report: Reporter
    rung: connect.Rung
    leave_stopped: bool = False

    def learn(self, flash: bytes) -> None:
        """Take in what a backup found, and say it."""
        self.module = self.module.with_content(flash)
        self.report.facts("device", **self.module.facts())
        _odd_content(self.report, self.module)

    async def recover(self) -> None:
        """Reach the module again after it was lost, and prove that nobody exchanged it.

        Raises what connecting raises, and TL-FOREIGN.
        """
        client, report = self.client, self.report
        await report.waiting(connect.find_programmer(client, report))
        await report.waiting(connect.wake_module(client, report, self.rung.name))
        await connect.speed_up(client, report, self.options.baud)
        uid = await unique_id(client)
        identity = await read_twice(client, IDENTITY.start, IDENTITY.end)
        if uid.hex() != self.module.uid or identity != self.module.identity:
            raise faults.FOREIGN(
                what="After the interruption another module answers.",
                cause="The wires went to another module meanwhile.",
                next="Connect the first module again, then resume the job.",
            )


def checked_baud(baud: int) -> int:
    """`baud`, if the programmer makes it.  Raises TL-BAUD, for 460800 above all."""
    if baud == AUTO or baud in BAUDS:
        return baud
    raise faults.BAUD(
        what=f"{baud} is not a speed of the programmer.",
        cause="460800 in its table makes 615385." if baud == 460800 else "It is not in its table.",
        next=f"Use --baud auto, or one of {', '.join(map(str, sorted(BAUDS)))}.",
    )


@asynccontextmanager
async def session(
    report: Reporter,
    options: ModuleOptions,
    ports: OpenPort,
    store: Store,
    holder: str,
    steps: tuple[int, int],
    *,
    content: bool = True,
) -> AsyncIterator[Session]:
    """Open, find the programmer, stop the module, identify.

    `steps` is (index of the first of the two phases, number of phases); without `content` firmware
    and settings are left to a backup that follows.  On every way out the
    module starts again, the programmer is left at 230400 and the port is closed.
    """
    checked_baud(options.baud)
    report.phase("Connect", *steps)
    link = await ports(options.port, BASE_BAUD, holder)
    client = Client(link)
    found: Session | None = None
    reached = False
    try:
        reached = True
        for left in range(REPEATS, -1, -1):
            try:
                rung, module = await _identified(client, report, options, store, steps, content)
                break
            except FaultError as error:
                if error.fault.code not in faults.LOSABLE or not left:
                    raise
                report.warn("LOST", f"{error.fault.what} Trying once more.")
        found = Session(client, module, options, report, rung)
        yield found
    finally:
        if reached:
            await _let_go(client, start=found is None or not found.leave_stopped)
        await client.leave()
        await link.close()


async def _identified(
    client: Client,
    report: Reporter,
    options: ModuleOptions,
    store: Store,
    steps: tuple[int, int],
    content: bool,
) -> tuple[connect.Rung, Module]:
    """Programmer, speed, module, who it is."""
    index, of = steps
    await connect.find_programmer(client, report)
    assert client.programmer is not None
    told = {"version": client.programmer.version, "crc": client.has_crc}
    report.facts("programmer", baud=client.link.baud, **told)
    # At the usual speed: an activation cannot be broken off, and nothing is to be put back then.
    rung = await connect.wake_module(client, report, _remembered(store, options.port))
    await _remember(store, options.port, rung)
    report.note(
        "REACHED",
        f"The module answers: reset {rung.reset * 1000:.0f} ms, CPU stop for "
        f"{rung.active * 1000:.0f} ms.",
    )
    await connect.speed_up(client, report, options.baud)
    report.facts("programmer", baud=client.link.baud, **told)
    report.facts("link", linked=True, rung=rung.name, prompt="")
    report.phase("Identify", index + 1, of)
    module = await identify(client, content=content)
    report.facts("device", **module.facts())
    _odd(report, client, module)
    if content:
        _odd_content(report, module)
    return rung, module


async def _let_go(client: Client, *, start: bool) -> None:
    """Release RST, whatever was going on, and let the module run if it may."""
    with contextlib.suppress(FaultError):
        await client.free()
    with contextlib.suppress(FaultError, TimeoutError):
        async with asyncio.timeout(START_LIMIT):
            await client.pins(high=True)
            if start:
                await client.start()


def _key(port: str) -> str:
    """Where the rung that worked is remembered, per adapter."""
    return f"module_rung_{hashlib.sha256(port.encode(errors='replace')).hexdigest()[:8]}"


def _remembered(store: Store, port: str) -> str:
    return store.settings.get(_key(port))


async def _remember(store: Store, port: str, rung: connect.Rung) -> None:
    with contextlib.suppress(FaultError):  # only a convenience
        await asyncio.to_thread(store.settings.set, _key(port), rung.name)


def _odd(report: Reporter, client: Client, module: Module) -> None:
    """Say what the technician should know before anything else."""
    if not client.has_crc:
        report.note(
            "OLD-PROGRAMMER",
            f"The programmer has version {module.programmer}, without checksums: everything is "
            "read twice instead, which takes longer.",
        )
    if module.locked:
        report.note("LOCKED", "The flash is write-protected; writing unlocks it first.")
    if not module.mac:
        report.warn("NO-MAC", "No MAC is stored: the firmware will invent one at its first start.")


def _odd_content(report: Reporter, module: Module) -> None:
    if module.banks[1].boots and not module.banks[0].boots:
        report.note(
            "BANK-1",
            "The firmware runs from the second boot bank (updated over the air). What is written "
            "to the first one will win.",
        )
    for text in module.settings.notes if module.settings else ():
        report.warn("SETTINGS", text)
