"""The OpenBK pane: live strip, the form by sections, and the list of found devices."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import ContentSwitcher, Input

from core.fault import Fault
from core.openbk.faults import PASSWORD
from core.openbk.standing import by_address
from core.openbk.watch import Sample, Trend
from tui.model import JobView, Model
from tui.panes.base import Line
from tui.panes.openbk import strip
from tui.panes.openbk.calibrate import Asker
from tui.panes.openbk.editing import Editing
from tui.panes.openbk.link import DeviceLink, News, Read, Unread
from tui.panes.openbk.places import Place, read_place
from tui.panes.openbk.rows import field_line, note
from tui.panes.openbk.saying import Saying
from tui.panes.openbk.sections import DEVICES, TABS, paths
from tui.panes.openbk.sheet import Sheet
from tui.panes.openbk.standings import Fleet, as_shown
from tui.panes.openbk.table import SheetTable
from tui.text import clean, duration
from tui.widgets.entry import Entry
from tui.widgets.fault_card import FaultCard
from tui.widgets.live_lines import Line as Painted
from tui.widgets.prose import fit, fold

KIND = "openbk-"


class OpenBkPane(Editing, Saying):
    """Shows one device's form; what is sent, compared and read back is core's."""

    SCOPED_CSS = False  # its rules are bound to the class .openbk
    DEFAULT_CSS = """
    .openbk #who { height: 1; padding: 0 1; text-style: bold; }
    .openbk #live, .openbk #trend { height: 1; padding: 0 1; }
    .openbk #sections { height: 1; background: $panel; }
    .openbk #body { height: 1fr; }
    .openbk #edit { height: 1; border: none; padding: 0 1; background: $panel; display: none; }
    .openbk #note { height: 2; padding: 0 1; color: $secondary; }
    .openbk #log { height: 3; padding: 0 1; }
    .openbk #fault { height: 1fr; padding: 0 1; }
    .-tall .openbk #log { height: 7; }
    .-short .openbk #log, .-short .openbk #trend { display: none; }
    .-short .openbk #note { height: 1; }
    """

    def __init__(self, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="openbk")
        self.sheets: dict[str, Sheet] = {}
        self.sheet = Sheet("")
        self.link: DeviceLink | None = None
        self.passwords: dict[str, str] = {}
        self.locked = ""
        self.places: dict[str, Place] = {}
        self.marked: set[str] = set()
        self.failed: dict[str, Fault] = {}
        self.fleet: Fleet | None = None
        self.last_profile = ""
        self.tab = TABS[0]
        self.revealed = False
        self.asker: Asker | None = None
        self.sending: dict[str, object] = {}  # edits that the running job sends
        self.sending_sheet = self.sheet
        self.sent: dict[str, object] = {}  # those that it read back; no edits any more
        self.own_doing = False  # what is read next was changed from here
        self.fault: tuple[Fault, str] | None = None
        self.said: list[str] = []
        self._editing = ""
        self._sample: Sample | None = None
        self._trend = Trend()
        self._shown = ""
        self._hint = ""
        self._ready = False  # the clock may tick before everything is mounted

    def compose(self) -> ComposeResult:
        yield Line("who")
        yield Line("live")
        yield Line("trend")
        yield Line("sections")
        with ContentSwitcher(id="body", initial="sheet"):
            yield SheetTable("sheet", self._paint)
            yield FaultCard()
        yield Entry(id="edit", select_on_focus=False, compact=True)
        yield Line("note")
        yield Line("log")

    def on_mount(self) -> None:
        line = self.query_one("#edit", Input)
        line.cursor_blink = line.can_focus = False
        self.know_places()
        self.screen.set_focus(self.table)
        first = self.wattbench.host.store.settings.get("openbk_host")
        if first:
            self.open(first)
        else:
            self.turn_to(DEVICES)
        self.call_after_refresh(self.repaint)

        self._ready = True

    def on_unmount(self) -> None:
        if self.link is not None:
            self.link.stop()

    def on_resize(self) -> None:
        self.repaint()

    @property
    def key(self) -> str:
        """The row under the cursor: a path, or a device's address."""
        return self.table.key

    @property
    def front(self) -> str:
        """What is shown: the sheet or the fault."""
        return self.query_one("#body", ContentSwitcher).current or "sheet"

    @property
    def state(self) -> str:
        if self._editing:
            return "editing"
        return "fault" if self.front == "fault" else "moving"

    @property
    def idle(self) -> frozenset[str]:
        job = self.wattbench.model.current
        many = self.tab == DEVICES and bool(self.marked)
        if job is not None and job.running:
            known = frozenset(("find", "apply", "undo", "calibrate"))
            return known | {"diff"} if many else known
        if self.sheet.edits or many:
            return frozenset(("stop", "undo", "calibrate"))
        rest = () if self.sheet.host else ("undo", "calibrate")
        return frozenset(("stop", "diff", *rest))

    @property
    def unsaved(self) -> str:
        edited = [sheet for sheet in self.sheets.values() if sheet.edits]
        of = ", ".join(sheet.title for sheet in edited[:3])
        more = f" and {len(edited) - 3} more" if len(edited) > 3 else ""
        return f"Edits of {of}{more} were not sent; leaving forgets them." if edited else ""

    # -- taking in -------------------------------------------------------------------------

    def show(self, model: Model) -> None:
        if not self._ready:
            return
        job = model.latest(KIND)
        if job is not None:
            self.take_places(job)
            self.take_log(job)
            done = f"{job.id}{job.running}"
            if done != self._shown:
                self._shown = done
                if not job.running:
                    self.job_ended(job)
                    fault = job.fault
                    self.fault = None if fault is None else (as_shown(fault), _where(job))
                self.turn_body("fault" if self.fault is not None and not job.running else "sheet")
        self.repaint()

    def tick(self) -> None:
        """Take in what the device said, and ask what a calibration waits for."""
        if not self._ready:
            return
        if self.link is not None:
            for news in self.link.news():
                self.take(news)
        if self.screen is self.app.screen and self.screen.focused is None:
            self.turn_body(self.front)  # a job ended while another pane was in front
        self.tick_calibration()
        self.repaint()

    def take(self, news: News) -> None:
        """One piece of news of the device."""
        match news:
            case Read(device):
                before = self.sheet.when
                since = self.sheet.take(device, strip.JUST_NOW)
                self.places[self.sheet.host] = read_place(self.sheet.host, device)
                self.failed.pop(self.sheet.host, None)
                self.wattbench.host.store.settings.set("openbk_host", self.sheet.host)
                self.forget_sent()
                if since and not self.own_doing:
                    self.say_line(strip.since_line(since, before))
                self.own_doing = False
                for text in device.notes:
                    self.say_line(text)
            case Unread(found):
                fault = as_shown(found)
                if found.code == PASSWORD.code:
                    locked = Place(self.sheet.host, mac=self.sheet.mac, locked=True, live=True)
                    self.places.setdefault(self.sheet.host, locked)
                self.say_line(f"{fault.code}: {fault.what} {fault.next}")
            case Sample():
                self._sample = news
                if news.fault is None:
                    self._trend.add(news)

    # -- showing ---------------------------------------------------------------------------

    def repaint(self) -> None:
        """Everything that differs."""
        if not self._ready or not self.size.width:
            return
        width = max(self.size.width - 2, 20)
        reading = self.link is not None and self.link.reading
        self._line("who", fit(strip.who_line(self.sheet, reading=reading), width))
        self._line("live", fit(self._values(), width))
        self._line("trend", fit(strip.trend_line(self._trend, self._sample, width), width))
        self._tabs()
        table = self.table
        table.show_rows([(key, 1) for key in self._keys()])
        self._line("note", "\n".join(fold(self._note(), width)[:2]))
        self.show_said(width)

    def _values(self) -> str:
        job = self.wattbench.model.current
        if self.link is not None and job is not None and job.running:
            return strip.job_line(job.facts.get("live", {}), job.title)
        return strip.values_line(self._sample)

    def _keys(self) -> list[str]:
        if self.tab == DEVICES:
            return sorted(self.places, key=by_address)
        return paths(self.sheet, self.tab)

    def _tabs(self) -> None:
        parts: list[tuple[str, str] | str] = []
        wide = self.size.width >= 78
        for tab in TABS:
            changed = any(self.sheet.edited(p) for p in paths(self.sheet, tab))
            text = f"{tab}*" if changed else tab
            here = tab == self.tab
            if here or wide:
                mark = self.wattbench.glyphs.cursor
                parts.append((f"{mark}{text} ", "bold reverse") if here else f" {text} ")
        self.query_one("#sections", Line).say(Content.assemble(*parts))

    def _note(self) -> str:
        if self._editing and self._hint:
            return self._hint
        if self.tab == DEVICES:
            if not self.places:
                return "f searches the network, h types an address."
            return self.many_note(self.table.key if self.front == "sheet" else "")
        if not self.sheet.known:
            return "The form comes when the device was read." if self.sheet.host else ""
        key = self.table.key
        if key not in self._keys():
            return ""
        return note(self.sheet, key, reveal=self.revealed)

    def _paint(self, key: str, _part: int, here: bool) -> Painted:
        width = max(self.table.size.width - 1, 20)
        if self.tab == DEVICES:
            return self.place_line(key, width, here=here)
        cursor = self.wattbench.glyphs.cursor if here else " "
        text = field_line(self.sheet, key, width, reveal=self.revealed, cursor=cursor)
        look = "strong" if self.sheet.edited(key) else ""
        return ((text, "here" if here else look),)

    def _line(self, name: str, text: str) -> None:
        self.query_one(f"#{name}", Line).say(Content(clean_lines(text)))

    def turn_body(self, name: str) -> None:
        """Bring the form or the fault to the front."""
        if name == "fault" and self.fault is not None:
            self.query_one(FaultCard).show(*self.fault)
        self.query_one("#body", ContentSwitcher).current = name
        if not self._editing and self.screen is self.app.screen:
            self.screen.set_focus(self.query_one(f"#{name}"))
        self.pane_screen.keys_changed()

    def turn_to(self, tab: str) -> None:
        """Show another section, from its first row."""
        if tab != self.tab:
            self.forget_now()
            self.tab = tab
            self.table.key = next(iter(self._keys()), "")
            self.table.scroll_to(y=0, animate=False)
        self.turn_body("sheet")
        self.repaint()

    def on_key(self, event: events.Key) -> None:
        """Escape leaves the line, or lays the fault aside; it stops nothing."""
        if event.key != "escape":
            return
        if self._editing:
            event.stop()
            self.leave_line()
        elif self.front == "fault":
            event.stop()
            self.fault = None
            self.turn_body("sheet")
        elif self.tab == DEVICES and self.lay_aside():
            event.stop()
        self.repaint()


def clean_lines(text: str) -> str:
    """Cleaned line by line; text of a device must not steer the terminal."""
    return "\n".join(map(clean, text.split("\n")))


def _where(job: JobView) -> str:
    """The step that a job ended in, and when."""
    if not job.steps:
        return ""
    step = job.steps[-1]
    return f"in step {step.index}/{step.of}, {step.name}, at {duration(job.t)}"
