"""The faults of a conversation with the loader, made from what was seen."""

from __future__ import annotations

from core.beken import faults
from core.beken.wire import Status
from core.fault import FaultError


def no_answer(request: str, tries: int, evidence: str) -> FaultError:
    """The chip is there, only this request does not get through."""
    return faults.NO_ANSWER(
        what=f"{request} had no usable answer in {tries} tries; the chip still answers "
        "the link question.",
        cause="Bytes are lost or damaged on the line.",
        next="Use a lower speed with --baud, shorter wires, GND at the module.",
        evidence=evidence,
    )


def refused(request: str, status: Status, evidence: str) -> FaultError:
    """The chip answered with an error."""
    return faults.STATUS(
        what=f"{request} was refused with status {status.name} ({status:d}).",
        cause="The flash or its supply has a fault, or the loader does not know the request.",
        next="Check the 3.3 V supply and try again.",
        evidence=evidence,
    )


def lost(baud: int, evidence: str) -> FaultError:
    """Not even the link question is answered."""
    return faults.LOST(
        what=f"The chip stopped answering at {baud} baud.",
        cause="Its supply sagged, or a wire moved.",
        next="Check the 3.3 V supply and the wires, then start again.",
        evidence=evidence,
    )


def echo(address: int, payload: bytes, evidence: str) -> FaultError:
    """A register write came back changed."""
    return faults.ECHO(
        what=f"The write of register {address:#x} came back as {payload.hex(' ')}.",
        cause="A byte was damaged on the line.",
        next="GND at the module, short wires; then try again.",
        evidence=evidence,
    )


def out_of_bounds(start: int, end: int) -> FaultError:
    """A range that no permit names; the request was not sent."""
    return faults.OUT_OF_BOUNDS(
        what=f"{start:#08x}-{end - 1:#08x} is not in the plan.",
        cause="A mistake in the program; the request was not sent.",
        next="Keep the job folder; it shows what was planned.",
    )


def no_such_speed(baud: int, old: int, evidence: str) -> FaultError:
    """Both sides are still at the old speed."""
    return faults.BAUD(
        what=f"No answer at {baud} baud; the chip still answers at {old}.",
        cause="The chip or the adapter cannot form this speed, or the wires are too long.",
        next="Choose another speed, for example --baud 115200.",
        evidence=evidence,
    )
