"""A disk that fills up in the middle, N and T: before the first erase a refusal, after it none.

The limit on file size of this process is the full disk: real calls fail, from the named phase on.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.events import Event, Phase
from core.job import Job, exit_code
from tests.core.beken.bench import fault_of
from tests.core.beken.test_flash import write
from tests.core.beken.test_resume import expected
from tests.core.beken.test_survive_table import (  # noqa: F401 - the fixture makes the backups
    BOTH,
    _prepared,
    a_bench,
    content,
)
from tests.virtual_clock import virtual


@contextmanager
def disk_as_before() -> Iterator[None]:
    """Room again before the test ends: what pytest itself prints may go to a file, too."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("chip", BOTH)
@pytest.mark.parametrize("phase", ["Link", "Identify", "Plan", "Unprotect", "Write", "Verify"])
@virtual
async def test_a_disk_that_fills_up(tmp_path: Path, chip: str, phase: str) -> None:
    bench = a_bench(tmp_path, chip)
    (path,) = bench.files("backups/*/*.bin")
    seen: list[str] = []

    def fill(_job: Job, event: Event) -> None:
        if isinstance(event.body, Phase):
            seen.append(event.body.name)
            if event.body.name == phase:
                limit = (0, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
                resource.setrlimit(resource.RLIMIT_FSIZE, limit)

    with disk_as_before():
        outcome = await write(bench, fill, backup=path)
    assert phase in seen
    if phase in ("Link", "Identify", "Plan"):
        fault = fault_of(outcome)
        assert (fault.code, fault.exit, fault.touched) == ("STORE-FULL", 1, "nothing")
        assert bytes(bench.plug.flash) == content(chip)
        assert not bench.plug.changes
        return
    assert exit_code(outcome) == 0, outcome
    assert bytes(bench.plug.flash) == expected(chip)
