"""What a verb prints: names as data, JSON that any terminal survives, streams one by one."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

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
    Question,
    Started,
    Warned,
)
from core.store.faults import FULL
from core.store.jobs import JobInfo
from tui.output import Output
from tui.report import event_text, job_lines, job_markdown

HOSTILE = "\x1b[2J\x1b]0;gotcha\x07\x9b31m\u202eevil\u2028\ud800 | `x` <b>"
STEERING = "\x1b\x07\x9b\u202e\u2028\ud800"
FAULT = FULL(what=f"Of {HOSTILE}.", cause="Full.", next="Make room.", command=("a", HOSTILE)).fault
BODIES = [
    Started("test", HOSTILE),
    Phase(HOSTILE, 1, 2),
    Progress(HOSTILE, 1, 0, HOSTILE),
    Note("N", HOSTILE),
    Warned("W", HOSTILE),
    Facts("device", {"lines": [HOSTILE], "name": HOSTILE}),
    Asked(Question("q", HOSTILE)),
    Answered("q", HOSTILE, HOSTILE),
    Finished({"summary": HOSTILE, "ssid": HOSTILE}),
    Failed(FAULT),
]


def both(*, as_json: bool, ascii_only: bool = False) -> tuple[Output, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    return Output(as_json=as_json, ascii_only=ascii_only, out=out, err=err), out, err


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.event)
def test_hostile_names_do_not_reach_the_terminal(body: object, as_json: bool) -> None:
    output, out, err = both(as_json=as_json)
    output.event(Event("j", 0.0, body))  # type: ignore[arg-type]
    text = out.getvalue() + err.getvalue()
    assert text and not set(text) & set(STEERING)
    if as_json:
        (line,) = out.getvalue().splitlines()
        assert json.loads(line)["event"] == body.event  # type: ignore[attr-defined]


def test_json_gives_the_name_itself() -> None:
    output, out, _ = both(as_json=True)
    output.event(Event("j", 0.0, Note("SSID", HOSTILE)))
    assert json.loads(out.getvalue())["text"] == HOSTILE


def test_json_on_one_stream_and_sentences_on_the_other() -> None:
    output, out, err = both(as_json=True)
    output.aside("by the way")
    output.result({"home": "/x"}, ["home /x"])
    assert json.loads(out.getvalue()) == {"event": "result", "t": 0.0, "home": "/x"}
    assert err.getvalue() == "by the way\nhome /x\n"


def test_without_json_the_answer_is_on_standard_output_and_the_fault_is_not() -> None:
    output, out, err = both(as_json=False)
    output.result({"home": "/x"}, ["home /x"])
    output.fault(FAULT)
    assert out.getvalue() == "home /x\n"
    assert err.getvalue().startswith("STORE-FULL: ") and "Next:  Make room." in err.getvalue()


def test_plain_characters_only() -> None:
    output, out, _ = both(as_json=False, ascii_only=True)
    output.text("20 °C, Zähler, ✓")
    assert out.getvalue().isascii()


def test_a_stream_that_knows_few_characters() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="latin-1")
    Output(as_json=False, out=stream, err=stream).text("Zähler ✓")
    assert raw.getvalue() == "Zähler ?\n".encode("latin-1")
    stream.close()


def test_only_the_stream_that_failed_is_dropped(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as broken, (tmp_path / "out").open("w") as good:
        output = Output(as_json=True, out=good, err=broken)
        for number in range(3):
            output.result({"number": number}, ["a line that nobody reads"])
    lines = (tmp_path / "out").read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines] == [0, 1, 2]


def test_progress_is_said_now_and_then_but_json_has_all_of_it() -> None:
    output, out, err = both(as_json=True)
    for second in range(11):
        output.event(Event("j", second, Progress("Read", second, 10, "bytes")))
    assert len(out.getvalue().splitlines()) == 11
    assert [line.split()[0] for line in err.getvalue().splitlines()] == ["0", "50", "100"]


def test_the_end_of_a_step_is_said_once() -> None:
    output, out, _ = both(as_json=False)
    steps = [("Write", 1), ("Write", 9), ("Write", 9), ("Verify", 9), ("Write", 2), ("Write", 9)]
    for second, (phase, done) in enumerate(steps):
        output.event(Event("j", 10.0 * second, Progress(phase, done, 9, "bytes")))
    assert out.getvalue().split("%") == ["   11 ", *["\n  100 "] * 2, "\n   22 ", "\n  100 ", "\n"]


def test_a_question_does_not_repeat_the_plan_that_was_just_shown() -> None:
    output, out, _ = both(as_json=False)
    output.event(Event("j", 0.0, Facts("plan", {"lines": ["keep 0-1", "write 1-2"]})))
    output.event(Event("j", 0.0, Facts("link", {"baud": 115200})))
    asked = Question("write-plan", "keep 0-1\nwrite 1-2\nBackup: a.bin\nWrite this now?")
    output.event(Event("j", 0.0, Asked(asked)))
    assert out.getvalue().splitlines() == [
        "  keep 0-1", "  write 1-2", "? Backup: a.bin", "? Write this now?",
    ]  # fmt: skip


INFO = JobInfo("j-01", "test", HOSTILE, "done", "", False, None)


@pytest.mark.parametrize(
    "name",
    ["started", "phase", "progress", "note", "warning", "question", "answer", "result", "fault",
     "facts", "of a later version"],
)  # fmt: skip
def test_a_journal_that_lacks_fields_is_still_shown(name: str) -> None:
    event = {"event": name}
    assert isinstance(event_text(event), str)
    assert job_lines(INFO, [event, {**event, "t": "late"}])
    assert job_markdown(INFO, [event])


def test_a_name_cannot_break_the_record() -> None:
    events = [{"event": "result", "t": 1.0, "ssid": HOSTILE, "summary": "ok"}]
    record = job_markdown(INFO, events)
    row = next(line for line in record if line.startswith("| ssid"))
    assert row.replace("\\|", "").count("|") == 3
    assert "\\<b>" in row and "\\`x\\`" in row
    assert not set("".join(record[:8])) & set(STEERING)
