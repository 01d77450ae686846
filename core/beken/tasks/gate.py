"""The questions that stand before and after every write."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from core.beken.tasks.session import ADAPTER, EXTERNAL, PlugOptions
from core.beken.wiring import BOOT_TEXT, GATE_TEXT, STOCK_BOOT_TEXT, SUPPLY_TEXT
from core.events import Choice, Question
from core.fault import FaultError
from core.faults import STOPPED, UNANSWERED
from core.job import Reporter

NOT_CHECKED = "not checked"
DID_NOT_BOOT = "did not boot"
GATE = Question(key="mains-gate", text=GATE_TEXT)
SUPPLY = Question(
    key="supply",
    text="What feeds the module with 3.3 V?",
    choices=(
        Choice(EXTERNAL, "bench supply, regulator board, or development board with EN on GND"),
        Choice(ADAPTER, "the adapter's own 3.3 V pin"),
    ),
    flag="--supply",
)
BOOT_CHECK = Question(
    key="boot-check",
    text=BOOT_TEXT,
    choices=(
        Choice("booted", "yes, its access point is there"),
        Choice(DID_NOT_BOOT, "no, nothing appears"),
        Choice(NOT_CHECKED, "I do not check it now"),
    ),
    assumed=NOT_CHECKED,
    unattended=NOT_CHECKED,
)
STOCK_BOOT_CHECK = replace(
    BOOT_CHECK,
    text=STOCK_BOOT_TEXT,
    choices=(Choice("booted", "yes, it shows life"), *BOOT_CHECK.choices[1:]),
)
"""The same where a backup without OpenBeken was written back."""
WIRES_OFF = Question(
    key="wires-off",
    text="The new configuration makes pins of RX1 and TX1 (P10, P11): they become outputs when "
    "the plug starts, and would drive against the adapter. Take both data wires off before the "
    "first start. Are the RX1 and TX1 wires removed?",
    unattended="no",
)
"""Asked after the port is closed and before the first start (rulings P5)."""
FIND_IT = "With OpenBeken and its Wi-Fi set, `wattbench openbk find` shows the plug in the network."
NO_BOOT_STEPS = (
    f"{SUPPLY_TEXT} Then restart it: most plugs that seem dead only lack current.",
    "Wait 10 s: the access point comes some seconds after the start.",
    "Adapter RX on TX2 (P0), nothing on RX1 and TX1: `wattbench plug console --port P` names a "
    "wrong key, a sagging supply or a crash from the boot log.",
    "The loader stays reachable: flash again, or restore the backup with `wattbench plug restore`.",
)
"""What has helped others, most frequent cause first (user-pains 10)."""

Options = TypeVar("Options", bound=PlugOptions)


async def safety(report: Reporter, options: Options) -> Options:
    """Ask whether it is safe to wire, and what feeds the module (rulings P3).  Raises DECLINED."""
    await report.confirm(GATE)
    supply = options.supply or await report.ask(SUPPLY)
    if supply == ADAPTER:
        report.warn("SUPPLY", SUPPLY_TEXT)
    return replace(options, supply=supply)


async def ask_anyway(report: Reporter, question: Question, otherwise: str) -> str:
    """What a person saw; with nobody there `otherwise`, and what was written stays written."""
    try:
        return await report.ask(question)
    except FaultError as error:
        if error.fault.code not in (UNANSWERED.code, STOPPED.code):
            raise
        return otherwise


async def boot_check(report: Reporter, *, wires_off: bool, openbeken: bool = True) -> str:
    """Whether the plug starts, as only a person can say (rulings P2); with `wires_off` the data
    wires have to be removed first (rulings P5).  The port is closed by then.  `openbeken` says
    what is to be seen."""
    if wires_off and await ask_anyway(report, WIRES_OFF, "no") != "yes":
        report.warn("WIRES-ON", "Take the RX1 and TX1 wires off before the plug starts.")
    question = BOOT_CHECK if openbeken else STOCK_BOOT_CHECK
    answer = await ask_anyway(report, question, NOT_CHECKED)
    steps: tuple[str, ...] = (FIND_IT,) if openbeken else ()
    if answer == DID_NOT_BOOT:
        steps = NO_BOOT_STEPS
    for number, text in enumerate(steps, 1):
        report.note("NEXT", f"{number}. {text}" if len(steps) > 1 else text)
    return answer
