"""what on this computer is in the way, each with the command to type

Looks at serial ports, and at Bluetooth where it is set up.  Changes nothing.
"""

from __future__ import annotations

import argparse
import importlib.util
import inspect
from dataclasses import asdict
from types import ModuleType
from typing import Any

from tui.lines import Bench

ROOMS = ("link", "radio")
"""Each may have a `doctor` with `findings()`."""
SIGNS = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}


def add(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(args: argparse.Namespace, bench: Bench) -> int:
    import asyncio

    found = asyncio.run(_look())
    problems = sum(finding["level"] == "problem" for finding in found)
    lines = [line for finding in found for line in finding_lines(finding)]
    summary = f"{problems} problem{'s' * (problems != 1)} found" if problems else "Nothing to mend"
    values = {"findings": found, "problems": problems, "summary": summary}
    bench.out.result(values, [*lines, f"{summary}."])
    return 0


async def _look() -> list[dict[str, Any]]:
    found = []
    for module in doctors():
        listed = module.findings()
        if inspect.isawaitable(listed):
            listed = await listed
        found += [asdict(finding) for finding in listed]
    return found


def doctors() -> list[ModuleType]:
    """The doctor of every room that has one."""
    names = [f"core.{room}.doctor" for room in ROOMS]
    return [importlib.import_module(name) for name in names if importlib.util.find_spec(name)]


def finding_lines(finding: dict[str, Any]) -> list[str]:
    """One finding for people: what was seen, what to do, what to type."""
    lines = [f"{SIGNS[finding['level']]} {finding['what']}"]
    if finding["do"]:
        lines.append(f"        {finding['do']}")
    return lines + [f"          {command}" for command in finding["commands"]]
