"""Calibration in the OpenBK pane: behind which relay, in which way, and the cards while it runs."""

from __future__ import annotations

from collections.abc import Iterator

from core.fault import FaultError
from core.openbk import history
from core.openbk.setting import Pace
from core.profile.model import Calibration
from tui import openbk_works as works
from tui.model import JobView
from tui.panes.openbk.calibrate import WAYS, Asker, ReferenceDialog
from tui.panes.openbk.shared import Shared
from tui.panes.openbk.values import relays_of
from tui.widgets.dialog import PickDialog, TextDialog

Source = tuple[str, str, Calibration]
"""Factors that can be put back: where they are from, how that is shown, and the factors."""


class Calibrating(Shared):
    """The action `calibrate`, and what is asked and shown while its job runs."""

    pace = Pace()
    _reference: ReferenceDialog | None = None
    _card: tuple[str, str] | None = None

    def do_calibrate(self) -> None:
        if not self.has_form():
            return
        if self.wattbench.host.running():  # it may be a calibration that asks for its values
            self.wattbench.say("A job is running. Let it end, or stop it with x.")
            return
        relays = relays_of(self.sheet.base.pins)
        if len(relays) < 2:
            self._pick_way(relays[0] if relays else None)
            return

        def picked(channel: str | None) -> None:
            if channel is not None:
                self._pick_way(int(channel))

        choices = [(str(c), f"the relay on channel {c}") for c in relays]
        self.app.push_screen(PickDialog("Behind which relay is the load?", choices), picked)

    def _pick_way(self, channel: int | None) -> None:
        def picked(way: str | None) -> None:
            if way == "factors":
                self._pick_factors(channel)
            elif way is not None:
                self._calibrate(channel, way)

        title = "A steady resistive load of 500 W or more, such as a heater, behind the plug"
        self.app.push_screen(PickDialog(title, list(WAYS)), picked)

    def _calibrate(self, channel: int | None, way: str) -> None:
        self.asker = Asker()
        self.wattbench.start(
            works.calibrate_work(
                self.connect(),
                self.sheet.host,
                self.asker,
                channel=channel,
                reset_energy=way == "reset",
                again=way != "quick",
                bench_holder=works.bench_holder(self.wattbench.host),
                pace=self.pace,
            )
        )

    def _pick_factors(self, channel: int | None) -> None:
        found = list(self._sources())
        if not found:
            self.say_line("No kept configuration and no profile names other factors.")
            return

        def picked(number: str | None) -> None:
            if number is None:
                return
            source, _text, wanted = found[int(number)]
            self.wattbench.start(
                works.factors_work(
                    self.connect(),
                    self.sheet.host,
                    wanted,
                    source,
                    channel=channel,
                    bench_holder=works.bench_holder(self.wattbench.host),
                    pace=self.pace,
                )
            )

        choices = [(str(n), text) for n, (_source, text, _wanted) in enumerate(found)]
        self.app.push_screen(PickDialog("Which factors are put back?", choices), picked)

    def _sources(self) -> Iterator[Source]:
        """Kept configurations, newest first, then profiles; only factors that differ from those
        the device has, each set of them once."""
        seen = {_named(self.sheet.base.calibration)}
        for source, text, calibration in self._all_sources():
            named = _named(calibration)
            if any(value is not None for value in named) and named not in seen:
                seen.add(named)
                yield source, f"{text}  {_words(named)}", calibration

    def _all_sources(self) -> Iterator[Source]:
        store = self.wattbench.host.store
        for entry in reversed(store.devices.history(self.sheet.mac)):
            try:
                found = history.profile_of(entry).calibration
            except FaultError:  # of an older program, or damaged
                continue
            yield f"configuration {entry.number}", f"{entry.number:>3}  {entry.when}", found
        folder = store.profiles_folder
        for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
            try:
                found = works.find_profile(self.wattbench.host, str(path)).calibration
            except FaultError:
                continue
            yield path.name, path.name, found

    # -- while it runs, and after it -------------------------------------------------------

    def tick_calibration(self) -> None:
        """Ask what the job waits for, keep the card's reading fresh, show what came of it."""
        card = self._reference
        if card is not None and card not in self.app.screen_stack:
            card = self._reference = None
        if self.asker is None:
            if card is not None and card.is_current:  # the job ended while it asked
                card.dismiss()
            elif self._card is not None and self.screen is self.app.screen:
                title, text = self._card
                self._card = None
                self.app.push_screen(TextDialog(title, text))
            return
        wanted = self.asker.next()
        if wanted is not None:
            self._reference = ReferenceDialog(wanted, self.asker, self.sheet.base.calibration)
            self.app.push_screen(self._reference)
        elif card is not None and card.is_mounted:
            job = self.wattbench.model.current
            card.show_live(job.facts.get("live", {}) if job is not None else {})

    def calibration_ended(self, job: JobView) -> None:
        """What came of it, as a card; a fault lies under it."""
        self.asker = None
        lines = job.facts.get("calibration", {}).get("lines")
        if lines:
            word = "Result" if job.fault is None else job.fault.code
            self._card = f"{word}: {job.title}", "\n".join(lines)

    def on_unmount(self) -> None:
        """Nobody is there to read a reference meter any more."""
        if self.asker is not None:
            self.asker.leave()


def _named(calibration: Calibration) -> tuple[float | None, ...]:
    return calibration.voltage, calibration.current, calibration.power


def _words(named: tuple[float | None, ...]) -> str:
    """The factors that are named; 0 stands for the driver's default."""
    return "  ".join(
        f"{unit} {value:.6g}" if value else f"{unit} default"
        for unit, value in zip(("V", "A", "W"), named, strict=True)
        if value is not None
    )
