"""What went wrong, said so that a technician can act on it.

Nothing in this program fails with a traceback or a bare "failed".  Every way to fail is a
`FaultKind` with a stable code and a help page, declared in the `faults.py` of the package that
raises it.  Calling the kind makes the `Fault` record; `FaultError` carries it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Touched(StrEnum):
    """How much of the device this job has changed."""

    NOTHING = "nothing"
    PARTIAL = "partial"
    COMPLETE = "complete"
    UNKNOWN = "unknown"


class Exit:
    """Exit codes of the command line."""

    DONE = 0
    FAULT = 1
    USAGE = 2
    REFUSED = 3
    DIFFERENT = 4
    CANCELLED = 130


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that went wrong, as sentences.

    `what` was seen; `cause` is likely, judged from what was measured; `next` is the step to take;
    `state` says what the device is in now.  `command` is the argv of the next step, if there is
    one.  `evidence` holds the last wire bytes with payloads left out; it stays out of JSON.
    """

    code: str
    what: str
    cause: str
    next: str
    state: str
    touched: Touched = Touched.NOTHING
    command: tuple[str, ...] = ()
    evidence: str = ""
    exit: int = Exit.FAULT

    def to_json(self) -> dict[str, object]:
        """The public fields, for `--json`, journals and reports."""
        return {
            "code": self.code,
            "what": self.what,
            "cause": self.cause,
            "next": self.next,
            "state": self.state,
            "touched": str(self.touched),
            "command": list(self.command),
        }


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A way to fail: its stable code and the help page that explains it without a network.

    `exit` is 1 for a fault, 3 for a refusal by a safety rule, 130 for a clean cancel.
    """

    code: str
    title: str
    help: str
    exit: int = Exit.FAULT

    def __call__(
        self,
        *,
        what: str,
        cause: str,
        next: str,  # noqa: A002 - the field is named so in the schema
        state: str = "Nothing was changed.",
        touched: Touched = Touched.NOTHING,
        command: tuple[str, ...] = (),
        evidence: str = "",
    ) -> FaultError:
        """The exception to raise; its `fault` is the record."""
        return FaultError(
            Fault(self.code, what, cause, next, state, touched, command, evidence, self.exit)
        )


class FaultError(Exception):
    """Carries one `Fault` up to whoever shows it."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.code}: {fault.what}")
        self.fault = fault
