"""A fault, with all that is needed to act on it."""

from __future__ import annotations

import re
import shlex

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from core.fault import Fault
from tui.widgets.prose import Paragraph, Prose

_REMEDY = re.compile(r"\s+(?=\d\. [A-Z]|Then try again)")  # numbered remedies: a line each


class FaultCard(VerticalScroll):
    """What was seen, the likely cause, what to do next, and the state of the device.

    Takes the focus, so that the arrows move through a text that is longer than the screen.
    """

    def __init__(self) -> None:
        super().__init__(id="fault")

    def compose(self) -> ComposeResult:
        yield Prose(id="seen")
        yield Prose(id="said")
        yield Static("e explains this code. Esc brings the form back.", classes="hint")

    def show(self, fault: Fault, where: str) -> None:
        """Show one fault; `where` says in which step it happened."""
        self.query_one("#seen", Prose).show(
            Paragraph(f"{fault.code}  {where}", style="bold $error"),
            Paragraph(fault.what, style="bold"),
            Paragraph(""),
        )
        rows = [
            Paragraph(fault.cause, "Cause"),
            Paragraph(_REMEDY.sub("\n", fault.next), "Next"),
            Paragraph(fault.state, "State"),
        ]
        if fault.command:
            rows.append(Paragraph(shlex.join(fault.command), "Type"))
        self.query_one("#said", Prose).show(*rows)
