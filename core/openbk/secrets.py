"""Secrets that a profile only names: from keys.toml, or asked for."""

from __future__ import annotations

from collections.abc import Callable

from core.events import Question
from core.job import Reporter
from core.profile.model import Profile
from core.profile.secrets import filled, needed

Lookup = Callable[[str], str | None]


async def resolved(report: Reporter, profile: Profile, lookup: Lookup) -> Profile:
    """The profile with every named secret filled in; what keys.toml lacks is asked for once.

    Raises UNANSWERED where nobody can type it.
    """
    values = {name: lookup(name) or await _ask(report, name) for name in needed(profile)}
    return filled(profile, values)


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
