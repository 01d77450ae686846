"""The help page of a fault code, looked up in every package's `faults.py`."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import core
from core.fault import FaultKind


def kinds() -> Iterator[FaultKind]:
    """Every way to fail that any room of core declares."""
    root = Path(next(iter(core.__path__)))
    for path in sorted(root.rglob("faults.py")):
        dotted = ".".join(("core", *path.relative_to(root).with_suffix("").parts))
        for value in vars(importlib.import_module(dotted)).values():
            if isinstance(value, FaultKind):
                yield value


def help_page(code: str) -> str:
    """Title and text of one code."""
    for kind in kinds():
        if kind.code == code:
            return f"{kind.title}\n\n{kind.help}"
    return "There is no page for this code."
