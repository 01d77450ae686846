"""The Module pane: programmer and module, the steps, the map of the flash, faults and plan."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textual.content import Content

from tui.model import JobView
from tui.panes.job_pane import JobPane, prompt_over
from tui.panes.module import choices
from tui.verbs import module as verb
from tui.widgets.form import Field

FIRMWARE = "electricity_meter "
"""What every firmware of a meter module is called; the version is what tells them apart."""


class Pane(JobPane):
    """Shows the newest job on a module; starts the next one from the form."""

    KIND = "module-"
    STARTS = frozenset(("flash", "backup", "identify", "selftest", "restore", "resume", "wipe"))
    REMEMBERED = "module_"
    OFFERS = choices.OFFERS

    def first_fields(self) -> dict[str, Field]:
        return choices.first_fields(self.wattbench.host)

    def shown(self, field: Field) -> Field:
        return choices.shown(field)

    def wiring(self) -> str:
        from core.telink.wiring import DRAWING

        return DRAWING.rstrip("\n")

    def device_text(self, job: JobView) -> str:
        kit, device = job.facts.get("programmer", {}), job.facts.get("device", {})
        words = [f"TLSRPGM {kit['version']}"] if kit else []
        words.append(str(device.get("mac", "")))
        words.append(str(device.get("firmware", "")).removeprefix(FIRMWARE))
        settings = device.get("settings")
        if settings:
            words.append(f"{settings['meter']} {settings['meter_address']}")
        words.append(str(device.get("part", "")))
        return "  ".join(filter(None, words))

    def reaching(self, link: Mapping[str, Any], width: int) -> Content:
        """Which reset and activation time is being tried, and what hands should do."""
        told = f"Reset {link['reset']} ms, then CPU stop for {link['activation']} ms"
        return prompt_over(link.get("prompt", ""), told, width)

    # -- actions ---------------------------------------------------------------------------

    def _start(self, action: str, needed: tuple[str, ...] = (), also: tuple[str, ...] = ()) -> None:
        """Start a job with the fields `needed`, and `also` with these where they have a value."""
        if self._missing("port", *needed):
            return
        options: dict[str, Any] = {"port": self._value("port"), "baud": int(self._value("baud"))}
        options |= {n: Path(self._value(n)) for n in (*needed, *also) if self._value(n)}
        self.wattbench.start(verb.module_work(action, options))

    def do_identify(self) -> None:
        self._start("info")

    def do_backup(self) -> None:
        self._start("backup")

    def do_flash(self) -> None:
        self._start("flash", ("image",), ("backup",))

    def do_selftest(self) -> None:
        self._start("selftest")

    def do_resume(self) -> None:
        self._start("resume")

    def do_wipe(self) -> None:
        self._start("wipe", also=("backup",))

    def do_restore(self) -> None:
        self._start("restore", ("backup",))
