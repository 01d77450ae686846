"""A command line to a device: translated where a guide says it wrong, guarded where it hurts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from core.openbk import faults, wire
from core.openbk.client import Client
from core.openbk.metering import meter_pins
from core.openbk.words import VALUES, translate

READS = ("status", "state", "sensor", "getchannel", "flags", "ch", "mqtthost", "ssid1")
"""Without arguments these only read, so `/cm` answers them best (HTTP sheet 4.3)."""
SUB_COMMAND = 127


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was sent, what came back, and what to know about it."""

    sent: str
    ok: bool
    text: str
    log: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


async def guard(client: Client, line: str) -> None:
    """Refuse what burns or switches by surprise.  Raises OBK-DRIVER-PINS, OBK-REFUSED.

    `startDriver BL0937` needs its three pins read back first (rulings O2); `ClearIO` is not sent
    while a relay is on (rulings O1); a calibration value is never negative.
    """
    low = line.lower()
    if re.search(r"\bstartdriver\s+\"?bl0937\b", low):
        require_meter_pins(await client.pins())
    if re.search(r"\bclear(io|all|config)\b", low):
        status = await client.status()
        if any(status.relays.values()):
            raise faults.REFUSED(
                what="A relay is on; clearing the pins now would leave it in any state.",
                cause="Roles act at once.",
                next="Switch the relay off first, if nothing hangs on it that must stay on.",
            )
    if re.search(rf"\b({'|'.join(VALUES)})\s+-", low):
        raise faults.REFERENCE(
            what="A calibration value is negative; the firmware would take it.",
            cause="It is mistyped.",
            next="Type the value that the reference meter shows.",
        )


def require_meter_pins(pins: wire.Pins) -> None:
    """Raise OBK-DRIVER-PINS unless CF, CF1 and SEL or SEL_n have pins on the device."""
    missing = meter_pins({pins.role(pin.role) for pin in pins.pins})
    if missing:
        raise faults.UNSAFE_DRIVER(
            what=f"BL0937 is not started: no pin has the role {' and '.join(missing)}.",
            cause="Without them the driver takes P24, P7 and P8; P8 is the relay of many plugs.",
            next="Apply a profile with all three roles first.",
        )


async def speak(client: Client, line: str) -> Spoken:
    """Run one line and collect what the device says of it.

    Reads go through `/cm`, which answers them plainly; everything else through `/api/cmnd`, which
    says whether it worked, and whose reason stands in the log.
    """
    sent, notes = translate(line.strip())
    await guard(client, sent)
    words = sent.split()
    if not words:
        return Spoken("", True, "")
    if words[0].lower() in READS and len(words) <= 2 and "," not in sent:
        answer = await client.read(f"/cm?cmnd={quote(sent)}")
        return Spoken(sent, True, answer.content.decode("utf-8", "replace"), (), tuple(notes))
    if ";" in sent and any(len(part) > SUB_COMMAND for part in sent.split(";")):
        notes.append(f"One part is longer than {SUB_COMMAND} characters; the device cuts it.")
    reply = await client.command(sent)
    value = "" if reply.value in (None, {}) else f" {reply.value}"
    log: tuple[str, ...] = ()
    if not reply.ok:
        log = tuple((await client.page("/lograw")).splitlines()[-6:])
    return Spoken(sent, reply.ok, f"{reply.message}{value}", log, tuple(notes))
