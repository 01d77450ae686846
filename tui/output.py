"""What a verb prints: sentences for people, or one JSON object a line.

With `--json` the objects go to standard output and the sentences to standard error.  A reader
that went away (a closed pipe) is dropped, and the work goes on.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TextIO

from core.events import (
    Answered,
    Asked,
    Event,
    Facts,
    Failed,
    Finished,
    Note,
    Phase,
    Progress,
    Started,
    Warned,
)
from core.fault import Fault
from tui.results import rows
from tui.streams import drop_output
from tui.text import clean, duration, rate

PROGRESS_EVERY = 5.0


class Output:
    """The two streams of a verb."""

    def __init__(
        self,
        *,
        as_json: bool,
        ascii_only: bool = False,
        out: TextIO | None = None,
        err: TextIO | None = None,
    ) -> None:
        self._json, self._ascii = as_json, ascii_only
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._said, self._ended = -PROGRESS_EVERY, ""
        self._shown: set[str] = set()
        self.problem = ""
        """Why standard output did not take all of it; nothing while it did."""
        self._clock: Callable[[], float] | None = None
        self._began = 0.0

    def count_from_now(self, clock: Callable[[], float]) -> None:
        """From here on `t` of what brings none of its own is seconds since this call."""
        self._clock, self._began = clock, clock()

    def text(self, line: str) -> None:
        """One line for people."""
        self._write(self._err if self._json else self._out, clean(line))

    def aside(self, line: str) -> None:
        """One line for people that is not part of the answer."""
        self._write(self._err, clean(line))

    def prompt(self, text: str) -> None:
        """What to type; the cursor stays behind it."""
        self._write(self._err, clean(text), end=" ")

    def line(self, line: str) -> None:
        """The one line that is the whole answer, in either form."""
        self._write(self._out, clean(line))

    def raw(self, data: bytes) -> None:
        """Bytes that are the whole answer, as they are: for a pipe or a file."""
        try:
            self._out.flush()
            self._out.buffer.write(data)
            self._out.flush()
        except OSError as error:
            self.problem = drop_output(self._out, error) or self.problem

    def object(self, values: Mapping[str, Any]) -> None:
        """One JSON object, if JSON is wanted; `t` is seconds since the verb began, if the object
        does not bring its own, and 0 for a verb that answers at once."""
        if self._json:
            if "event" in values and "t" not in values:
                t = self._clock() - self._began if self._clock is not None else 0.0
                values = {"event": values["event"], "t": round(t, 3), **values}
            # escaped: a name may hold what steers a terminal, or half of a surrogate pair
            self._write(self._out, json.dumps(values, default=str, skipkeys=True))

    def result(self, values: Mapping[str, Any], lines: Iterable[str] = ()) -> None:
        """The answer of a verb that is not a job."""
        for line in lines:
            self.text(line)
        self.object({"event": "result", **values})

    def fault(self, fault: Fault) -> None:
        """The fault that ended a verb that is not a job."""
        for line in fault_lines(fault):
            self._write(self._err, clean(line))
        self.object({"event": "fault", **fault.to_json()})

    def event(self, event: Event) -> None:
        """One event of a job."""
        self.object(event.to_json())
        body = event.body
        if isinstance(body, Progress):
            ended = body.phase if body.done >= body.total else ""
            if ended == self._ended if ended else event.t - self._said < PROGRESS_EVERY:
                return
            self._said, self._ended = event.t, ended
        lines = event_lines(event)
        if isinstance(body, Facts | Note):
            self._shown.update(lines)
        if isinstance(body, Asked):  # it repeats the plan, for whoever sees only the question
            lines = [line for line in lines if line.replace("?", " ", 1) not in self._shown]
            self._shown.clear()
        for line in lines:
            stream = self._err if isinstance(body, Failed) else None
            self._write(stream or (self._err if self._json else self._out), clean(line))

    def _write(self, stream: TextIO, line: str, end: str = "\n") -> None:
        encoding = "ascii" if self._ascii else getattr(stream, "encoding", None) or "utf-8"
        known = line.encode(encoding, "replace").decode(encoding)
        try:
            print(known, end=end, file=stream, flush=True)
        except OSError as error:
            problem = drop_output(stream, error)
            if stream is self._out:
                self.problem = problem or self.problem


def event_lines(event: Event) -> list[str]:
    """An event as lines for people."""
    body = event.body
    match body:
        case Started():
            return [f"{body.title}"]
        case Phase():
            return [f"[{body.index}/{body.of}] {body.name}"]
        case Progress():
            return [progress_line(body)]
        case Note():
            return [f"  {body.text}"]
        case Warned():
            return [f"! {body.text}"]
        case Asked():
            return [f"? {line}" for line in body.question.text.splitlines()]
        case Answered():
            return [f"  answered: {body.answer} ({body.by})"]
        case Facts():
            return facts_lines(body)
        case Finished():
            return result_lines(body.values)
        case Failed():
            return fault_lines(body.fault)
        case _:
            return []


def progress_line(body: Progress) -> str:
    share = 100 * body.done // body.total if body.total else 0
    if body.rate is None:
        return f"  {share:3d} %"
    return f"  {share:3d} %  {rate(body.rate, body.unit)}  {duration(body.left)} left"


def facts_lines(body: Facts) -> list[str]:
    """Facts that carry `lines` are shown as they are; others are for screens and JSON."""
    lines = body.values.get("lines", ())
    return [f"  {line}" for line in lines]


def result_lines(values: Mapping[str, Any]) -> list[str]:
    """A flat result, one `name: value` a line, the summary first; what is nested, or a whole
    text, is for JSON."""
    lines = [str(values["summary"])] if "summary" in values else []
    return lines + [f"  {label}: {text}" for label, text in rows(values)]


def fault_lines(fault: Fault) -> list[str]:
    """A fault as five lines."""
    lines = [
        f"{fault.code}: {fault.what}",
        f"  Cause: {fault.cause}",
        f"  Next:  {fault.next}",
        f"  State: {fault.state}",
    ]
    if fault.command:
        lines.append(f"  Command: {' '.join(fault.command)}")
    return lines
