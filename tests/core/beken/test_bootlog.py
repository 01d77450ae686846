"""Boot logs: how a start is judged, and that no password is shown."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.beken.bootlog import LOOPS, MEANING, BootLog, Verdict, masked

BANNER = """\
V:BK7231N_1.0.1
REG:cpsr     spsr     r13      r14
SVC:000000D3          00401C1C 000033AC
IRQ:000000d2 00000010 00401e0c 100cd7d0
FIR:000000d1 00000010 00401ffc eb7def6e
SYS:000000df          0040192c 00000158
ST:00000000
"""
JUMP = "J 0x10000\n"
APP = """\
bk_misc_init_start_type 0 0
prvHeapInit-start addr:0x40d648, size:141752
[Flash]id:0xeb6015
"""
CRASH = "undefined instruction\nCurrent regs:\nr00:0x00000000 r01:0x00000000\n"
T_BANNER = "V:BK7231S_1.0.5\nCPSR:000000D3\nR0:00000000\nR13:00401C1C\nR14(LR):00003300\nST:0000\n"
OPENBEKEN = "Info:MAIN:Main_Init_Before_Delay\nInfo:MAIN:Time 1, idle 228, free 74000, bWifi 0\n"


def heard(*pieces: tuple[float, str], until: float = 0.0) -> BootLog:
    log = BootLog()
    now = 0.0
    for at, text in pieces:
        now = at
        log.feed(text.replace("\n", "\r\n").encode(), now)
    log.tick(until or now)
    return log


@pytest.mark.parametrize(
    ("log", "verdict"),
    [
        (heard(until=30), Verdict.NOTHING),
        (heard((1, BANNER)), Verdict.STARTING),
        (heard((1, BANNER + JUMP + APP)), Verdict.STARTING),
        (heard((1, BANNER + JUMP + APP + OPENBEKEN)), Verdict.RUNNING),
        (heard((1, T_BANNER + JUMP + APP), until=8), Verdict.RUNNING),
        (heard((1, T_BANNER), (1.1, APP), until=8), Verdict.RUNNING),
        (heard((1, T_BANNER + CRASH)), Verdict.WRONG_KEY),
        (heard((1, T_BANNER), until=8), Verdict.WRONG_KEY),
        (heard((1, T_BANNER + APP), (2, T_BANNER + APP), (3, T_BANNER)), Verdict.BROWN_OUT),
        (heard((1, "BK7238_1.0.14 x go os_addr(0x10000)\n" + APP), until=8), Verdict.RUNNING),
        (heard((1, OPENBEKEN)), Verdict.RUNNING),
        (heard((1, "one\ntwo\nthree\n")), Verdict.RUNNING),
        (heard((1, BANNER + JUMP + CRASH)), Verdict.WRONG_KEY),
        (heard((1, BANNER + JUMP), until=9), Verdict.WRONG_KEY),
        (heard((1, BANNER + JUMP), (2, BANNER + JUMP), (3, BANNER + JUMP)), Verdict.WRONG_KEY),
        (heard((1, BANNER + JUMP + APP + CRASH)), Verdict.CRASH),
        (heard((1, BANNER), until=9), Verdict.NO_PROGRAM),
        (heard((1, "V:BK7231N_1.0.1\n"), (1.2, BANNER), (1.4, "V:BK72"), (1.5, "31N_1.0.1\n")),
         Verdict.BROWN_OUT),
    ],
)  # fmt: skip
def test_what_a_log_means(log: BootLog, verdict: Verdict) -> None:
    assert log.verdict is verdict


def test_a_sagging_supply_as_a_user_reported_it() -> None:
    """The radio starts, the line breaks off, the banner comes again."""
    start = BANNER + JUMP + APP + "[FUNC]rwnxl_init\nchip id=7231c\ntxd\n"
    log = heard((0.1, start), (1.0, start), (1.9, start), (2.8, BANNER))
    assert (log.verdict, log.boots) == (Verdict.BROWN_OUT, 4)
    assert "3.3 V" in MEANING[log.verdict].next


def test_the_hand_at_the_reset_lead_is_no_loop() -> None:
    log = heard((1, BANNER + JUMP + APP), (2, BANNER + JUMP + APP + OPENBEKEN), until=20)
    assert (log.verdict, log.boots) == (Verdict.RUNNING, 2)


def test_a_plug_that_comes_up_in_the_end_is_up() -> None:
    log = heard(*[(n, BANNER + JUMP + APP) for n in range(1, 5)], (5, OPENBEKEN), until=30)
    assert log.verdict is Verdict.RUNNING


def test_a_heartbeat_on_the_other_wire_is_no_log() -> None:
    log = BootLog()
    for second in range(8):
        log.feed(bytes.fromhex("55aa00000000ff"), second)
    assert log.verdict is Verdict.NOT_A_LOG
    assert "TX2" in MEANING[log.verdict].next


def test_only_a_plug_that_is_up_is_looked_for() -> None:
    """Rulings P1: a restart is never named without its supply."""
    assert [v for v in MEANING if "openbk find" in MEANING[v].next] == [Verdict.RUNNING]
    assert set(MEANING) == set(Verdict) and Verdict.RUNNING not in LOOPS
    assert "never the wall socket" in MEANING[Verdict.NOTHING].next


@pytest.mark.parametrize(
    "line",
    [
        "Info:MAIN:Using Pass [hunter2]",
        "Info:MAIN:Using Pass [hunter2] with ] hunter2]",
        "ssid:Home key:hunter2",
        "ssid:Home key:hun ter2 hunter2",
        "Info:MQTT:mqtt_pass hunter2",
        "password=hunter2",
        "Password1: hunter2",
        "psk = hunter2",
    ],
)
def test_what_the_firmware_prints_of_passwords_is_masked(line: str) -> None:
    assert "hunter2" not in masked(line)
    assert "****" in masked(line)


def test_other_lines_are_left_alone() -> None:
    for line in (*BANNER.splitlines(), *OPENBEKEN.splitlines(), "Info:MAIN:Using SSID [Home]"):
        assert masked(line) == line


def test_known_secrets_are_masked_wherever_they_stand() -> None:
    log = BootLog(["hunter2", "ab"])
    assert log.feed(b"joining with hunter2 now ab\n", 0) == ["joining with **** now ab"]
    assert BootLog(["hunter2"], reveal=True).feed(b"Using Pass [hunter2]\n", 0) == [
        "Using Pass [hunter2]"
    ]


def test_a_password_in_two_pieces_is_never_shown_in_part() -> None:
    log = BootLog()
    assert log.feed(b"Using Pass [hun", 0) == []
    assert log.feed(b"ter2]\r", 0.1) == ["Using Pass [****"]
    assert log.feed(b"\nUsing Pass [abc", 0.2) == []
    assert log.finish() == ["Using Pass [****"]


def test_an_endless_line_is_cut() -> None:
    log = BootLog()
    for _ in range(200):
        assert log.feed(b"x" * 1000, 0) == []
    (line,) = log.feed(b"tail\nnext\n", 1)[:1]
    assert line == "x" * 1000
    assert log.feed(b"again\n", 2) == ["again"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=12))
def test_any_bytes_give_lines_and_a_verdict(pieces: list[bytes]) -> None:
    whole, parts = BootLog(), BootLog()
    lines = whole.feed(b"".join(pieces), 0) + whole.finish()
    assert [line for p in pieces for line in parts.feed(p, 0)] + parts.finish() == lines
    assert whole.verdict is parts.verdict
