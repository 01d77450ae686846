"""Why a job is asked to stop, and what a stop means for the device.

Who may stop what::

                      before the point      after it
    CANCEL, Ctrl-C    at once, CANCELLED    while waiting for a person or the link: STOPPED
    HANGUP, SSH gone  at once, CANCELLED    never: the job finishes without a screen
    TERMINATE         at once, CANCELLED    also between two sectors: STOPPED

The point is that of no return, right before the first erase or write.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from core import faults
from core.events import Question
from core.fault import Exit, Fault, FaultError, Touched

CHANGED = "The device was being changed; the log of the job shows how far it came."
NO = "You decided against it."


class Stop(Enum):
    """Why a job is asked to stop."""

    CANCEL = "cancel"
    HANGUP = "hangup"
    TERMINATE = "terminate"


NOTED = {
    Stop.CANCEL: "Stop noted. The device is being changed: it takes effect when the job next waits "
    "for you or for the link; else the job finishes.",
    Stop.TERMINATE: "Stop noted. The device is being changed: the job stops after this step.",
}


def cancelled(stop: Stop | None) -> FaultError:
    """Stopped before the point of no return."""
    why = {
        Stop.HANGUP: "The terminal or SSH session went away.",
        Stop.TERMINATE: "The host asked the program to end.",
    }.get(stop or Stop.CANCEL, "You stopped the job.")
    return faults.CANCELLED(
        what="The job was stopped before its first erase or write.",
        cause=why,
        next="Start the job again when you are ready.",
    )


def declined(question: Question) -> FaultError:
    """A no before the point of no return."""
    return faults.DECLINED(
        what=_no(question),
        cause=NO,
        next="Start the job again when you are ready.",
    )


def _no(question: Question) -> str:
    return f'The answer to "{question.asked}" was no.'


def honest(fault: Fault) -> Fault:
    """A fault after the point of no return.  Exit codes 2, 3 and 130 promise that nothing was
    changed, and so does `touched`; whoever raised the fault may not have known of the writes."""
    if fault.touched is Touched.NOTHING:
        state = fault.state.replace("Nothing was changed.", CHANGED)
        fault = replace(fault, touched=Touched.UNKNOWN, state=state)
    return replace(fault, exit=Exit.FAULT)


@dataclass(frozen=True, slots=True)
class HalfDone:
    """What to say of a job that ends after the point of no return: the `state` of the device, and
    the command that goes on."""

    state: str = ""
    go_on: tuple[str, ...] = ()

    def stopped(self, stop: Stop | None) -> FaultError:
        """The job was told to stop."""
        user = stop is Stop.CANCEL
        return faults.STOPPED(
            what="The job was stopped after its first change of the device.",
            cause="You stopped the job." if user else "The host asked the program to end.",
            next=self._next(),
            state=self.state or CHANGED,
            touched=Touched.PARTIAL,
            command=self.go_on,
        )

    def left_open(self, what: str, cause: str) -> FaultError:
        """A question has no answer, or the wrong one."""
        return faults.STOPPED(
            what=what,
            cause=cause,
            next=f"{self._next()} Somebody must be there to answer.",
            state=self.state or CHANGED,
            touched=Touched.UNKNOWN,
            command=self.go_on,
        )

    def declined(self, question: Question) -> FaultError:
        """A question was answered with no."""
        return self.left_open(_no(question), NO)

    def _next(self) -> str:
        if self.go_on:
            return "Go on with the command below."
        return "Start the job again; its log shows how far it came."
