"""The Flash pane: what is connected, the steps, the map of the flash, faults and plan."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.content import Content
from textual.widget import Widget

from core.fault import FaultError
from core.link.ports import PortWatch
from tui.model import JobView
from tui.panes import offers
from tui.panes.base import Line
from tui.panes.flash import choices
from tui.panes.flash.ear import Ear
from tui.panes.job_pane import JobPane, prompt_over
from tui.text import clean
from tui.widgets.form import Field
from tui.widgets.prose import fit

if TYPE_CHECKING:
    from tui.work import Work

LOOK_EVERY = 4
"""Ticks between two looks for adapters."""


class Pane(JobPane):
    """Shows the newest job on a plug; starts the next one from the form."""

    KIND = "plug-"
    STARTS = frozenset(
        ("flash", "backup", "restore", "configure", "identify", "listen", "selftest")
    )
    REMEMBERED = "plug_"
    OFFERS = choices.OFFERS

    def __init__(self, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id)
        self._watch = PortWatch()
        self._devices: set[str] = set()
        self._ticks = 0
        self._ear = Ear()

    def first_fields(self) -> dict[str, Field]:
        return choices.first_fields(self.wattbench.host)

    def shown(self, field: Field) -> Field:
        return choices.shown(field)

    def wiring(self) -> str:
        from core.beken.wiring import DRAWING

        return DRAWING.rstrip("\n")

    def device_text(self, job: JobView) -> str:
        device = job.facts.get("device", {})
        return "  ".join(
            str(device[k]) for k in ("chip", "part", "flash_id", "mac") if device.get(k)
        )

    def reaching(self, link: Mapping[str, Any], width: int) -> Content:
        """What to do now, for how long we listen, and what was heard."""
        heard = f"{link['bytes_seen']} bytes heard ({link['kind']})"
        told = f"Listening: {link['seconds']:.0f} of {link['timeout']:.0f} s, {heard}"
        return prompt_over(link["prompt"], told, width)

    def to_read(self, job: JobView) -> bool:
        """The steps to take when a plug does not start."""
        from core.beken.tasks.gate import DID_NOT_BOOT

        return job.result is not None and job.result.get("booted") == DID_NOT_BOOT

    def more_views(self) -> tuple[Widget, ...]:
        return (Line("bootlog"),)

    def views(self) -> list[str]:
        return ["bootlog"] if self._ear.open or self._ear.lines else []

    def on_mount(self) -> None:
        super().on_mount()
        self._watch.changed()
        self._devices = {port.device for port in self.wattbench.host.tools.list_ports()}

    def on_unmount(self) -> None:
        self._ear.end()

    # -- what comes without a job ----------------------------------------------------------

    def tick(self) -> None:
        self._hear()
        self._ticks += 1
        if self._ticks % LOOK_EVERY == 0 and self._watch.changed():
            self.look_for_adapters()

    def _hear(self) -> None:
        """Show what the boot log brought since the last tick."""
        try:
            if not self._ear.take():
                return
        except FaultError as error:
            self.wattbench.say(f"{error.fault.code}: {error.fault.what} {error.fault.next}")
        if self._ear.verdict is not None:
            self._say_line("bar", self._ear.meaning(self.size.width - 2), "bold")
        line = self.query_one("#bootlog", Line)
        rows, width = max(line.size.height, 1), max(self.size.width - 2, 20)
        line.say(Content("\n".join(fit(clean(text), width) for text in self._ear.lines[-rows:])))

    def look_for_adapters(self) -> None:
        """An adapter was plugged in or pulled out: say so, and keep the field in step."""
        ports = {port.device: port for port in self.wattbench.host.tools.list_ports()}
        came, went = ports.keys() - self._devices, self._devices - ports.keys()
        self._devices = set(ports)
        chosen = self._value("port")
        if came:
            if not chosen or chosen in went or not offers.there(chosen):
                self._set("port", min(came))
            port = ports[min(came)]
            self.wattbench.say(f"Plugged in: {port.device} {port.description}, {port.state}.")
        elif went:
            self.wattbench.say(f"Pulled out: {', '.join(sorted(went))}.")

    def take_profile(self, path: Path) -> None:
        self._set("profile", str(path))

    # -- actions ---------------------------------------------------------------------------

    def _path(self, name: str) -> Path | None:
        return Path(self._value(name)) if self._value(name) else None

    def _link_options(self) -> dict[str, Any]:
        from tui.verbs import plug

        return plug.link_options(
            port=self._value("port"),
            baud=int(self._value("baud")),
            lead=self._value("lead"),
            supply=self._value("supply"),
        )

    def _start(self, work: Work) -> None:
        if self._ear.open:
            self.wattbench.say("The boot log has the port: l ends it.")
            return
        self.wattbench.start(work)

    def do_listen(self) -> None:
        if self._ear.open:
            self._ear.end()
        elif self.wattbench.host.running():
            self.wattbench.say("A job is running. Let it end, or stop it with x.")
        elif not self._missing("port"):
            self._turn_to("bootlog")
            self._ear.start(self.wattbench.host, self._value("port"))

    def do_selftest(self) -> None:
        from tui.plug_setup import selftest_work

        if not self._missing("port"):
            self._start(selftest_work(self._value("port")))

    def do_identify(self) -> None:
        from tui.verbs import plug

        if not self._missing("port"):
            self._start(plug.info_work(self._link_options()))

    def do_backup(self) -> None:
        from tui.verbs import plug

        if not self._missing("port"):
            self._start(plug.backup_work(self._link_options()))

    def do_restore(self) -> None:
        from tui.verbs import plug

        if not self._missing("port", "backup"):
            backup = Path(self._value("backup"))
            self._start(plug.restore_work(self._link_options(), backup=backup))

    def do_flash(self) -> None:
        from tui.verbs import plug

        if self._missing("port", "image"):
            return
        self._start(
            plug.flash_work(
                self._link_options(),
                image=Path(self._value("image")),
                backup=self._path("backup"),
                profile=self._path("profile"),
            )
        )

    def do_configure(self) -> None:
        from tui.plug_setup import config_work

        if self._missing("port", "profile"):
            return
        self._start(
            config_work(
                self._link_options(),
                profile=Path(self._value("profile")),
                backup=self._path("backup"),
            )
        )
