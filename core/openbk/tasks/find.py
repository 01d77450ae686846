"""Find OpenBeken devices in a network."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field

from core.fault import Fault, FaultError
from core.job import Reporter, Result
from core.openbk import faults, network
from core.openbk.access_points import AccessPoint, of_openbeken
from core.openbk.access_points import line as point_line
from core.openbk.client import Connect
from core.openbk.standing import counted
from core.openbk.wifi_tools import Looked, card_of, wireless

SETUP = (
    "A new or reset device has an open access point, OpenBK7231N_ and eight hex digits, and the "
    "address 192.168.4.1 in it. Join it, then: wattbench openbk show 192.168.4.1"
)
CUTS_SSH = (
    "This session runs over SSH: joining that access point with the network card that carries it "
    "cuts the session. Use a second card, or set the device up with a phone."
)
NOT_CUT = (
    "This session runs over SSH through {card}, which is no Wi-Fi card: joining that access point "
    "with a Wi-Fi card does not cut it."
)
LOOK = ("wattbench", "openbk", "find", "--wifi")

Look = Callable[[], Awaitable[Looked]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindOptions:
    """`targets` as a person types them, none for this computer's own /24; `ssh` is what
    SSH_CONNECTION says when the program was started through SSH; `known` maps the long names of
    devices that were read before to their MAC: in safe mode those are names of access points."""

    targets: tuple[str, ...] = ()
    port: int = 80
    parallel: int = network.PARALLEL
    ssh: str = ""
    known: Mapping[str, str] = field(default_factory=dict)


async def find(
    report: Reporter, options: FindOptions, *, connect: Connect, look: Look | None = None
) -> Result:
    """Probe every address; with `look` also see which open access points are in the air.

    Result: `devices` (host, name, chip, version, mac, signal, safe_mode, locked), `searched`,
    `access_points` (name, bssid, signal, unit, channel, frequency, chip, mac_tail, mac).  Raises
    OBK-RANGE; OBK-NOBODY when there is neither a device nor an access point of one.
    """
    of = 1 if look is None else 2
    report.phase("Search", 1, of)
    targets = options.targets or _own_network(report, needed=look is None)
    hosts = network.addresses(targets, options.port)
    rows: list[network.Found] = []

    def tell(done: int, of: int, found: network.Found | None) -> None:
        if found is not None:
            rows.append(found)
            report.facts("found", devices=[asdict(row) for row in rows], lines=[line(found)])
        report.progress(done, of, "addresses")

    def odd(fault: Fault) -> None:
        report.warn(fault.code, fault.what)

    found = await network.search(hosts, connect, parallel=options.parallel, tell=tell, odd=odd)
    points: list[AccessPoint] = []
    heard = False
    if look is not None:
        report.phase("Look into the air", 2, of)
        heard, points = await _look(report, look, options.known)
    if points or not found:
        report.note("SETUP-AP", SETUP)
        if options.ssh:
            report.note("SSH", ssh_text(options.ssh, wireless()))
    for point in points:  # last, where a short log shows them
        report.note("ACCESS-POINT", f"open access point: {point_line(point)}")
    if not found and not points:
        where = ", ".join(targets) or "no network"
        what = f"None of {len(hosts)} addresses answered as OpenBeken ({where})."
        raise _nobody(what, heard, asked=look is not None)
    count = f"{counted(len(found), 'device')} at {counted(len(hosts), 'address')}"
    if look is not None:
        count += f", {counted(len(points), 'open access point')}"
    return {
        "summary": count,
        "searched": len(hosts),
        "devices": [asdict(row) for row in found],
        "access_points": [asdict(point) for point in points],
    }


def _own_network(report: Reporter, *, needed: bool) -> tuple[str, ...]:
    """This computer's /24; without one there may still be something in the air."""
    try:
        return (network.own_network(),)
    except FaultError as error:
        if needed:
            raise
        report.note("NO-NETWORK", f"No network is searched: {error.fault.what}")
        return ()


async def _look(
    report: Reporter, look: Look, known: Mapping[str, str]
) -> tuple[bool, list[AccessPoint]]:
    """(whether anything could be heard, the access points of devices), said as notes."""
    looked = await look()
    for text in looked.said:
        report.note("WIFI", text)
    points = of_openbeken(looked.heard, known)
    report.facts("access_points", points=[asdict(point) for point in points])
    if looked.heard and not points:
        report.note("WIFI", f"{looked.tool} hears {len(looked.heard)} access points, none of a "
                    "new or reset device.")  # fmt: skip
    return bool(looked.heard), points


def ssh_text(ssh: str, wifi: Collection[str]) -> str:
    """What joining an access point does to this session, as far as its card is known; `wifi` are
    the Wi-Fi cards."""
    words = ssh.split()
    card = card_of(words[2]) if len(words) == 4 else ""
    if not card:
        return CUTS_SSH
    if card not in wifi:
        return NOT_CUT.format(card=card)
    return CUTS_SSH.replace("over SSH", f"over SSH through {card}")


def _nobody(what: str, heard: bool, *, asked: bool) -> FaultError:
    air = " No open access point of a device is in the air here." if heard else ""
    look = "" if asked else " New or reset devices show with --wifi, if this computer has Wi-Fi."
    return faults.NOBODY(
        what=what + air,
        cause="The devices are off, in another subnet, or kept apart by client isolation; "
        "or they were given a 5 GHz-only name.",
        next="Ask the router by MAC. A wrong Wi-Fi password never brings the access point "
        f"back: unplug the load, then five short power cycles lead to safe mode.{look}",
        command=() if asked else LOOK,
    )


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
