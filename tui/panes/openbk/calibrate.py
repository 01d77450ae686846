"""The calibration wizard on the screen: asks for each value while the job waits with the load on.

The job asks on core's thread; the pane finds the request with its clock and shows a card.
"""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from core import faults as job_faults
from core.fault import FaultError
from core.openbk.metering import (
    KINDS,
    Quantity,
    factor_of,
    factors_of,
    four,
    parse_value,
    pulse_line,
    require_fits,
    require_resistive,
    value_of,
)
from core.openbk.wire import Energy
from core.profile.model import Calibration
from tui.widgets.dialog import Dialog

WAYS = (
    ("again", "calibrate: about 4 minutes, and a second look 5 minutes later"),
    ("quick", "calibrate: about 4 minutes, without the second look"),
    ("reset", "calibrate with the second look, and set the energy total to 0"),
    ("factors", "no reference meter: put back the factors of a kept configuration or a profile"),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A value that the job waits for, what the device shows, and how to give the answer."""

    quantity: Quantity
    energy: Energy
    answer: Callable[[float | None], None]


class Asker:
    """The reference of one calibration: every value is asked of the person at the screen."""

    def __init__(self) -> None:
        self.waiting: queue.SimpleQueue[Wanted] = queue.SimpleQueue()
        self.given: dict[Quantity, float] = {}
        self._open: list[Callable[[], None]] = []
        self._left = False

    async def __call__(self, quantity: Quantity, energy: Energy) -> float | None:
        """On core's loop: wait until the value is typed; None leaves the quantity as it is.

        Raises FaultError UNANSWERED when the screen was left.
        """
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[float | None] = loop.create_future()

        def take(value: float | None) -> None:
            if not answered.done():
                answered.set_result(value)

        self._open.append(lambda: _tell(loop, answered.cancel))
        if self._left:
            answered.cancel()
        self.waiting.put(Wanted(quantity, energy, lambda value: _tell(loop, lambda: take(value))))
        await asyncio.wait([answered])
        if answered.cancelled():
            raise job_faults.UNANSWERED(
                what=f"The reference for the {quantity} was not typed.",
                cause="The screen was left.",
                next="Start the calibration again and stay until the values are typed.",
            )
        value = answered.result()
        if value is not None:
            self.given[quantity] = value
        return value

    def next(self) -> Wanted | None:
        """The request that waits, if there is one."""
        try:
            return self.waiting.get_nowait()
        except queue.Empty:
            return None

    def leave(self) -> None:
        """Nobody will type a value any more."""
        self._left = True
        for give_up in self._open:
            give_up()


def _tell(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)


def _shows(value: float, unit: str) -> str:
    return f"The plug shows {four(value)} {unit}."


class ReferenceDialog(Dialog[None]):
    """What the reference meter shows, typed with point or comma; tells the pulse error of it.

    Escape and an empty line leave the quantity as it is.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave")]

    def __init__(self, wanted: Wanted, asker: Asker, calibration: Calibration) -> None:
        super().__init__()
        self._wanted, self._asker = wanted, asker
        self._factors = factors_of(calibration)
        self._shown = ""

    def compose(self) -> ComposeResult:
        quantity = self._wanted.quantity
        unit = KINDS[quantity].unit
        with Vertical(classes="card"):
            yield Static(f"{quantity.capitalize()} of the reference meter, in {unit}",
                         markup=False, classes="title")  # fmt: skip
            yield Static(_shows(value_of(self._wanted.energy, quantity), unit), id="shown",
                         markup=False)  # fmt: skip
            line = Input(select_on_focus=False, compact=True)
            line.cursor_blink = False
            yield line
            yield Static(" ", id="verdict", markup=False)
            yield Static("Enter takes it; point or comma. Empty or Esc leaves it as it is. "
                         "Ctrl-C stops the job.", classes="hint")  # fmt: skip

    def show_live(self, live: Mapping[str, Any]) -> None:
        """What the plug shows now, as the job reads it."""
        value = live.get(str(self._wanted.quantity))
        if isinstance(value, float):
            text = _shows(value, KINDS[self._wanted.quantity].unit)
            if text != self._shown:
                self._shown = text
                self.query_one("#shown", Static).update(text)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._say(self._verdict(event.value) if event.value.strip() else " ")

    def _verdict(self, text: str) -> str:
        quantity = self._wanted.quantity
        try:
            value = parse_value(text, quantity)
            self._check(value)
        except FaultError as error:
            return error.fault.what
        return pulse_line(quantity, value, factor_of(self._factors, quantity))

    def _check(self, value: float) -> None:
        """The three values fit together, and it fits what the plug shows.  Raises
        OBK-REFERENCE."""
        quantity = self._wanted.quantity
        given = {**self._asker.given, quantity: value}
        if len(given) == len(Quantity):
            require_resistive(*(given[quantity] for quantity in Quantity))
        require_fits(self._wanted.energy, {quantity: value}, self._factors)

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        event.stop()
        if not event.value.strip():
            self.action_leave()
            return
        try:
            value = parse_value(event.value, self._wanted.quantity)
            self._check(value)
        except FaultError as error:
            self._say(f"{error.fault.what} {error.fault.next}")
            return
        self._wanted.answer(value)
        self.dismiss()

    def action_leave(self) -> None:
        self._wanted.answer(None)
        self.dismiss()

    def _say(self, text: str) -> None:
        self.query_one("#verdict", Static).update(text)
