"""What the Meter pane's keys do, and with which module."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.content import Content

from tui.panes.base import BasePane, Line
from tui.panes.meter import choices
from tui.panes.meter.near import Nearby
from tui.verbs import meter as verb
from tui.widgets.dialog import PickDialog, TextDialog
from tui.widgets.form import Field, Form
from tui.widgets.prose import fit
from tui.work import Work

KIND, LIVE, UNLOCK = "meter-", "meter-live", "meter-unlock"
LOOK = 1.5
"""Seconds of listening before one module in range counts as the only one."""
PATIENCE = 12.0
UNBROKEN = {
    name: f"{what} is not broken off: the job ends by itself in a minute at most."
    for name, what in (
        ("Leave", "Leaving"),
        ("Release", "A release"),
        ("Bind", "A pairing"),
        ("Restart", "A restart"),
    )
}
"""What a stop does in the steps that would leave the module half locked or half told."""
Then = Callable[[dict[str, Any]], Work]


class Commands(BasePane):
    """The `do_` of every action; the pane has the rest.

    `_waiting` is what waits for a module to be heard, `_next` what waits for live values to end,
    `_touched` when the form was last used.
    """

    _fields: dict[str, Field]
    _waiting: Then | None
    _next: Work | None
    _since: float
    _touched: float

    if TYPE_CHECKING:

        def set_field(self, name: str, value: str) -> None: ...

    def hint(self, text: str) -> None:
        """One line under the form."""
        self.query_one("#device", Line).say(Content(fit(text, max(self.size.width - 4, 20))))

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    # -- which module ----------------------------------------------------------------------

    def _with_module(self, then: Then) -> None:
        """Run `then` with the module of the form, or the only one in range."""
        self._touched = self._now()
        if self._fields["module"].value:
            self._start(then({"address": self._fields["module"].value}))
            return
        self._waiting, self._since = then, self._now()
        self.wattbench.say("Listening for modules in range ...")

    def go_on_waiting(self, nearby: Nearby) -> None:
        spent = self._now() - self._since
        near = nearby.modules(self._now())
        if not near and ((nearby.fault is not None and spent > LOOK) or spent > PATIENCE):
            self._waiting = None
            fault = nearby.fault
            why = f"{fault.code}: {fault.next}" if fault else "No module is heard."
            self.wattbench.say(why if fault else f"{why} Go nearer, or type its address (Enter).")
        elif near and spent >= LOOK:
            then, self._waiting = self._waiting, None
            assert then is not None
            if len(near) == 1:
                self._chosen(near[0].address, then)
                return
            self.app.push_screen(
                PickDialog("Which module? Compare the tariffs.", choices.module_choices(near)[:-1]),
                lambda picked: self._chosen(picked, then),
            )

    def _chosen(self, address: str | None, then: Then) -> None:
        if address is not None:
            self.set_field("module", address)
            self._start(then({"address": address}))

    def _start(self, work: Work) -> None:
        """Start a job; live values make way for it."""
        host = self.wattbench.host
        running = host.running()
        if len(running) == 1 and running[0].kind == LIVE:
            self._next = work
            host.cancel(running[0].id)
            return
        self.wattbench.start(work)

    # -- actions ---------------------------------------------------------------------------

    def do_address(self) -> None:
        form = self.query_one(Form)
        form.edit(replace(self._fields["number"], value=""))
        self.hint(choices.normalised("number", "", ""))

    def do_set(self) -> None:
        wanted = choices.wanted(self._fields)
        options: dict[str, Any] = {
            "wanted": wanted,
            "new_key": self._fields["key"].value == choices.NEW_KEY,
            "right_scale": self._fields["scale"].value == "right",
            "leave": self._fields["leave"].value,
        }
        if wanted.nothing and not options["new_key"] and not options["right_scale"]:
            self.wattbench.say("Nothing to set: change a field first, or press a.")
            return
        self._with_module(lambda where: verb.set_work(where, **options))

    def do_release(self) -> None:
        self._with_module(lambda where: verb.whitelist_work("release", where))

    def do_bind(self) -> None:
        self._with_module(lambda where: verb.whitelist_work("bind", where))

    def do_unlock(self) -> None:
        self._with_module(lambda where: verb.whitelist_work("unlock", where))

    def do_read(self) -> None:
        self._with_module(verb.show_work)

    def take_key(self) -> None:
        """Read the module's key and store it, so that the scan decrypts at once."""
        self._with_module(lambda where: verb.show_work(where, keep_key=True))

    def do_live(self) -> None:
        self._with_module(lambda where: verb.live_work(where, self._idle_for))

    def _idle_for(self) -> float:
        """Asked by core: its loop has the same clock."""
        return asyncio.get_running_loop().time() - self._touched

    def do_undo(self) -> None:
        self._with_module(lambda where: verb.set_work(where, undo=True))

    def do_reboot(self) -> None:
        self._with_module(lambda where: verb.care_work("reboot", where))

    def do_clear(self) -> None:
        self._with_module(lambda where: verb.care_work("clear", where))

    def do_update(self) -> None:
        from tui.panes.module.choices import image_choices

        images = list(image_choices(self.wattbench.host))[:-1]
        if not images:
            self.wattbench.say("No image: put electricity_meter_V1.7.bin into firmware/.")
            return

        def picked(value: str | None) -> None:
            if value is not None:
                image = Path(value)
                self._with_module(lambda where: verb.ota_work(where, image=image))

        self.app.push_screen(PickDialog("Which firmware?", images), picked)

    def do_stop(self) -> None:
        self._waiting = self._next = None
        running = self.wattbench.host.running()
        if not running:
            self.wattbench.say("No job is running.")
        for job in running:
            self.wattbench.host.cancel(job.id)
        view = self.wattbench.model.latest(KIND)
        if view is not None and view.running and view.question is None and view.steps:
            text = UNBROKEN.get(view.steps[-1].name)
            if text:
                self.wattbench.say(text)

    def do_explain(self) -> None:
        from tui.fault_help import help_page

        job = self.wattbench.model.latest(KIND)
        if job is None or job.fault is None:
            self.wattbench.say("No fault is shown.")
            return
        self.app.push_screen(TextDialog(job.fault.code, help_page(job.fault.code)))
