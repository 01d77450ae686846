"""The fault kinds of this package."""

from __future__ import annotations

from core.fault import FaultKind
from core.link import faults


def test_codes_are_unique_and_have_help() -> None:
    kinds = [kind for kind in vars(faults).values() if isinstance(kind, FaultKind)]
    assert len({kind.code for kind in kinds}) == len(kinds) >= 11
    for kind in kinds:
        assert kind.code.startswith("LINK-")
        assert len(kind.help) > 80 and kind.title


def test_nothing_of_the_link_needs_pyserial_to_be_imported() -> None:
    import subprocess
    import sys

    code = (
        "import sys, core.link.api, core.link.memory, core.link.tape, core.link.ports;"
        "sys.exit('serial' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
