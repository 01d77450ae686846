"""Look at devices: the whole configuration, as a table or as a profile to keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.events import Private
from core.job import Reporter, Result
from core.openbk import history
from core.openbk.client import Connect
from core.openbk.difference import as_json, changes, complete, shown, without_defaults
from core.openbk.fleet import PARALLEL, Outcome, each, fleet_result, on_host, warn_each
from core.openbk.read import Device, read_device
from core.profile import script, template
from core.profile.model import Profile, Secret, flat
from core.profile.secrets import secret_paths
from core.profile.toml_file import dump
from core.store.store import Store


async def show(
    report: Reporter,
    hosts: tuple[str, ...],
    *,
    connect: Connect,
    store: Store,
    reveal: bool = False,
) -> Result:
    """Read everything and keep it.  Result: identity, `profile` as path -> value (secrets masked
    unless `reveal`), `running` drivers, `readings`, `since` the last configuration kept."""
    report.phase("Read", 1, 1)

    async def one(host: str) -> Result:
        device = await on_host(connect, host, read_device)
        before = store.devices.history(device.mac) if device.mac else []
        await history.keep(store, device, "read")
        for note in device.notes:
            report.note("FILES", f"{device.name}: {note}")
        found = described(device, reveal=reveal)
        if before:
            old = history.profile_of(before[-1])
            plain = replace(device.profile, drivers=None)
            found["since"] = {
                "when": before[-1].when,
                "changes": [change.to_json() for change in changes(old, complete(plain))],
            }
        report.facts("device", lines=lines_of(device, found["summary"], reveal=reveal), **found)
        return found

    outcomes = await _each(report, hosts, one)
    return fleet_result(outcomes, "read")


async def export(
    report: Reporter,
    hosts: tuple[str, ...],
    *,
    connect: Connect,
    store: Store,
    reveal: bool = False,
    form: str = "profile",
) -> Result:
    """The configuration as a file.  `form` is "profile" (TOML), "template" (JSON of the web
    page) or "script" (commands).

    Result: `text`, without secrets unless `reveal`, which only a profile can hold; `left_out`
    names the secrets that are not in it.
    """
    report.phase("Read", 1, 1)

    async def one(host: str) -> Result:
        device = await on_host(connect, host, read_device)
        await history.keep(store, device, "read")
        text = FORMS[form](without_defaults(device.profile), reveal)
        return {
            "summary": f"{device.name}: configuration exported",
            "mac": device.mac,
            "text": text if not reveal else Private(text),
            "left_out": [] if reveal and form == "profile" else secret_paths(device.profile),
        }

    return fleet_result(await _each(report, hosts, one), "exported")


FORMS: dict[str, Callable[[Profile, bool], str]] = {
    "profile": lambda profile, reveal: dump(profile, reveal=reveal),
    "template": lambda profile, _reveal: template.dump(profile, name=profile.names.long or ""),
    "script": lambda profile, _reveal: script.dump(profile),
}


async def _each(report: Reporter, hosts: tuple[str, ...], one: Any) -> list[Outcome[Result]]:
    outcomes: list[Outcome[Result]] = await each(
        hosts,
        str,
        one,
        parallel=PARALLEL,
        tell=lambda done, of: report.progress(done, of, "devices"),
    )
    warn_each(report, outcomes)
    return outcomes


def described(device: Device, *, reveal: bool = False) -> dict[str, Any]:
    """The device as plain values for JSON and screens."""

    return {
        "summary": f"{device.name}: {device.chip} {device.info.version}, {device.mac or 'no MAC'}",
        "address": device.host,
        "name": device.name,
        "mac": device.mac,
        "chip": device.chip,
        "version": device.info.version,
        "uptime": device.info.uptime,
        "signal": device.state.signal,
        "mqtt": device.state.mqtt,
        "running": list(device.state.drivers),
        "readings": dict(device.state.readings),
        "profile": {
            path: _private(as_json(value, reveal=reveal), value, reveal)
            for path, value in flat(device.profile).items()
        },
        "notes": list(device.notes),
    }


def lines_of(device: Device, summary: str, *, reveal: bool = False) -> list[str]:
    """The configuration for people: what is set, a line each; flags that are on by their text."""
    texts = {flag.number: flag.text for flag in device.flags}
    lines = [summary]
    for path, value in flat(device.profile).items():
        text = _private(shown(value, reveal=reveal), value, reveal)
        section, _, key = path.partition(".")
        if section == "flags":
            if value:
                lines.append(f"flag {key:<14} {texts.get(int(key), '')[:60]}")
        elif section == "pins":
            alias = device.aliases.get(int(key), "")
            lines.append(f"P{key:<3} {alias:<14} {text}")
        elif text != "(empty)":
            line = f"{path:<19} {text}"
            lines.append(Private(line) if isinstance(text, Private) else line)
    return lines


def _private(said: Any, value: Any, reveal: bool) -> Any:
    """What is said of a value, kept out of journals where it is a secret in clear."""
    return Private(said) if reveal and isinstance(value, Secret) and value.value else said
