"""Find OpenBeken devices in a network."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from core.job import Reporter, Result
from core.openbk import faults, network
from core.openbk.client import Connect

SETUP = (
    "A new or reset device has an open access point, OpenBK7231N_ and eight hex digits, and the "
    "address 192.168.4.1 in it. Join it, then: wattbench openbk show 192.168.4.1"
)
CUTS_SSH = (
    "This session runs over SSH: joining that access point with the network card that carries it "
    "cuts the session. Use a second card, or set the device up with a phone."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindOptions:
    """`targets` as a person types them, none for this computer's own /24; `over_ssh` when the
    program was started through SSH."""

    targets: tuple[str, ...] = ()
    port: int = 80
    parallel: int = network.PARALLEL
    over_ssh: bool = False


async def find(report: Reporter, options: FindOptions, *, connect: Connect) -> Result:
    """Probe every address.  Result: `devices` (host, name, chip, version, mac, signal,
    safe_mode, locked), `searched`.  Raises OBK-RANGE; OBK-NOBODY when none is found."""
    report.phase("Search", 1, 1)
    targets = options.targets or (network.own_network(),)
    hosts = network.addresses(targets, options.port)
    rows: list[network.Found] = []

    def tell(done: int, of: int, found: network.Found | None) -> None:
        if found is not None:
            rows.append(found)
            report.facts("found", devices=[asdict(row) for row in rows], lines=[line(found)])
        report.progress(done, of, "addresses")

    found = await network.search(hosts, connect, parallel=options.parallel, tell=tell)
    if options.over_ssh:
        report.note("SSH", CUTS_SSH)
    if not found:
        report.note("SETUP-AP", SETUP)
        raise faults.NOBODY(
            what=f"None of {len(hosts)} addresses answered as OpenBeken ({', '.join(targets)}).",
            cause="The devices are off, in another subnet, or kept apart by client isolation; "
            "or they were given a 5 GHz-only name.",
            next="Ask the router by MAC. A wrong Wi-Fi password never brings the access point "
            "back: unplug the load, then five short power cycles lead to safe mode.",
        )
    return {
        "summary": f"{len(found)} devices at {len(hosts)} addresses",
        "searched": len(hosts),
        "devices": [asdict(row) for row in found],
    }


def line(found: network.Found) -> str:
    """One device for people."""
    if found.locked:
        return f"{found.host:<21} asks for a password"
    signal = "" if found.signal is None else f"{found.signal} dBm"
    safe = "  SAFE MODE" if found.safe_mode else ""
    return (
        f"{found.host:<21} {found.name:<20} {found.chip:<8} {found.version:<10} "
        f"{found.mac or '-':<17} {signal}{safe}"
    )
