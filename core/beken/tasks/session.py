"""What every job on a plug begins and ends with: the port, the link, who is there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from core.beken import faults
from core.beken.client import BASE_BAUD, SHORT, SILENCE, SILENCE_LIMIT, Client
from core.beken.identify import Device, identify
from core.beken.linker import DEFAULT_TIMEOUT, LinkView, link_up
from core.beken.speed import AUTO, LADDER, Memory, Speed
from core.beken.wire import link_check
from core.beken.wiring import DRAWING, Lead
from core.events import Question
from core.fault import FaultError
from core.job import Reporter
from core.link.api import Link, OpenPort

ADAPTER = "adapter"
EXTERNAL = "external"
NUDGE = 0.1
SPEED_TRIES = 2
SAME = ("chip", "size", "flash_id", "mac", "fingerprint", "basic")
"""What of a device stays as it is while nothing is written."""
CLONED_MACS = ("C8:47:8C:00:00:00",)
"""What flashers leave behind that do not keep the RF sector."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlugOptions:
    """How to reach the plug.

    `baud` is the speed after identification, AUTO for the fastest that is proven, at most
    `ceiling`; `adapter` is the name under which that is remembered, empty: it is not.  `chip` is
    an expectation (empty: none) that never overrides; `supply` is `external`, `adapter` or empty
    for not said; times in seconds.
    """

    port: str
    baud: int = AUTO
    ceiling: int = LADDER[-1]
    adapter: str = ""
    lead: Lead = Lead.GND
    link_timeout: float = DEFAULT_TIMEOUT
    chip: str = ""
    supply: str = ""


@dataclass(slots=True)
class Session:
    """A linked and identified plug.  The client's speed is 115200 until `speed_up`."""

    client: Client
    device: Device
    options: PlugOptions
    report: Reporter
    speed: Speed

    async def speed_up(self) -> None:
        """Go to the wanted speed; where that fails, stay slower and say so.

        One byte lost in the request leaves the chip at a speed that nobody knows, and asking
        again at the old one never helps (BK7231 sheet 3): it is linked again, then asked once
        more.  After the first erase the writer does that, who knows what has to be proven then.
        """
        if self.options.supply == ADAPTER and self.options.baud != BASE_BAUD:
            self.report.note(
                "SLOW-SUPPLY", f"The adapter feeds the module: staying at {BASE_BAUD} baud."
            )
            return
        for _ in range(SPEED_TRIES):
            try:
                await self.speed.up()
                return
            except FaultError as error:
                if error.fault.code not in faults.OUT_OF_REACH or self.report.committed:
                    raise
                await self._link_again(error)
        self.speed.stay()
        self.report.warn(
            "BAUD", f"{SPEED_TRIES} changes of the speed failed. Going on at {BASE_BAUD} baud."
        )

    async def _link_again(self, error: FaultError) -> None:
        """Link at 115200, and prove that nobody changed the plug on the table.

        Raises what linking and identifying raise, and BK-FOREIGN.
        """
        self.report.warn("LINK-LOST", f"{error.fault.what} Linking again.")
        await self.client.link.set_baud(BASE_BAUD)
        await self.report.waiting(connect(self.report, self.options, self.client.link))
        now = await identify(self.client, key_needed=False)
        if any(getattr(now, name) != getattr(self.device, name) for name in SAME):
            raise faults.FOREIGN(
                what="After linking again another chip answers.",
                cause="Another plug was connected meanwhile.",
                next="Connect the first plug again and start the job again.",
            )

    async def slow_down(self) -> None:
        """Back to 115200, where registers are written."""
        await self.speed.down()

    async def confirm(self, question: Question) -> None:
        """Ask a person; a T's loader, which leaves after a silence, is kept awake meanwhile."""
        async with self.awake():
            await self.report.confirm(question)

    @asynccontextmanager
    async def awake(self) -> AsyncIterator[None]:
        """Keep the line of a T alive while something else takes long (BK7231 sheet 1.3)."""
        if not self.device.basic:
            yield
            return
        nudges = asyncio.create_task(self._nudge())
        try:
            yield
        finally:
            nudges.cancel()
            with contextlib.suppress(asyncio.CancelledError, FaultError):
                await nudges
            with contextlib.suppress(FaultError):  # whoever asks next finds out
                await self.client.link.quiet(SILENCE, SILENCE_LIMIT)

    async def _nudge(self) -> None:
        while True:
            await self.client.exchange(link_check(), SHORT)
            await asyncio.sleep(NUDGE)


@asynccontextmanager
async def session(
    report: Reporter,
    options: PlugOptions,
    ports: OpenPort,
    holder: str,
    steps: tuple[int, int],
    *,
    key_needed: bool = False,
    memory: Memory | None = None,
) -> AsyncIterator[Session]:
    """Open, link, identify; on every way out leave the chip at 115200 and close the port.

    `steps` is (index of the link phase, number of phases); `memory` keeps the speed that was
    proven.  The chip stays in its loader, so
    that the next job links without the reset lead.
    """
    index, of = steps
    report.phase("Link", index, of)
    link = await ports(options.port, BASE_BAUD, holder)
    client = Client(link)
    try:
        await connect(report, options, link)
        report.phase("Identify", index + 1, of)
        device = await identify(client, key_needed=key_needed)
        report.facts("device", **device.facts())
        _odd(report, device)
        _expected(options, device)
        speed = Speed(client, report, options.baud, options.ceiling, options.adapter, memory)
        yield Session(client, device, options, report, speed)
    finally:
        await client.leave()
        await link.close()


async def connect(report: Reporter, options: PlugOptions, link: Link) -> None:
    """Ask for the reset lead and link.  Raises LINK-*."""
    report.note("RESET-NOW", options.lead.prompt)
    report.facts("wiring", drawing=DRAWING, lead=options.lead.value.name)

    def tell(view: LinkView) -> None:
        report.facts("link", **view.to_json())

    await link_up(
        link, lead=options.lead, timeout=options.link_timeout, also=options.baud, tell=tell
    )


def options_of(plug: Session) -> dict[str, Any]:
    """How the plug was reached, for whoever resumes; no secrets."""
    options = plug.options
    return {
        "port": options.port,
        "adapter": options.adapter,
        "baud": options.baud,
        "lead": options.lead.name.lower(),
        "supply": options.supply,
    }


def _odd(report: Reporter, device: Device) -> None:
    """Say what is odd about the device, though the job can go on."""
    if device.key_note:
        report.warn("KEY", device.key_note)
    if device.mac in CLONED_MACS:
        report.warn(
            "RF-MAC",
            f"The MAC {device.mac} is a default that many modules got when their RF sector was "
            "lost; two of them in one network disturb each other.",
        )


def _expected(options: PlugOptions, device: Device) -> None:
    wanted = options.chip.lower()
    if not wanted or wanted in (device.chip, device.chip.removeprefix("bk7231")):
        return
    raise faults.OTHER_CHIP(
        what=f"--chip says {options.chip}, the chip is a {device.chip}.",
        cause="Another module is connected, or the expectation is wrong.",
        next="Compare the marking on the module; leave --chip away if you are not sure.",
    )
