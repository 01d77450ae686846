"""Who is there, and whether the kit itself works."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from core.fault import FaultError
from core.job import Reporter, Result
from core.link.api import OpenPort
from core.store.store import Store
from core.telink import connect, faults, wire
from core.telink.client import Client
from core.telink.connect import CHIP
from core.telink.tasks.session import ModuleOptions, session

READS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoOptions(ModuleOptions):
    """Nothing more than how to reach the module."""


async def info(report: Reporter, options: InfoOptions, *, ports: OpenPort, store: Store) -> Result:
    """Identify the module; changes nothing.  Result: the fields of `Module` and `summary`."""
    async with session(report, options, ports, store, "Module: info", (1, 2)) as bench:
        module, rung = bench.module, bench.rung
    settings = module.settings.text if module.settings else "no settings"
    summary = (
        f"TLSR825x, {module.part} {module.size // 1024} KiB, {module.firmware}, "
        f"{module.mac or 'no MAC'}; {settings}"
    )
    return {**module.facts(), "rung": rung.name, "summary": summary}


async def selftest(report: Reporter, options: InfoOptions, *, ports: OpenPort) -> Result:
    """Let the kit read its own chip id over D4 and its own SWS pin; changes nothing.

    No reset and no CPU stop: they would stop the programmer itself.  Raises TL-SELFTEST and what
    finding the programmer raises.
    """
    report.phase("Programmer", 1, 2)
    link = await ports(options.port, wire.BASE_BAUD, "Module: self-test")
    client = Client(link)
    try:
        await connect.find_programmer(client, report)
        report.phase("Read itself", 2, 2)
        seen: Counter[bytes] = Counter()
        for done in range(READS):
            try:
                seen[await client.peek(wire.CHIP_ID_AT, 3)] += 1
            except FaultError as error:
                if error.fault.code != faults.TARGET_LOST.code:
                    raise
            report.progress(done + 1, READS, "reads")
    finally:
        await client.leave()
        await link.close()
    good = seen[bytes([CHIP[0]]) + CHIP[1].to_bytes(2, "little")]
    if good != READS:
        raise _not_itself(client, seen, good)
    assert client.programmer is not None
    version = client.programmer.version
    return {
        "programmer": version,
        "reads": READS,
        "summary": f"Programmer version {version} works: {READS} of {READS} reads of itself agree",
    }


def _not_itself(client: Client, seen: Counter[bytes], good: int) -> FaultError:
    if not seen:
        return faults.SELFTEST(
            what=f"None of {READS} reads over D4 was answered.",
            cause="D4 is not joined to the kit's own SWS pin.",
            next="Join D4 and SWS of the kit, nothing else; then try again.",
            evidence=client.evidence,
        )
    found = ", ".join(f"{data.hex()} {count}x" for data, count in seen.most_common(4))
    return faults.SELFTEST(
        what=f"{good} of {READS} reads were right; seen: {found}.",
        cause="An LED or a resistor loads the SWS line, or the wire is too long.",
        next="Take the LED off the line, use a short wire; then try again.",
        evidence=client.evidence,
    )
