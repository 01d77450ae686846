"""Settings written one by one, each read back; whoever stops knows which were confirmed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from core.fault import FaultError, Touched
from core.meter import faults, log
from core.meter.session import Visit
from core.meter.wanted import Step
from core.meter.wire import Id

KEY_WAIT = 5.0
LOG_FOLLOWS = 3.0
"""Seconds in which the log of a poll follows its serial number."""
ANSWER = 12.0
"""How long a meter's answer is waited for: connection latency, two polls, and the sending."""


def so_far(done: Sequence[str], left: Sequence[str]) -> str:
    """Which settings are confirmed, as the state of the module."""
    confirmed = ", ".join(done) or "none"
    rest = f" Not confirmed: {', '.join(left)}." if left else ""
    return f"Confirmed on the module: {confirmed}.{rest}"


async def write_all(here: Visit, steps: Sequence[Step], go_on: tuple[str, ...]) -> list[str]:
    """Write and read back each step.  Returns the names of those confirmed, which is all.

    Raises METER-UNCHANGED, METER-LOST and the like, with what was confirmed as the state.
    """
    done: list[str] = []
    names = [step.name for step in steps]
    for number, step in enumerate(steps):
        state = so_far(done, names[number:])
        await here.report.point_of_no_return(state, go_on)
        here.report.stop_point()
        here.report.progress(number, len(steps), "settings")
        try:
            await here.report.waiting(_write(here, step))
        except FaultError as error:
            if error.fault.code == "STOPPED":
                raise
            raise FaultError(
                replace(error.fault, state=state, touched=Touched.PARTIAL, command=go_on)
            ) from error
        done.append(step.name)
        here.report.note("METER-SET", f"{step.name}: written and read back.")
        here.tell()
    here.report.progress(len(steps), len(steps), "settings")
    await here.report.point_of_no_return(so_far(done, ()), go_on)
    return done


@contextmanager
def confirmed(done: Sequence[str], go_on: tuple[str, ...]) -> Iterator[None]:
    """What fails in here does so after all is written: its fault says what is confirmed."""
    try:
        yield
    except FaultError as error:
        fault = error.fault
        if fault.code in ("STOPPED", "CANCELLED"):
            raise
        own = "" if fault.touched is Touched.NOTHING else f" {fault.state}"
        touched = Touched.PARTIAL if fault.touched is Touched.NOTHING else fault.touched
        raise FaultError(
            replace(
                fault,
                state=so_far(done, ()) + own,
                touched=touched,
                command=fault.command or go_on,
            )
        ) from error


async def _write(here: Visit, step: Step) -> None:
    """Write one setting and look for it in a fresh status; a write that got lost is repeated."""
    client = here.client
    for _ in range(2):
        client.key = None
        client.texts = 0
        client.lines.clear()
        await client.send(step.command)
        if step.command[0] in (Id.ADDRESS, Id.MODEL):
            await asked(here)
        if not await client.read_back(step.shows):
            continue
        if step.key is None:
            return
        await client.until(lambda: client.key is not None, KEY_WAIT)
        if client.key == step.key:
            return
    raise faults.UNCHANGED(
        what=f"{step.name}: written twice and read back; the module still has its old one.",
        cause="The module did not take the command, or keeps another one.",
        next="Repeat; if it stays so, take the module's supply away for 5 s.",
    )


async def asked(here: Visit) -> None:
    """Wait for the end of the poll that a command made."""
    client = here.client

    def ended() -> bool:
        return log.polled(log.newest_poll(client.lines))

    await client.until(lambda: client.texts >= 2 or ended(), ANSWER)
    await client.until(ended, LOG_FOLLOWS)
    found = log.newest_poll(client.lines)
    old = not here.status.generation.knows(Id.MODEL)
    here.poll_lines = found or (list(client.lines) if old else [])


def answer_of(here: Visit) -> str:
    """What the meter answered, as a sentence; empty when it did not.

    A module keeps the serial number of an earlier answer, and V1.1 sends none, so the log of the
    newest poll decides.
    """
    client = here.client
    if log.trouble(here.poll_lines):
        return ""
    if client.serial:
        made = f", made {client.made}" if client.made else ""
        return f"Meter answered: serial {client.serial}{made}."
    if log.polled(here.poll_lines):
        return "Meter answered; this firmware does not tell its serial number."
    return ""


def no_answer(here: Visit, done: Sequence[str], command: tuple[str, ...]) -> FaultError:
    """METER-NO-ANSWER with what the module's log tells of the reason."""
    status = here.status
    told = log.trouble(here.poll_lines)
    seen = f" The module's log: {told}." if told else ""
    address = f" for address {status.address}" if status.address else ""
    return faults.NO_ANSWER(
        what=f"The module asked the meter{address}; no serial number came.{seen}",
        cause="The address, the optical head, or the kind of meter: they look the same from here.",
        next="1. Compare the address with the display. 2. Seat the optical head over the window, "
        "TX at PD7, RX at PB7. 3. Check the kind of meter; a three-phase KASKAD-11 is not read.",
        state=so_far(done, ()),
        touched=Touched.COMPLETE,
        command=command,
    )
