"""Which addresses to search, and whether somebody there is an OpenBeken."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from core.fault import Fault, FaultError
from core.openbk import faults, wire
from core.openbk.client import Client
from core.openbk.exchange import normal_host, require_host
from core.openbk.fleet import unexpected
from core.openbk.pages import State

MOST = 1024
PARALLEL = 32

Probe = Callable[[str], Client]


@dataclass(frozen=True, slots=True)
class Found:
    """One device.  `locked` wants a password, so little more is known of it."""

    host: str
    name: str = ""
    chip: str = ""
    version: str = ""
    mac: str = ""
    signal: int | None = None
    safe_mode: bool = False
    locked: bool = False


def own_network() -> str:
    """The /24 of this computer's own address.  Raises OBK-RANGE when it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; the kernel picks the address
            own = probe.getsockname()[0]
        except OSError as error:
            raise _range("", "this computer has no network address") from error
    return str(ipaddress.ip_network(f"{own}/24", strict=False))


def addresses(targets: Iterable[str], port: int = 80) -> list[str]:
    """Every host of the targets: addresses, names, `a.b.c.d/24`, `a.b.c.10-60`.

    Raises OBK-RANGE for what is none of these, and for more than 1024.
    """
    found: list[str] = []
    for target in targets:
        found += _expanded(target.strip(), port)
        if len(found) > MOST:
            raise _range(target, f"more than {MOST} addresses")
    return list(dict.fromkeys(found))


def _expanded(target: str, port: int) -> list[str]:
    tail = "" if port == 80 else f":{port}"
    span = re.fullmatch(r"(\d+\.\d+\.\d+)\.(\d+)-(\d+)", target)
    try:
        if span:
            first, last = int(span.group(2)), int(span.group(3))
            if not first <= last <= 255:
                raise _range(target, "the last number is not between the first and 255")
            return [
                f"{ipaddress.ip_address(f'{span.group(1)}.{n}')}{tail}"
                for n in range(first, last + 1)
            ]
        if re.fullmatch(r"[\d.]+/\d+", target):
            network = ipaddress.ip_network(target, strict=False)
            if network.num_addresses > MOST + 2:
                raise _range(target, f"more than {MOST} addresses")
            return [f"{address}{tail}" for address in network.hosts()]
    except ValueError as error:
        raise _range(target, str(error)) from error
    if not re.fullmatch(r"[A-Za-z0-9._:\[\]/-]{1,200}", target):
        raise _range(target, "not an address")
    host = normal_host(target)
    require_host(host)
    return [host if ":" in host else f"{host}{tail}"]


def _range(target: str, why: str) -> FaultError:
    return faults.NETWORK(
        what=f"'{target[:60]}' cannot be searched: {why}.",
        cause="It is mistyped, or too large.",
        next="Give for example 192.168.1.0/24.",
    )


async def probe(client: Client) -> Found | None:
    """Who is there, or None when it is nobody or something else; sends three reads at most."""
    try:
        status = await client.status()
    except FaultError as error:
        if error.fault.code == faults.PASSWORD.code:
            return Found(client.host, locked=True)
        return None
    found = Found(
        client.host,
        status.short_name,
        status.chip,
        status.version,
        status.mac,
        status.signal or None,
    )
    return await _completed(client, found)


async def _completed(client: Client, found: Found) -> Found:
    try:
        info = await client.info()
        return _with(found, mac=info.mac or found.mac, version=info.version or found.version)
    except FaultError as error:
        if error.fault.code != faults.NO_PATH.code:
            return found
    try:
        state: State = await client.state()
    except FaultError:
        return found
    return _with(found, safe_mode=state.safe_mode)


def _with(found: Found, **more: object) -> Found:
    values = {name: getattr(found, name) for name in Found.__dataclass_fields__}
    return Found(**{**values, **more})


async def _knock(client: Client) -> Found | None:
    """Ask without the password first: it is shown only to who asks for it as OpenBeken does, and
    not to every printer and camera of the network."""
    password, client.password = client.password, ""
    found = await probe(client)
    if found is not None and found.locked and password:
        client.password = password
        found = await probe(client)
    return found


async def _asked(connect: Probe, host: str, odd: Callable[[Fault], None] | None) -> Found | None:
    """Who is at one address.  Whatever goes wrong there, the search goes on; `odd` is told."""
    try:
        client = connect(host)
        try:
            return await _knock(client)
        finally:
            await client.close()
    except FaultError as error:
        wrong = error
    except Exception as error:
        wrong = unexpected(host, error)
    if odd is not None:
        odd(wrong.fault)
    return None


async def search(
    hosts: list[str],
    connect: Probe,
    *,
    parallel: int = PARALLEL,
    tell: Callable[[int, int, Found | None], None] | None = None,
    odd: Callable[[Fault], None] | None = None,
) -> list[Found]:
    """Probe every host, so many at a time; in the order of `hosts`.  `odd` gets what went wrong
    at one of them in another way than that nobody, or somebody else, is there."""
    gate = asyncio.Semaphore(parallel)
    done = 0

    async def one(host: str) -> Found | None:
        nonlocal done
        async with gate:
            found = await _asked(connect, host, odd)
        done += 1
        if tell is not None:
            tell(done, len(hosts), found)
        return found

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(host)) for host in hosts]
    return [found for task in tasks if (found := task.result()) is not None]


async def by_mac(mac: str, hosts: list[str], connect: Probe) -> str:
    """The address at which the device with this MAC answers now, or nothing."""
    wanted = wire.normal_mac(mac)
    for found in await search(hosts, connect):
        if found.mac == wanted:
            return found.host
    return ""
