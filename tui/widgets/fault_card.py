"""A fault, with all that is needed to act on it."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from core.fault import Fault
from tui.text import clean


class FaultCard(Static):
    """What was seen, the likely cause, what to do next, and the state of the device."""

    def __init__(self) -> None:
        super().__init__(id="fault", markup=False)
        self._said: Fault | None = None

    def show(self, fault: Fault) -> None:
        """Show one fault."""
        if fault == self._said:
            return
        self._said = fault
        rows = [("Cause", fault.cause), ("Next", fault.next), ("State", fault.state)]
        if fault.command:
            rows.append(("Type", " ".join(fault.command)))
        parts: list[tuple[str, str] | str] = [
            (fault.code, "bold $error"), "  ", (clean(fault.what), "bold"),
        ]  # fmt: skip
        for label, text in rows:
            parts += ["\n", (f"{label:<6}", "bold"), clean(text)]
        self.update(Content.assemble(*parts))
