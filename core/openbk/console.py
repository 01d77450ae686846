"""A command line to a device: translated where a guide says it wrong, guarded where it hurts.

In two steps, so that whoever shows it can ask in between: `prepare` says what is to be asked,
`send` sends it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from core import faults as job_faults
from core.events import Question
from core.fault import FaultError
from core.openbk import faults, wire
from core.openbk.client import Client
from core.openbk.guarded import Kind, Risk, only_reads, risks_of, switches_nothing
from core.openbk.lost import may_switch
from core.openbk.metering import meter_pins
from core.openbk.words import VALUES, translate
from core.profile.tables import RELAYS

BY_CM = ("status", "state", "sensor", "getchannel", "flags", "ch", "mqtthost", "ssid1")
"""Reads that `/cm` answers best (HTTP sheet 4.3)."""
SUB_COMMAND = 127
ASKED = "console-send"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A line as it would be sent.  With a `question` it must not be sent before a yes."""

    sent: str
    notes: tuple[str, ...] = ()
    reads: bool = True
    question: Question | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was sent, what came back, and what to know about it."""

    sent: str
    ok: bool
    text: str
    log: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    changed: bool = False
    """False when nothing on the device can be other than before."""


async def prepare(client: Client, line: str, *, read_only: bool = False) -> Prepared:
    """What a line would send, and the question before it, if there is one.

    Raises READ-ONLY for what is no read, what `guard` raises, and what reading raises.
    """
    sent, notes = translate(line.strip())
    reads = only_reads(sent)
    if read_only and not reads:
        raise job_faults.READ_ONLY(
            what="This command may change the device.",
            cause="The program was started with --read-only.",
            next="Start it without --read-only.",
        )
    await guard(client, sent)
    risks = await _real(client, risks_of(sent))
    question = _question(client.host, risks) if risks else None
    return Prepared(sent, tuple(notes), reads, question)


async def _real(client: Client, risks: list[Risk]) -> list[Risk]:
    """The risks without channels that drive nothing: a program's own counters."""
    if not any(risk.channel is not None for risk in risks):
        return risks
    try:
        pins = await client.pins()
    except FaultError:  # in safe mode, say; then it is asked
        return risks
    roles = [(pins.role(pin.role), pin) for pin in pins.pins]
    if not any(role in RELAYS for role, _pin in roles):
        return risks
    used = {n: {p.channel, p.channel2} for n, (role, p) in enumerate(roles) if role != "None"}
    return [risk for risk in risks if not switches_nothing(risk, used)]


def _question(host: str, risks: list[Risk]) -> Question:
    lines = [f"Send this to {host}?", *(f"{risk.text}: {risk.does}." for risk in risks)]
    if all(risk.kind is Kind.LOSES for risk in risks):
        return Question(ASKED, "\n".join(lines))
    return may_switch(ASKED, "\n".join([*lines, f"The relay of {host} may switch."]))


async def guard(client: Client, line: str) -> None:
    """Refuse what no yes makes right.  Raises OBK-DRIVER-PINS, OBK-RELAY-ON, OBK-REFERENCE.

    `startDriver BL0937` needs its three pins read back first (rulings O2); `ClearIO` is not sent
    while a relay is on (rulings O1); a calibration value is never negative.
    """
    low = line.lower()
    if re.search(r"\bstartdriver\s+\"?bl0937\b", low):
        require_meter_pins(await client.pins())
    if re.search(r"\bclear(io|all|config)\b", low):
        status = await client.status()
        if any(status.relays.values()):
            raise faults.RELAY_ON(
                what="A relay is on; clearing the pins now would leave it in any state.",
                cause="Roles act at once.",
                next="Switch the relay off first, if nothing hangs on it that must stay on.",
            )
    if re.search(rf"\b({'|'.join(VALUES)})[\s\"']+-", low):
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


async def send(client: Client, ready: Prepared) -> Spoken:
    """Run a line whose question was answered, and collect what the device says of it.

    Reads go through `/cm`, which answers them plainly; everything else through `/api/cmnd`, which
    says whether it worked, and whose reason stands in the log.  Raises what `guard` raises: a
    person may have thought about it for a while.
    """
    sent, notes = ready.sent, list(ready.notes)
    words = sent.split()
    if not words:
        return Spoken("", True, "")
    if ready.reads and words[0].lower() in BY_CM and "," not in sent:
        answer = await client.read(f"/cm?cmnd={quote(sent)}")
        return Spoken(sent, True, answer.content.decode("utf-8", "replace"), (), tuple(notes))
    if ready.question is not None:
        await guard(client, sent)
    if ";" in sent and any(len(part) > SUB_COMMAND for part in sent.split(";")):
        notes.append(f"One part is longer than {SUB_COMMAND} characters; the device cuts it.")
    reply = await client.command(sent)
    value = "" if reply.value in (None, {}) else f" {reply.value}"
    log: tuple[str, ...] = ()
    if not reply.ok:
        log = tuple((await client.page("/lograw")).splitlines()[-6:])
    text = f"{reply.message}{value}"
    return Spoken(sent, reply.ok, text, log, tuple(notes), not ready.reads)
