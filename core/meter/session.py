"""One visit to a module: find it, connect, read who it is; and always a clean way out.

The module pairs with whoever answers its Security Request, and a pairing locks it at the
disconnect.  So on the way out a pairing that nobody asked for is undone (rulings M2).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from core.events import Question
from core.fault import FaultError
from core.job import Reporter
from core.meter import adverts, faults, log, models, scale, wire
from core.meter.client import Client
from core.meter.reach import Reach
from core.meter.records import Records
from core.meter.wire import Status
from core.radio.connection import Connection
from core.store.store import Store

LISTEN = 3.0
"""Seconds in which both frames of a module come many times over."""
LOG_LINE = 5.0
"""How long a line of the module's log is waited for."""
OPEN_MEANS = "Left open: anyone in range can read the key and change settings."
LOCK_MEANS = (
    "The module's whitelist is a pairing: once a computer has paired with it, only that computer's "
    "adapter may connect."
)


_STALE = Question(
    "stale-bond",
    "The module was released, and only this computer still remembers the pairing, so every "
    "connection breaks at once. Remove the pairing here and connect again?",
    unattended="no",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterOptions:
    """Which module, and through which adapter (empty: the first that is on)."""

    address: str
    adapter: str = ""


@dataclass
class Visit:
    """What a task works with while it is connected.

    `was_bonded` is whether this host was paired with the module before the visit; `keep_bond`
    leaves a new pairing in place.  `heard` are the values of the adverts before connecting.
    `poll_lines` is the module's log of the last poll that a command made.
    """

    report: Reporter
    store: Store
    reach: Reach
    link: Connection
    client: Client
    address: str
    was_bonded: bool
    heard: dict[str, float]
    keep_bond: bool = False
    released: bool = False
    poll_lines: list[str] = field(default_factory=list)
    records: Records = field(init=False)

    def __post_init__(self) -> None:
        self.records = Records(self.store, self.address)

    @property
    def status(self) -> Status:
        """The newest status."""
        assert self.client.status is not None
        return self.client.status

    def facts(self) -> dict[str, Any]:
        """All that is known, for screen and result; never the key."""
        return {
            "mac": self.address,
            "rssi": self.reach.rssi(self.address),
            "adapter": self.reach.adapter,
            "seconds_left": round(self.client.seconds_left),
            "bound": self.was_bonded,
            **status_facts(self.status),
            "serial": self.client.serial,
            "made": self.client.made,
            **live_facts(self.client.live, self.status.scale),
            "battery": None if adverts.blank(self.heard) else self.heard.get("battery"),
        }

    def result(self) -> dict[str, Any]:
        """The same, flat: `power` is "120.00 W", `power_raw` the module's number."""
        found = self.facts()
        raw, values = found.pop("raw"), found.pop("values")
        return {**found, **values, **{f"{name}_raw": number for name, number in raw.items()}}

    def tell(self) -> None:
        """Show all that is known."""
        self.report.facts("device", mac=self.address)
        self.report.facts("meter", **self.facts())

    async def log_says(self, line: str, timeout: float = LOG_LINE) -> bool:
        """Wait for a line of the module's log."""
        return await self.client.until(
            lambda: any(line in told for told in self.client.lines), timeout
        )


def status_facts(status: Status) -> dict[str, Any]:
    """A status for the screen and JSON."""
    model = models.model_of(status.model)
    return {
        "firmware": status.release,
        "status_bytes": status.generation.length,
        "generation": status.generation.releases,
        "type": model.name,
        "type_title": model.title,
        "meter_address": status.address,
        "period": status.period,
        "encrypted": status.encrypted,
        "scale": scale.Scale.of(status.scale).text if status.scale is not None else "",
        "scale_word": f"0x{status.scale:04X}" if status.scale is not None else "",
    }


def live_facts(live: dict[str, int], word: int | None) -> dict[str, Any]:
    """Raw live values and the same with units."""
    return {
        "raw": dict(live),
        "values": {name: scale.shown(name, raw, word) for name, raw in live.items()},
    }


@asynccontextmanager
async def visit(
    report: Reporter,
    options: MeterOptions,
    *,
    reach: Reach,
    store: Store,
    log_line: Callable[[str], None] | None = None,
    steps: tuple[int, int] = (1, 2),
    live: bool = True,
) -> AsyncIterator[Visit]:
    """Connect and identify; inside, the module is there.  `steps` are (first phase, of).

    Raises the RADIO-* faults of connecting and METER-NOT-ONE, -SILENT, -STATUS, -LOST.
    """
    first, of = steps
    report.phase("Find and connect", first, of)
    address = address_in(options.address)
    if not address:
        await report.waiting(reach.survey(LISTEN))
        address = find_address(options.address, reach)
    report.facts("device", mac=address)
    was_bonded = await reach.bonded(address)
    key = store.keys.bind_key(address)
    heard = adverts.merged(await report.waiting(reach.listen(address, LISTEN)), key)
    link = await _connect(report, reach, store, address)
    try:
        report.note("METER-CONNECTED", f"Connected to {address} at {reach.rssi(address)} dBm.")
        report.phase("Identify", first + 1, of)
        client = Client(link, log_line or (lambda line: report.note("METER-LOG", line)))
        here = Visit(report, store, reach, link, client, address, was_bonded, heard)
        await report.waiting(client.open())
        if live:
            await report.waiting(client.read_live())
        here.tell()
        try:
            yield here
        finally:
            await asyncio.shield(_leave(here))
    finally:
        await link.close()


async def _connect(report: Reporter, reach: Reach, store: Store, address: str) -> Connection:
    """Connect; a pairing that only this computer remembers is offered to be removed."""
    try:
        return await report.waiting(reach.connect(address))
    except FaultError as error:
        if error.fault.code == "RADIO-STALE-BOND":
            answer = await report.ask(_STALE)
            if answer == "yes":
                await reach.radio.forget(address)
                report.note("METER-FORGOT", "The old pairing of this computer is removed.")
                await report.waiting(reach.survey(LISTEN))
                return await report.waiting(reach.connect(address))
        raise explained(error, Records(store, address), reach.adapter) from error


async def _leave(here: Visit) -> None:
    """Before the last disconnect: no lock that nobody asked for."""
    try:
        if here.keep_bond or here.was_bonded or here.released or here.link.lost.is_set():
            return
        if await here.reach.bonded(here.address):
            here.report.warn(
                "METER-BONDED",
                "This computer has paired with the module by itself, because another program "
                "answers pairing requests here. That is undone now, so that nobody is locked out.",
            )
            await leave_open(here)
    except FaultError as error:
        here.report.warn("METER-BONDED", f"The pairing could not be undone: {error.fault.what}")


async def leave_open(here: Visit) -> bool:
    """Release the whitelist and drop the host's pairing with its connection.

    Returns whether the module's log confirmed it; there is no reconnect to look, because that
    would pair again (rulings M2).
    """
    for _ in range(2):
        await here.client.send(wire.RELEASE)
        await here.client.identify()
        if await here.log_says(log.RELEASED):
            break
    else:
        return False
    here.released = True
    here.records.bound_to("")
    await here.link.forget()
    return True


def address_in(text: str) -> str:
    """The address written as A4:C1:38:5C:94:FA; empty for what is a name."""
    digits = "".join(c for c in text.strip().upper() if c not in ":-.")
    if len(digits) != 12 or any(c not in "0123456789ABCDEF" for c in digits):
        return ""
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def find_address(wanted: str, reach: Reach) -> str:
    """The address of the one module in range with this name, or end of a name.

    Raises METER-TWINS.
    """
    text = wanted.strip()
    found = [a for a in reach.heard() if text and a.name.endswith(text)]
    if len(found) == 1:
        return found[0].address
    seen = ", ".join(f"{a.address} at {a.rssi} dBm" for a in found) or "none"
    raise faults.TWINS(
        what=f"{wanted!r} is no address, and {len(found)} modules in range have this name: {seen}.",
        cause="The name is shared, or nobody with it is in range.",
        next="Give the address of the module, as in A4:C1:38:5C:94:FA.",
    )


def explained(error: FaultError, records: Records, adapter: str) -> FaultError:
    """A refused connection, with what is on record about the lock."""
    if error.fault.code != "RADIO-BOUND":
        return error
    bound = records.binding()
    if bound.adapter and bound.adapter != adapter:
        cause = (
            f"It was bound to the adapter {bound.adapter} on {bound.when}; this one is {adapter}."
        )
    else:
        cause = f"It is bound to another adapter than {adapter}; which one is not on record here."
    step = (
        "Release it from there (meter release), or at the module: meter unlock, or g in the Meter "
        "pane, guides through it."
    )
    return FaultError(
        replace(
            error.fault,
            cause=cause,
            next=step,
            command=("wattbench", "meter", "unlock", records.address),
        )
    )
