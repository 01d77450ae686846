"""What a job says, as frozen records: phases, progress, notes, questions, and its one end.

The schema is the one of `--json` and of journals (see `screens.md`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from core.fault import Fault


class Private(str):
    """A value, or a whole line, with a secret in it that somebody asked for: shown to whoever
    listens, never written into a journal."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to a question: what is sent back, and what is read."""

    value: str
    text: str


YES_NO = (Choice("yes", "yes"), Choice("no", "no"))


@dataclass(frozen=True, slots=True)
class Question:
    """Something only a person may decide.

    With `expect` the answer must be typed exactly so (a MAC, a label); otherwise it is one of
    `choices`.  No answer is the default one.  `flag` is the command-line flag that answers it;
    `--yes` answers with `assumed`.  `unattended` is taken when nobody is left to ask, as after
    the end of an SSH session; empty means that the job must not go on without a person.  With
    `secret` any text is an answer; it is typed unseen and never written down.
    """

    key: str
    text: str
    choices: tuple[Choice, ...] = YES_NO
    expect: str = ""
    flag: str = "--yes"
    assumed: str = "yes"
    unattended: str = ""
    secret: bool = False

    @property
    def asked(self) -> str:
        """The one sentence of the text that asks: a text may hold a whole plan."""
        parts = re.split(r"(?<=[.?!])\s+|\n", self.text)
        return next((part for part in reversed(parts) if part.endswith("?")), parts[0]).strip()


@dataclass(frozen=True, slots=True)
class Body:
    """What an event says; `event` is its name in JSON."""

    event: ClassVar[str]

    def to_json(self) -> dict[str, object]:
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True, slots=True)
class Started(Body):
    """The job began; `kind` is its stable name, `title` the line on the job bar."""

    event = "started"
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Phase(Body):
    """A step began; `index` counts from 1 to `of`."""

    event = "phase"
    name: str
    index: int
    of: int


@dataclass(frozen=True, slots=True)
class Progress(Body):
    """Whole state of the running step, never a delta.

    `rate` is units a second, `left` seconds; both None until known.  `cells` has one character a
    sector of the flash, as the device package says.
    """

    event = "progress"
    phase: str
    done: int
    total: int
    unit: str
    rate: float | None = None
    left: float | None = None
    cells: str = ""

    def to_json(self) -> dict[str, object]:
        found = Body.to_json(self)
        if not self.cells:
            del found["cells"]
        return found


@dataclass(frozen=True, slots=True)
class Note(Body):
    """Something worth reading; nothing is wrong."""

    event = "note"
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Warned(Body):
    """Something looks wrong; the job goes on."""

    event = "warning"
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Facts(Body):
    """Whole state of one subject (`device`, `plan`, `link`), newest wins."""

    event = "facts"
    key: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked(Body):
    """A question waits for `Job.answer`."""

    event = "question"
    question: Question

    def to_json(self) -> dict[str, object]:
        q = self.question
        return {
            "key": q.key,
            "text": q.text,
            "choices": [c.value for c in q.choices],
            "expect": q.expect,
            "flag": q.flag,
        }


@dataclass(frozen=True, slots=True)
class Answered(Body):
    """How a question was answered, and by what ("keyboard", "--yes")."""

    event = "answer"
    key: str
    answer: str
    by: str


@dataclass(frozen=True, slots=True)
class Finished(Body):
    """The job did what was asked; `values` is its flat result."""

    event = "result"
    values: Mapping[str, Any]

    def to_json(self) -> dict[str, object]:
        return dict(self.values)


@dataclass(frozen=True, slots=True)
class Failed(Body):
    """The job ended with a fault."""

    event = "fault"
    fault: Fault

    def to_json(self) -> dict[str, object]:
        return self.fault.to_json()


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a job said: `t` is seconds since it started."""

    job: str
    t: float
    body: Body

    def to_json(self) -> dict[str, object]:
        head: dict[str, object] = {"event": self.body.event, "t": round(self.t, 3)}
        if self.job:
            head["job"] = self.job
        return {**head, **self.body.to_json(), **head}  # a result has names of its own
