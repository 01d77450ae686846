"""Finds the programmer, resets and stops the module; says which wire is at fault if it cannot.

The ladder of reset and activation times is climbed until the module's chip id is read twice alike
and its processor stands still.  Source: TLSRPGM sheet 1, 2.1, 3.1, 3.2; user pains 44.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from core.fault import FaultError
from core.job import Reporter
from core.telink import faults, wire
from core.telink.client import Client
from core.telink.conversation import SILENCE, SILENCE_LIMIT
from core.telink.wire import BASE_BAUD, BAUDS, FLOADER
from core.telink.wiring import HAND_PROMPT, IN_ORDER

AFTER_OPEN = 0.1
RESET_PULSE = 0.05
FAST = (1500000, 1000000)
CHIP = (0x02, 0x5562)
"""Revision and id of the TLSR825x."""
MODULE_READS = 5


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to win the race against the firmware: reset time and activation time in seconds.

    `hand` asks a person to switch the supply meanwhile, for when RST is not wired.
    """

    reset: float
    active: float
    hand: bool = False

    @property
    def name(self) -> str:
        """How it is remembered: milliseconds."""
        return f"{self.reset * 1000:.0f}/{self.active * 1000:.0f}"


LADDER = (
    Rung(0.05, 0.2),
    Rung(0.005, 0.1),
    Rung(0.05, 0.5),
    Rung(0.2, 0.5),
    Rung(0.05, 2.55),
    Rung(0.2, 5.0),
)
BY_HAND = Rung(0.05, 5.9, hand=True)


def ladder_from(name: str) -> tuple[Rung, ...]:
    """The ladder, with the rung that worked the last time first."""
    first = tuple(rung for rung in LADDER if rung.name == name)
    return (*first, *(rung for rung in LADDER if rung not in first))


# -- the programmer ------------------------------------------------------------------------------


async def find_programmer(client: Client, report: Reporter) -> None:
    """Prove that a programmer is at the port and bring it to 230400.

    Raises TL-NO-PROGRAMMER, TL-ECHO, TL-SPEED, TL-FLOADER.
    """
    link = client.link
    await asyncio.sleep(AFTER_OPEN)  # the modem lines may have pulled the kit's reset pin
    await link.quiet(SILENCE, SILENCE_LIMIT)
    heard = b""
    for last in (False, True):
        found = await client.present()
        heard = heard or client.heard
        if not found and not last:  # after a reset it can only be at the usual speed
            _known_stranger(client)
            found = await client.find()
            heard = heard or client.heard
        if found:
            break
        if last:
            raise _nobody(client, heard)
        await _reset_kit(client)
    if link.baud != BASE_BAUD:
        report.warn(
            "LEFT-FAST",
            f"The programmer was left at {link.baud} baud by a job that ended badly; it is back "
            f"at {BASE_BAUD}.",
        )
        if not await client.set_baud(BASE_BAUD):
            raise _nobody(client, heard)
    await _swire_settings(client, report)


async def _reset_kit(client: Client) -> None:
    """RTS drives the reset pin of the kits."""
    await client.link.set_lines(dtr=False, rts=True)
    await asyncio.sleep(RESET_PULSE)
    await client.link.set_lines(dtr=False, rts=False)
    await asyncio.sleep(AFTER_OPEN)
    await client.link.quiet(SILENCE, SILENCE_LIMIT)


def _known_stranger(client: Client) -> None:
    """Raise for an answer that is known and is not a programmer's."""
    heard = client.heard
    if heard == wire.get_version().frame:
        raise faults.ECHO(
            what="The version question came back as it was sent, 6 bytes.",
            cause="TX and RX of the adapter touch each other, or the adapter echoes.",
            next="Choose the port of the kit; take the wires off this adapter.",
            evidence=client.evidence,
        )
    if len(heard) == 6 and heard[2:4] == FLOADER[2:4] and wire.crc16(heard) == 0:
        raise faults.FLOADER(
            what=f"A loader in RAM answered, version {heard[1] >> 4}.{heard[1] & 15}.",
            cause="The two-stage method was used on the module at this port.",
            next="Restart the module, and connect it through a kit that runs TLSRPGM.",
            evidence=client.evidence,
        )


def _nobody(client: Client, heard: bytes) -> FaultError:
    if heard:
        return faults.SPEED(
            what=f"{len(heard)} bytes came back, none of them a version answer: "
            f"{heard[:16].hex(' ')}.",
            cause="The programmer is at a speed of its own, or another device is on this port.",
            next="Pull the kit out, wait 2 s, plug it in again; check that this is its port.",
            evidence=client.evidence,
        )
    return faults.NO_PROGRAMMER(
        what=f"Nothing came back at any of {len(BAUDS)} speeds, also not after a reset of the kit.",
        cause="This is another port, or the kit does not run TLSRPGM.",
        next="Check the port; pull the kit out, wait 2 s, plug it in again.",
        evidence=client.evidence,
    )


async def _swire_settings(client: Client, report: Reporter) -> None:
    found = client.programmer
    assert found is not None
    if (found.divider, found.address_bytes) != (found.right_divider, 3) or found.config[4]:
        await client.set_divider(found.right_divider)
        report.note("SWIRE", f"SWire settings put right (divider was {found.divider}).")


async def speed_up(client: Client, report: Reporter, wanted: int) -> None:
    """Go to `wanted` baud, 0 for the best that proves itself; else stay at 230400 and say so."""
    for baud in FAST if not wanted else (wanted,):
        if await client.set_baud(baud):
            return
        if client.link.baud != BASE_BAUD:
            await client.set_baud(BASE_BAUD)
    report.warn("BAUD", f"No faster speed works with this adapter: staying at {BASE_BAUD} baud.")


# -- the module ----------------------------------------------------------------------------------


async def wake_module(client: Client, report: Reporter, remembered: str) -> Rung:
    """Reset the module and stop its processor; the rung that worked.

    Raises TL-RST, TL-NO-TARGET, TL-NOT-ACTIVATED, TL-OTHER-CHIP, TL-GARBLED.
    """
    most = 0
    client.stopped = False
    for rung in ladder_from(remembered):
        most = max(most, await _try(client, report, rung))
        if await _stands_still(client):
            return rung
    report.note("BY-HAND", HAND_PROMPT)
    for _ in range(2):
        most = max(most, await report.waiting(_try(client, report, BY_HAND)))
        if await _stands_still(client):
            return BY_HAND
    raise _no_module(client, most)


async def _try(client: Client, report: Reporter, rung: Rung) -> int:
    """Climb one rung; how many bytes of the module's program counter came."""
    report.facts(
        "link",
        prompt=HAND_PROMPT if rung.hand else "",
        reset=round(rung.reset * 1000),
        activation=round(rung.active * 1000),
        linked=False,
    )
    low = await client.pins(high=False)
    await asyncio.sleep(rung.reset)
    count = await client.activate(rung.active)
    high = await client.pins(high=True)
    if not (low and high):
        raise _rst_held(client, low=not high)
    return count


async def _stands_still(client: Client) -> bool:
    """True when the chip id reads twice alike and the processor is stopped.

    Raises TL-OTHER-CHIP for a stable id that is not ours.
    """
    try:
        await client.stop_cpu()
        first = await client.peek(wire.CHIP_ID_AT, 3)
        for _ in range(MODULE_READS):
            again = await client.peek(wire.CHIP_ID_AT, 3)
            if again == first:
                break
            first = again
        else:
            return False
        state = await client.peek(wire.CPU_AT, 1)
    except FaultError as error:
        if error.fault.code != faults.TARGET_LOST.code:
            raise
        return False
    client.stopped = state[0] == wire.CPU_STOPPED
    if (first[0], int.from_bytes(first[1:], "little")) != CHIP and state[0] == wire.CPU_STOPPED:
        raise faults.OTHER_CHIP(
            what=f"The chip says revision {first[0]:02X}, id 0x{first[2]:02X}{first[1]:02X}.",
            cause="The module is of another kind.",
            next="Leave it as it is; the meter firmware is for the TLSR8253.",
            evidence=client.evidence,
        )
    return state[0] == wire.CPU_STOPPED


def _rst_held(client: Client, *, low: bool) -> FaultError:
    level = "low although it is driven high" if low else "high although it is driven low"
    where = "GND" if low else "+3.3 V"
    return faults.RST_HELD(
        what=f"The RST line (D3) stays {level}.",
        cause=f"RST touches {where}: a bridge on J1, or at the kit.",
        next="Take the wire off D3 and try again: if this stays, it is the kit; else look at J1 "
        "pin 4.",
        evidence=client.evidence,
    )


def _no_module(client: Client, most: int) -> FaultError:
    tried = ", ".join(rung.name for rung in (*LADDER, BY_HAND))
    if most:
        return faults.NOT_ACTIVATED(
            what=f"{most} bytes came over SWS, but the processor did not stop (reset/activation "
            f"tried, in ms: {tried}).",
            cause="RST is not connected, or the SWS line is loaded or noisy.",
            next="D3 to RST (J1 pin 4), GND directly, no LED on SWS; then try again.",
            evidence=client.evidence,
        )
    return faults.NO_TARGET(
        what="The programmer works; nothing answered over SWS (reset/activation tried, in ms: "
        f"{tried}).",
        cause="SWS, RST, GND or 3.3 V of the module is not connected.",
        next=IN_ORDER,
        evidence=client.evidence,
    )
