"""Finds out what is connected, without changing it.

SWS carries no checksum, so ids are read until two reads in a row agree.  Source: TLSRPGM sheet
3.3, 5.1, 5.2.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from core.fault import FaultError
from core.telink import faults
from core.telink.client import Client
from core.tlimage import image, ring
from core.tlimage.flashmap import BANKS, IDENTITY, KIB, RING, mac_of
from core.tlimage.image import Bank
from core.tlimage.ring import Settings

CHIP = "tlsr825x"
READS = 6
CAPACITIES = range(0x10, 0x19)
WAKES = 2
NO_ID, ASLEEP_ID = bytes(3), b"\xff" * 3
PARTS = {
    "c86013": "GD25LD40C",
    "5e3213": "ZB25WD40B",
    "856013": "P25Q40",
    "eb6013": "TH25D40",
    "c86014": "GD25LE80C",
}
PROTECTION = 0x7C


@dataclass(frozen=True, slots=True)
class Module:
    """What is connected.

    `programmer` is its firmware version; `flash_id` six hex digits; `size` in bytes; `uid` of the
    flash in hex; `mac` as people read it, empty when none is stored; `banks` empty while nobody
    has looked; `settings` None when the ring has no record; `identity` the bytes of
    0x76000-0x77FFF.
    """

    programmer: int
    flash_id: str
    size: int
    status: int
    uid: str
    banks: tuple[Bank, ...]
    mac: str
    settings: Settings | None
    identity: bytes

    @property
    def part(self) -> str:
        """The flash chip by name."""
        return PARTS.get(self.flash_id, "flash")

    @property
    def locked(self) -> bool:
        """True while the protection bits keep it from being written."""
        return bool(self.status & PROTECTION)

    @property
    def firmware(self) -> str:
        """What boots, in some words; empty while nobody has looked."""
        if not self.banks:
            return ""
        return next((bank.text for bank in self.banks if bank.boots), "nothing that boots")

    def facts(self) -> dict[str, Any]:
        """For the screen and JSON; never the key."""
        return {
            "chip": CHIP,
            "programmer": self.programmer,
            "flash_id": self.flash_id,
            "part": self.part,
            "size": self.size,
            "status": f"{self.status:02X}",
            "locked": self.locked,
            "uid": self.uid,
            "firmware": self.firmware,
            **{f"bank_{n}": bank.text for n, bank in enumerate(self.banks)},
            "mac": self.mac,
            "settings": self.settings.facts() if self.settings else None,
        }

    def with_content(self, flash: bytes) -> Module:
        """The same module, with what its whole flash says of firmware and settings."""
        found = ring.newest(flash[RING.start : RING.end])
        return replace(self, banks=image.banks(flash), settings=found)


async def identify(client: Client, *, content: bool) -> Module:
    """The connected module; its processor must be stopped.

    With `content` firmware and settings are read, too; a backup that follows has them anyway.
    Raises TL-GARBLED, TL-BUS, TL-ASLEEP, and what the client raises.
    """
    flash_id = await _flash_id(client)
    status = await client.status()
    uid = await unique_id(client)
    banks = tuple([await _bank(client, base) for base in BANKS]) if content else ()
    identity = await read_twice(client, IDENTITY.start, IDENTITY.end)
    return Module(
        programmer=client.programmer.version if client.programmer else 0,
        flash_id=flash_id.hex(),
        size=1 << flash_id[2],
        status=status,
        uid=uid.hex(),
        banks=banks,
        mac=mac_of(identity),
        settings=await _settings(client) if content else None,
        identity=identity,
    )


async def unique_id(client: Client) -> bytes:
    """What tells this flash from every other, read twice alike."""
    return await _agreed(client, "unique id", client.unique_id)


async def _flash_id(client: Client) -> bytes:
    """The flash id, read twice alike, with a capacity that exists."""
    found = NO_ID
    for _ in range(WAKES):
        found = await _agreed(client, "flash id", client.jedec, _plausible)
        if found != ASLEEP_ID:
            break
        await client.wake()
    if found == NO_ID:
        raise faults.BUS(
            what="The flash id reads 00 00 00.",
            cause="The flash has no supply, or the bus to it is held low.",
            next="3.3 V, measured at the module; restart it and try again.",
            evidence=client.evidence,
        )
    if found == ASLEEP_ID:
        raise faults.ASLEEP(
            what="The flash id reads FF FF FF, also after the wake-up command.",
            cause="The flash is in deep power-down or has no supply.",
            next="Take the 3.3 V wire off for 2 s, reconnect, try again.",
            evidence=client.evidence,
        )
    return found


def _plausible(flash_id: bytes) -> bool:
    return flash_id in (NO_ID, ASLEEP_ID) or flash_id[2] in CAPACITIES


async def _agreed(
    client: Client,
    name: str,
    read: Callable[[], Awaitable[bytes]],
    plausible: Callable[[bytes], bool] = bool,
) -> bytes:
    """What two reads in a row agree on."""
    seen = [await read()]
    while len(seen) < READS:
        seen.append(await read())
        if seen[-1] == seen[-2] and plausible(seen[-1]):
            return seen[-1]
    raise garbled(client, f"The {name} read {', '.join(s.hex() for s in seen)}.")


def garbled(client: Client, what: str) -> FaultError:
    """TL-GARBLED, with what was seen."""
    return faults.GARBLED(
        what=what,
        cause="The SWS line is noisy or loaded, or the supply is weak.",
        next="GND directly, short wires, no LED on SWS; 3.3 V at the module.",
        evidence=client.evidence,
    )


async def read_twice(client: Client, start: int, end: int) -> bytes:
    """[start, end) byte for byte, every KiB read until two reads in a row agree."""
    found = bytearray()
    for at in range(start, end, KIB):

        async def read(at: int = at) -> bytes:
            return await client.read(at, min(KIB, end - at))

        seen = [await read(), await read()]
        while seen[-1] != seen[-2]:
            if len(seen) == READS:
                raise garbled(client, f"{at:#08x} reads differently each time.")
            seen.append(await read())
        found += seen[-1]
    return bytes(found)


async def _bank(client: Client, base: int) -> Bank:
    """What a boot bank holds; all of its image is read, for the checksum and the version."""
    head = await client.read(base, KIB)
    data = bytearray(head)
    length = image.bank_length(head)
    for at in range(KIB, length, KIB):
        data += await client.read(base + at, min(KIB, length - at))
    return image.bank(bytes(data), base)


async def _settings(client: Client) -> Settings | None:
    """The newest record of the ring; only as much is read as the run is long."""
    data = b""
    for at in range(RING.start, RING.end, KIB):
        data += await client.read(at, KIB)
        if ring.run_length(data) * 256 < len(data):
            break
    return ring.newest(data)
