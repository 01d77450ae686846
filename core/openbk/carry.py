"""Carry a plan out on one device: send, wait for it to come back by its MAC, read back, compare."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

from core.fault import FaultError, Touched
from core.faults import STOPPED
from core.job import Reporter
from core.openbk import faults, network
from core.openbk.client import Client, Connect
from core.openbk.difference import Change, changes
from core.openbk.plan import Plan
from core.openbk.read import Device, read_device
from core.openbk.standing import State
from core.openbk.still import require_who

SAVED_AFTER = 2.0
"""Seconds until a change in memory is in flash for sure (HTTP sheet 2, saving)."""
POLL = 1.0
BACK_WITHIN = 60.0
SEARCH_AFTER = 20.0
SEARCH_EVERY = 30.0
MOVED_WITHIN = 120.0
SLACK = 1.5


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a plan: how many requests were sent, and the device as it is now."""

    host: str
    sent: int
    restarted: bool
    device: Device


async def carry_out(
    client: Client,
    device: Device,
    plan: Plan,
    connect: Connect,
    *,
    report: Reporter | None = None,
    say: Callable[[str], None] | None = None,
    stage: Callable[[State], None] = lambda _state: None,
) -> Applied:
    """Send the plan and prove it.  A stop is honoured between two requests and while the device
    restarts.  `say` gets the title of each request, `stage` what comes after the last one.

    Raises OBK-HALF-SENT, OBK-NOT-BACK, OBK-DIFFERS, STOPPED.
    """
    sent: list[str] = []
    loop = asyncio.get_running_loop()
    for step in plan.steps:
        if report is not None:
            report.stop_point()
        if say is not None:
            say(step.title)
        began = loop.time()
        try:
            await step.send(client)
        except FaultError as error:
            raise _half(client.host, plan, sent, step.title, error) from error
        sent.append(step.title)
        if step.target == "/cfg_wifi_set":
            web = plan.wanted.wifi.web_password or device.profile.wifi.web_password
            client.password = web.value if web else ""
    if plan.restart:
        began = loop.time()
        try:
            await client.reboot()
        except FaultError as error:
            raise _half(client.host, plan, sent, "restart", error) from error
    there = client
    try:
        stage(State.RESTARTING if plan.restarts else State.CHECKING)
        if plan.restarts:
            back = wait_back(client, device, began, connect, moves=plan.moves)
            there = await (back if report is None else report.waiting(back))
        else:
            await asyncio.sleep(SAVED_AFTER)
        stage(State.CHECKING)
        now = await read_device(there)
    except FaultError as error:
        raise _unread(client.host, error) from error
    finally:
        if there is not client:
            await there.close()
    sent_to = "Everything was sent; what came of it cannot be read back here."
    require_who(now.host, now.mac, now.chip, device, sent_to)
    require_equal(now, plan)
    return Applied(now.host, len(sent), plan.restarts, now)


def _half(host: str, plan: Plan, sent: list[str], failed: str, error: FaultError) -> FaultError:
    """Which requests were answered, and which were not."""
    titles = [step.title for step in plan.steps] + (["restart"] if plan.restart else [])
    rest = titles[len(sent) :]
    if not sent and error.fault.code == faults.SILENT.code:
        return FaultError(error.fault)  # nobody took the connection: nothing was sent
    return faults.HALF(
        what=f"{host}: '{failed}' was not answered: {error.fault.what}",
        cause=error.fault.cause,
        next="Do the same again; it sends only what is missing.",
        state=f"Sent: {', '.join(sent) or 'nothing'}. Not sent, or without an answer: "
        f"{', '.join(rest)}.",
        touched=Touched.PARTIAL if sent else Touched.UNKNOWN,
    )


def _unread(host: str, error: FaultError) -> FaultError:
    """Everything was sent, and then it could not be read back."""
    if error.fault.code in (faults.GONE.code, STOPPED.code):
        return error
    return faults.HALF(
        what=f"{host} could not be read back: {error.fault.what}",
        cause=error.fault.cause,
        next="Do the same again; it reads the device and sends only what is missing.",
        state="Everything was sent; what came of it was not read back.",
        touched=Touched.COMPLETE,
    )


def require_equal(now: Device, plan: Plan) -> None:
    """Raise OBK-DIFFERS when the device does not hold what was sent."""
    wanted = {change.path for change in plan.changes}
    wrong = [c for c in changes(now.profile, plan.wanted) if c.path in wanted]
    if not wrong:
        return
    raise faults.DIFFERS(
        what=f"{now.host} keeps other values: " + "; ".join(_kept(change) for change in wrong[:6]),
        cause="The firmware said OK and stored something else, or somebody changed it meanwhile.",
        next="Correct these fields in the profile, or look at the device.",
        state="All requests were sent; the fields named differ.",
        touched=Touched.COMPLETE,
        command=("wattbench", "openbk", "show", now.host),
    )


def _kept(change: Change) -> str:
    if change.secret:
        return f"{change.path} is not as sent"
    text = change.to_json()
    return f"{change.path} is {text['before']}, not {text['after']}"


async def wait_back(
    client: Client, device: Device, asked: float, connect: Connect, *, moves: bool
) -> Client:
    """A client of the device after its restart, at its old address or, found by MAC, at a new
    one.  `asked` is when the restart was asked for.  Raises OBK-NOT-BACK."""
    loop = asyncio.get_running_loop()
    end = asked + (MOVED_WITHIN if moves else BACK_WITHIN)
    next_search = asked + SEARCH_AFTER
    uptime = device.info.uptime
    while loop.time() < end:
        await asyncio.sleep(POLL)
        if await restarted(client, device.mac, uptime + loop.time() - asked):
            return client
        if loop.time() >= next_search:
            knock = _with_password(connect, client.password)
            host = await network.by_mac(device.mac, neighbours(client.host), knock)
            if host and host != client.host:
                return knock(host)
            next_search = loop.time() + SEARCH_EVERY
    raise faults.GONE(
        what=f"{client.host} did not come back within {end - asked:.0f} s.",
        cause="It has another address or network now, or its new Wi-Fi data is wrong."
        if moves
        else "It restarts slowly, or its Wi-Fi is weak.",
        next="Ask the router by MAC " + (device.mac or "(unknown)") + ". After a wrong Wi-Fi "
        "password: unplug the load, then five short power cycles lead to safe mode.",
        state="Everything was sent; what came of it was not read back.",
        touched=Touched.COMPLETE,
        command=("wattbench", "openbk", "find"),
    )


def _with_password(connect: Connect, password: str) -> Connect:
    """The device keeps its password where it moves to, and says its MAC to nobody without it."""

    def knock(host: str) -> Client:
        client = connect(host)
        client.password = password
        return client

    return knock


async def restarted(client: Client, mac: str, uptime_without: float) -> bool:
    """True when the same device answers and its uptime began anew."""
    try:
        info = await client.info()
    except FaultError as error:
        if error.fault.code == faults.PASSWORD.code:
            raise
        return False
    same = not mac or not info.mac or info.mac == mac
    return same and info.uptime + SLACK < uptime_without


def neighbours(host: str) -> list[str]:
    """The /24 around an address, with its port; this computer's own network for a name."""
    name, port = host, ""
    if ported := re.fullmatch(r"(\[.*\]|[^:]*):([0-9]{1,5})", host):
        name, port = ported.groups()
    try:
        around = str(ipaddress.ip_network(f"{ipaddress.IPv4Address(name)}/24", strict=False))
    except ValueError:
        around = network.own_network()
    return network.addresses([around], int(port or 80))
