"""Does the adapter hear itself?  TX joined to RX, nothing else connected, before a plug is blamed.

The pattern runs through all byte values in order, so it never holds the first bytes of a request
(01 E0 FC), should a chip still be on the wires.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.beken import faults
from core.beken.client import BASE_BAUD
from core.events import Question
from core.fault import FaultError
from core.job import Reporter, Result
from core.link.api import Link, OpenPort
from core.link.faults import BAUD

SPEEDS = (BASE_BAUD, 230400, 460800, 921600, 1_500_000, 2_000_000)
PATTERN = bytes(range(256))
ROUNDS = 16
"""Times that the pattern is sent at each speed: 4 KiB, as much as a sector."""
PATIENCE = 0.5
SILENCE = 0.05
JOIN = Question(
    key="loop-back",
    text="Take all wires off the module. Join the adapter's TX to its RX, with nothing else on "
    "them. Done?",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelftestOptions:
    """`port` is the adapter's; `baud` the highest speed to try."""

    port: str
    baud: int = SPEEDS[-1]


async def selftest(report: Reporter, options: SelftestOptions, *, ports: OpenPort) -> Result:
    """Send and hear at each speed.  Result: `best` (the highest good speed), `good`, `bad`
    (why), `summary`.  Raises BK-LOOP-BACK when not even 115200 comes back, and LINK-*."""
    speeds = [speed for speed in SPEEDS if speed <= max(options.baud, BASE_BAUD)]
    await report.confirm(JOIN)
    report.phase("Loop-back", 1, 1)
    good: list[int] = []
    bad: dict[int, str] = {}
    link = await ports(options.port, BASE_BAUD, "Self-test: loop-back")
    try:
        for index, speed in enumerate(speeds):
            report.progress(index, len(speeds), "speeds")
            why = await _try(link, speed)
            if why and speed == BASE_BAUD:
                raise _silent(why)
            if why:
                bad[speed] = why
                report.note("SPEED", f"{speed} baud: {why}.")
                if "refuses" not in why:
                    break  # faster ones will not be better
            else:
                good.append(speed)
        report.progress(len(speeds), len(speeds), "speeds")
    finally:
        await link.close()
    return {
        "port": options.port,
        "best": good[-1],
        "good": good,
        "bad": {str(speed): why for speed, why in bad.items()},
        "summary": f"Port, adapter and cable are good up to {good[-1]} baud; "
        "what is still silent is at the plug's side",
    }


async def _try(link: Link, speed: int) -> str:
    """Why the adapter is not good at this speed; empty when it is."""
    try:
        await link.set_baud(speed)
    except FaultError as error:
        if error.fault.code != BAUD.code:
            raise
        return "the adapter refuses it"
    await link.quiet(SILENCE, PATIENCE)
    lost = changed = good = 0
    for _ in range(ROUNDS):
        await link.write(PATTERN)
        heard = await link.read_exactly(len(PATTERN), len(PATTERN) * 20 / speed + PATIENCE)
        lost += len(PATTERN) - len(heard)
        changed += sum(a != b for a, b in zip(heard, PATTERN, strict=False))
        if lost or changed:
            break  # what follows is out of step and says nothing new
        good += 1
    extra = await link.quiet(SILENCE, PATIENCE)
    if lost == len(PATTERN) and not good:
        return "not one byte came back"
    parts = [
        f"{count} bytes {how}"
        for count, how in ((lost, "lost"), (changed, "changed"), (len(extra), "too many"))
        if count
    ]
    return ", ".join(parts)


def _silent(why: str) -> FaultError:
    nothing = why.startswith("not one")
    return faults.LOOPED(
        what=f"At {BASE_BAUD} baud: {why}.",
        cause="TX and RX are not joined, or adapter, driver or cable are broken."
        if nothing
        else "The plug is still connected, or adapter or cable disturb the line.",
        next="Join TX and RX with one short wire, nothing else on them, and repeat; then try "
        "another USB socket, cable, adapter.",
        state="Nothing was connected that could change.",
    )
