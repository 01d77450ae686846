"""What is shown and asked before a plan is sent: the plan itself, once for devices alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.events import Question
from core.openbk.fleet import Outcome
from core.openbk.lost import may_switch
from core.openbk.plan import Plan
from core.openbk.read import Device
from core.openbk.standing import counted, some


@dataclass(frozen=True, slots=True)
class Prepared:
    """One device as it was read, and what to send to it."""

    host: str
    device: Device
    plan: Plan


def plan_lines(outcomes: Sequence[Outcome[Prepared]]) -> list[str]:
    """Every plan whole; of devices that are treated alike, the first says it for all.  Then the
    warnings, each once, and who could not be read."""
    lines: list[str] = []
    alike: dict[tuple[str, ...], tuple[str, list[str]]] = {}
    warned: dict[str, list[str]] = {}
    for outcome in outcomes:
        if outcome.value is None:
            continue
        device, plan = outcome.value.device, outcome.value.plan
        who = f"{device.name} ({device.host}, {device.mac or 'no MAC'}, {device.chip}):"
        found = plan.lines()
        kind = _without_mac(found, device.mac)
        if kind in alike:
            first, said = alike[kind]
            own = "" if found == said else ", with its own MAC"
            lines.append(f"{who} the same as {first}{own}")
        else:
            lines += [f"{who}{_size(plan)}", *(f"  {line}" for line in found or ("nothing to do",))]
            alike[kind] = device.name, found
        for text in plan.warnings:
            warned.setdefault(text, []).append(device.name)
    lines += [f"! {some(names)}: {text}" for text, names in warned.items()]
    failed = [outcome.host for outcome in outcomes if outcome.fault is not None]
    return [*lines, *([f"! Left out, they failed: {some(failed)}"] if failed else [])]


def _without_mac(lines: Sequence[str], mac: str) -> tuple[str, ...]:
    """The lines where names have {mac6} for the end of the MAC: what makes plans alike."""
    end = mac.replace(":", "")[-6:]
    return tuple(line.replace(end, "{mac6}") if end else line for line in lines)


def _size(plan: Plan) -> str:
    if plan.empty:
        return ""
    return f" {counted(len(plan.changes), 'change')}, {counted(len(plan.steps), 'request')}"


def plan_question(todo: Sequence[Prepared], lines: Sequence[str], source: str) -> Question:
    """Whether to send: first what is asked, then the whole plan.  `source` names the profile."""
    steps = sum(len(p.plan.steps) for p in todo)
    of = f", as {source} says" if source else ""
    head = f"Send these requests ({steps}) to {counted(len(todo), 'device')}{of}?"
    return Question("apply-plan", "\n".join((head, *lines)))


def relays_question(todo: Sequence[Prepared]) -> Question | None:
    """What hangs on the relays that may switch, by name and once for all; None without any."""
    relays = [p for p in todo if p.plan.relays or (p.plan.restarts and p.device.relays)]
    if not relays:
        return None
    count = sum(len(p.plan.relays or p.device.relays) for p in relays)
    names = some([p.device.name for p in relays])
    return may_switch("relays-switch", f"{counted(count, 'relay')} may switch: {names}.", count)
