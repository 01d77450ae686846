"""A job's journal as text: for the Jobs pane, `jobs show`, and the record to hand over."""

from __future__ import annotations

from typing import Any

from core.store.jobs import JobInfo
from tui.results import of_records, row
from tui.text import clean, duration

_FIELDS = "index of name text key answer by code what cause next state"
_TABLES = ("calibration",)
"""Facts whose lines belong to the record."""
_BLANK = dict.fromkeys(_FIELDS.split(), "?")


def event_text(event: dict[str, Any]) -> str:
    """One journal line for people; empty for what only machines need.

    A journal that somebody changed by hand may lack fields.
    """
    event = {**_BLANK, **event}
    match event["event"]:
        case "phase":
            return f"[{event['index']}/{event['of']}] {event['name']}"
        case "note":
            return f"{event['text']}"
        case "warning":
            return f"! {event['text']}"
        case "question":
            return f"? {event['text']}"
        case "answer":
            return f"  {event['key']}: {event['answer']} ({event['by']})"
        case "fault":
            said = f"{event['code']}: {event['what']} {event['cause']} {event['next']}"
            return f"{said}\nState: {event['state']}"
        case "facts" if event["key"] in _TABLES:
            values = event.get("values")
            lines = values.get("lines") if isinstance(values, dict) else None
            return "\n".join(map(str, lines)) if isinstance(lines, list) else ""
        case "result":
            return f"Done: {event.get('summary', '')}".rstrip(" :")
        case _:
            return ""


def job_lines(info: JobInfo, events: list[dict[str, Any]]) -> list[str]:
    """Head and log of one job."""
    head = [f"{info.title}", f"{info.id}  {info.state}  {info.outcome}".rstrip()]
    warning = _cut_at_a_relay(info, events)
    log = [
        f"{_when(event):>7}  {line}"
        for event in events
        if event["event"] != "progress"
        for line in event_text(event).splitlines()
    ]
    return [*head, *log, *([f"{'':>7}  ! {warning}"] if warning else [])]


def _cut_at_a_relay(info: JobInfo, events: list[dict[str, Any]]) -> str:
    if info.state != "interrupted" or not info.kind.startswith("openbk-"):
        return ""
    from core.openbk.lost import of_cut_job

    return of_cut_job(info, events)


def _when(event: dict[str, Any]) -> str:
    seconds = event.get("t")
    return duration(seconds if isinstance(seconds, int | float) else None)


def _cell(value: object) -> str:
    """A value that cannot break out of its cell or line: names come from the wire."""
    text = clean(str(value))
    return "".join(f"\\{c}" if c in "|`<[*\\" else c for c in text)


def job_markdown(info: JobInfo, events: list[dict[str, Any]]) -> list[str]:
    """The record of one job as Markdown."""
    end = events[-1] if events and events[-1]["event"] in ("result", "fault") else {}
    table = [
        f"| {_cell(label)} | {_cell(text)} |"
        for name, value in end.items()
        if name not in ("event", "t", "job", "command", "exit", "basic", "start", "end")
        and not of_records(value)
        for label, text in [row(name, value)]
        if text
    ]
    return [
        f"# {_cell(info.title)}",
        "",
        f"Job `{info.id}`, {info.state}.",
        "",
        "| what | value |",
        "|---|---|",
        *table,
        "",
        "## Log",
        "",
        *(f"    {line}" for line in job_lines(info, events)[2:]),
    ]
