"""A job's journal as text: for the Jobs pane, `jobs show`, and the record to hand over."""

from __future__ import annotations

from typing import Any

from core.store.jobs import JobInfo
from tui.text import duration


def event_text(event: dict[str, Any]) -> str:
    """One journal line for people; empty for what only machines need."""
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
            return f"{event['code']}: {event['what']} {event['cause']} {event['next']}"
        case "result":
            return f"Done: {event.get('summary', '')}"
        case "progress":
            share = 100 * event["done"] // event["total"] if event["total"] else 0
            return f"  {share} %"
        case _:
            return ""


def job_lines(info: JobInfo, events: list[dict[str, Any]]) -> list[str]:
    """Head and log of one job."""
    head = [f"{info.title}", f"{info.id}  {info.state}  {info.outcome}".rstrip()]
    log = [
        f"{duration(event['t']):>7}  {line}"
        for event in events
        if event["event"] != "progress"
        for line in event_text(event).splitlines()
    ]
    return head + log


def job_markdown(info: JobInfo, events: list[dict[str, Any]]) -> list[str]:
    """The record of one job as Markdown."""
    end = events[-1] if events and events[-1]["event"] in ("result", "fault") else {}
    table = [
        f"| {name.replace('_', ' ')} | {value} |"
        for name, value in end.items()
        if name not in ("event", "t", "job", "command") and value not in ("", None, [])
    ]
    return [
        f"# {info.title}",
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
