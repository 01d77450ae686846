"""Secrets that a profile only names: from keys.toml, or asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

from core.events import Question
from core.job import Reporter
from core.profile.model import SECTIONS, Profile, Secret

Lookup = Callable[[str], str | None]


async def resolved(report: Reporter, profile: Profile, lookup: Lookup) -> Profile:
    """The profile with every named secret filled in; what keys.toml lacks is asked for once.

    Raises UNANSWERED where nobody can type it.
    """
    known: dict[str, str] = {}
    for section in SECTIONS:
        part = getattr(profile, section)
        for f in fields(part):
            value = getattr(part, f.name)
            if not isinstance(value, Secret) or not value.name or value.value:
                continue
            if value.name not in known:
                known[value.name] = lookup(value.name) or await _ask(report, value.name)
            part = replace(part, **{f.name: Secret(known[value.name])})
        profile = replace(profile, **{section: part})
    return profile


async def _ask(report: Reporter, name: str) -> str:
    return await report.ask(
        Question(
            f"secret-{name}",
            f"keys.toml has no secret '{name}'. Type it (it is not shown):",
            choices=(),
            flag="keys.toml",
            secret=True,
        )
    )
