"""The link flood: its rhythm, what it hears, what it says."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.beken import wiring
from core.beken.hearing import ECHO, LINKED, Hearing, Kind
from core.beken.linker import LinkView, link_up
from core.beken.wiring import Lead
from core.fault import FaultError
from core.link.memory import MemoryLink
from core.sim.plug import Plug, PlugOptions
from tests.core.beken.bench import stock
from tests.virtual_clock import virtual


class Line:
    """Something on the line: `speak` gets each request and may answer; `said` comes by itself."""

    def __init__(
        self, speak: Callable[[bytes], bytes] = lambda _: b"", said: bytes = b"", every: float = 0
    ) -> None:
        self.times: list[float] = []
        self.speak, self.said, self.every = speak, said, every

    def attach(self, send: Callable[[bytes], None]) -> None:
        self.send = send
        if self.every:
            asyncio.get_running_loop().call_later(self.every, self._say)

    def _say(self) -> None:
        self.send(self.said)
        asyncio.get_running_loop().call_later(self.every, self._say)

    def received(self, data: bytes, baud: int) -> None:
        self.times.append(asyncio.get_running_loop().time())
        self.send(self.speak(data))


async def linking(device: object, timeout: float = 4.0) -> tuple[str, list[LinkView]]:
    views: list[LinkView] = []
    link = MemoryLink(device)  # type: ignore[arg-type]
    try:
        await link_up(link, lead=Lead.GND, timeout=timeout, tell=views.append)
    except FaultError as error:
        return error.fault.code, views
    finally:
        await link.close()
    return "linked", views


@virtual
async def test_the_flood_has_no_gap_and_no_queue() -> None:
    device = Line()
    await linking(device, 0.5)
    gaps = [b - a for a, b in pairwise(device.times)]
    assert len(gaps) > 300
    assert min(gaps) >= 0.0005
    assert max(gaps) <= 0.0015


@virtual
async def test_a_plug_is_caught_in_its_five_milliseconds() -> None:
    plug = Plug(stock(), PlugOptions(window=0.005, power_cycle_after=1.0, boot_noise=b"\x00\xff"))
    outcome, views = await linking(plug)
    assert outcome == "linked"
    assert views[-1].linked
    assert views[0].prompt == "Pull GND for 2 s, then reconnect."


@virtual
async def test_stale_answers_are_gone_before_the_first_request() -> None:
    plug = Plug(stock(), PlugOptions(latency=0.016))
    link = MemoryLink(plug)
    await link_up(link, tell=lambda _view: None)
    assert await link.read(100, 0.5) == b""


@pytest.mark.parametrize(
    ("device", "code", "kind"),
    [
        (lambda: Line(), "LINK-SILENT", "nothing"),
        (lambda: Line(speak=lambda data: data), "LINK-ECHO", "echo"),
        (
            lambda: Line(said=b"V:BK7231N_1.0.1\r\nREG:cpsr spsr\r\nJ 0x10000\r\n", every=1.1),
            "LINK-TEXT",
            "text",
        ),
        (lambda: Line(said=b"[I] some log line\r\n", every=0.7), "LINK-TEXT", "text"),
        (lambda: Line(said=bytes.fromhex("55aa00000000ff"), every=1.0), "LINK-MCU", "mcu"),
        (lambda: Line(said=b"\xf8", every=1.0), "LINK-RUNNING", "running"),
        (
            lambda: Line(said=bytes.fromhex("040e0401e0fc00"), every=0.2),
            "LINK-RUNNING",
            "running",
        ),
        (
            lambda: Line(said=bytes.fromhex("00020000a1e4"), every=0.1),
            "LINK-PROGRAMMER",
            "programmer",
        ),
        (lambda: Line(said=bytes(range(128, 160)), every=0.1), "LINK-NOISE", "noise"),
    ],
)
def test_what_came_back_is_named(device: Callable[[], Line], code: str, kind: str) -> None:
    @virtual
    async def scene() -> None:
        outcome, views = await linking(device())
        assert (outcome, views[-1].kind) == (code, kind)
        assert (views[-1].bytes_seen > 0) is (code != "LINK-SILENT")
        gaps = [b.seconds - a.seconds for a, b in pairwise(views)]
        assert max(gaps) <= 0.35

    scene()


@virtual
async def test_an_answer_that_is_not_confirmed_is_unstable() -> None:
    left = [1]

    def speak(data: bytes) -> bytes:
        return LINKED if left and left.pop() else b""

    assert (await linking(Line(speak)))[0] == "LINK-UNSTABLE"


@virtual
async def test_silence_is_answered_with_the_ordered_remedies() -> None:
    with pytest.raises(FaultError) as caught:
        await link_up(MemoryLink(Line()), lead=Lead.CEN, timeout=0.2, tell=lambda _view: None)
    fault = caught.value.fault
    places = [fault.next.index(text) for text in wiring.ORDERED_REMEDIES]
    assert places == sorted(places)
    assert "Touch CEN" in fault.next
    assert fault.touched == "nothing"


def test_power_is_never_named_without_its_warning() -> None:
    for lead in Lead:
        for text in (lead.prompt, lead.off):
            assert "power cycle" not in text.lower()
            assert "3.3 V" not in text or wiring.SUPPLY_ONLY in text


@virtual
async def test_a_firmware_that_was_never_off_gets_one_timed_break() -> None:
    """Rulings P7: 2 s of BREAK, then the flood again, then "reconnect now"."""
    breaks: list[float] = []

    class WithBreak(MemoryLink):
        async def send_break(self, seconds: float) -> None:
            breaks.append(seconds)
            await asyncio.sleep(seconds)

    views: list[LinkView] = []
    device = Line(said=b"\xf8", every=1.0)
    with pytest.raises(FaultError):
        await link_up(WithBreak(device), lead=Lead.VCC, timeout=12.0, tell=views.append)
    assert breaks == [2.0]
    prompts = list(dict.fromkeys(view.prompt for view in views))
    assert prompts[1].endswith("TX is held low for 2 s.")
    assert wiring.SUPPLY_ONLY in prompts[1]
    assert prompts[2] == "Reconnect now."
    silent = max(b - a for a, b in pairwise(device.times))
    assert silent == pytest.approx(2.0, abs=0.01)


def test_three_short_boots_ask_for_a_rest() -> None:
    hearing = Hearing()
    now = 0.0
    for _ in range(4):
        for _ in range(4):
            hearing.heard(b"\xf8", now)
            now += 1.0
        now += 5.0
    assert hearing.boots >= 3


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=30), st.floats(0, 3)), max_size=20))
def test_any_bytes_are_of_some_kind(heard: list[tuple[bytes, float]]) -> None:
    hearing, now = Hearing(), 0.0
    for data, gap in heard:
        now += gap
        hearing.heard(data, now)
    assert isinstance(hearing.kind, Kind)
    assert (hearing.kind is Kind.NOTHING) is (hearing.total == 0)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 60), st.integers(0, 4))
def test_our_own_bytes_are_an_echo_wherever_they_begin(count: int, cut: int) -> None:
    hearing = Hearing()
    hearing.heard((ECHO * count)[cut:] or ECHO, 0.0)
    assert hearing.kind is Kind.ECHO
