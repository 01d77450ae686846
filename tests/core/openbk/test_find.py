"""Ranges, probes, and who is found."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from core.fault import FaultError
from core.openbk import network
from core.openbk.client import Client
from core.openbk.tasks.find import FindOptions, find
from core.profile.model import Profile, Secret, Wifi
from core.sim.openbk_http import serve_openbk
from tests.core.openbk.bench import MAC, Bench, fault_of, lsc, options, result_of
from tests.core.openbk.test_transport import says, server
from tests.virtual_clock import virtual


def quick(host: str) -> Client:
    return Client(host, timeout=4.0, connect_timeout=1.0, tries=1)


@pytest.mark.parametrize(
    ("target", "count", "first"),
    [
        ("192.168.1.0/24", 254, "192.168.1.1"),
        ("192.168.1.7/24", 254, "192.168.1.1"),
        ("10.0.0.10-12", 3, "10.0.0.10"),
        ("plug.lan", 1, "plug.lan"),
        ("http://10.0.0.1:8080/index", 1, "10.0.0.1:8080"),
    ],
)
def test_ranges_as_people_type_them(target: str, count: int, first: str) -> None:
    found = network.addresses([target])
    assert (len(found), found[0]) == (count, first)


def test_a_port_goes_to_every_address() -> None:
    assert network.addresses(["10.0.0.1-2"], 8080) == ["10.0.0.1:8080", "10.0.0.2:8080"]


@pytest.mark.parametrize("target", ["10.0.0.0/8", "10.0.0.300-400", "a b", "", "1.2.3/99"])
def test_what_is_no_range_or_too_large_is_refused(target: str) -> None:
    with pytest.raises(FaultError) as caught:
        network.addresses([target])
    assert caught.value.fault.code == "OBK-RANGE"


@virtual
async def test_devices_are_found_among_others(tmp_path: Path) -> None:
    locked = lsc(Profile(wifi=Wifi(web_password=Secret("hunter22"))))
    made = [
        options(),
        options(mac=bytes.fromhex("a4c1385c94fb"), chip="BK7231T"),
        options(config=locked),
        options(safe_mode=True, mac=bytes.fromhex("a4c1385c94fc")),
    ]
    async with AsyncExitStack() as stack:
        hosts = []
        for made_options in made:
            served = await serve_openbk(made_options)
            stack.push_async_callback(served.close)
            hosts.append(served.host)
        printer = await stack.enter_async_context(server(says(b"HTTP/1.1 200 OK\r\n\r\n<html>")))
        bench = Bench(tmp_path)
        targets = (*hosts, printer, "127.0.0.1:1")
        result = result_of(
            await bench.run(lambda r: find(r, FindOptions(targets=targets), connect=quick))
        )
        assert all(served.startswith("127.") for served in hosts)
    found = result["devices"]
    assert isinstance(found, list) and len(found) == 4
    assert (found[0]["mac"], found[0]["name"], found[0]["chip"]) == (MAC, "plug1", "BK7231N")
    assert found[1]["chip"] == "BK7231T" and found[1]["signal"] == -61
    assert found[2]["locked"] and not found[2]["mac"]
    assert found[3]["safe_mode"]
    assert bench.facts("found")["devices"]


@virtual
async def test_nobody_is_a_fault_that_explains_the_access_point(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    chosen = FindOptions(targets=("127.0.0.40-60",), port=1, over_ssh=True)
    outcome = await bench.run(lambda r: find(r, chosen, connect=quick))
    assert fault_of(outcome).code == "OBK-NOBODY"
    assert (
        "5 GHz" in fault_of(outcome).cause and "five short power cycles" in fault_of(outcome).next
    )
    assert "192.168.4.1" in bench.texts() and "cuts the session" in bench.texts()


@virtual
async def test_a_device_is_found_by_its_mac() -> None:
    served = await serve_openbk(options())
    try:
        hosts = ["127.0.0.1:1", served.host]
        assert await network.by_mac("a4-c1-38-5c-94-fa", hosts, quick) == served.host
        assert await network.by_mac("00:00:00:00:00:01", hosts, quick) == ""
    finally:
        await served.close()


@virtual
async def test_never_more_at_a_time_than_asked_for() -> None:
    served = [await serve_openbk(options(latency=0.5)) for _ in range(6)]
    running = most = 0

    class Counted(Client):
        async def status(self):  # type: ignore[no-untyped-def]
            nonlocal running, most
            running += 1
            most = max(most, running)
            try:
                return await super().status()
            finally:
                running -= 1

    found = await network.search([s.host for s in served], Counted, parallel=2)
    assert len(found) == 6 and most == 2
    for device in served:
        await device.close()
