"""Ranges, probes, and who is found."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from core.fault import Fault, FaultError
from core.openbk import network
from core.openbk.access_points import Heard
from core.openbk.carry import neighbours
from core.openbk.client import Client
from core.openbk.fleet import each, on_host
from core.openbk.tasks.find import FindOptions, Look, find, ssh_text
from core.openbk.wifi_tools import Looked
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
    chosen = FindOptions(targets=("127.0.0.40-60",), port=1, ssh="10.0.0.9 50022 10.0.0.2 22")
    outcome = await bench.run(lambda r: find(r, chosen, connect=quick))
    assert fault_of(outcome).code == "OBK-NOBODY"
    assert (
        "5 GHz" in fault_of(outcome).cause and "five short power cycles" in fault_of(outcome).next
    )
    assert "192.168.4.1" in bench.texts() and "cuts the session" in bench.texts()


def in_the_air(*heard: Heard, said: tuple[str, ...] = ()) -> Look:
    """A look that hears these."""

    async def look() -> Looked:
        return Looked("nmcli", heard, said)

    return look


NEW = Heard(name=b"OpenBK7231N_1A2B3C4D", bssid="1C:90:FF:1A:2B:3C", signal=72, unit="%", channel=1)
NOWHERE = FindOptions(targets=("127.0.0.40-60",), port=1, ssh="10.0.0.9 50022 127.0.0.1 22")


@virtual
async def test_nobody_names_the_look_into_the_air_unless_it_was_done(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    fault = fault_of(await bench.run(lambda r: find(r, NOWHERE, connect=quick)))
    assert "--wifi" in fault.next and fault.command == ("wattbench", "openbk", "find", "--wifi")
    air = in_the_air(Heard(name=b"Nachbar", open=False))
    looked = fault_of(await bench.run(lambda r: find(r, NOWHERE, connect=quick, look=air)))
    assert "--wifi" not in looked.next and looked.command == ()
    assert "No open access point of a device is in the air here." in looked.what
    deaf = in_the_air(said=("No look into the air: neither nmcli nor iw is installed.",))
    not_heard = fault_of(await bench.run(lambda r: find(r, NOWHERE, connect=quick, look=deaf)))
    assert "in the air" not in not_heard.what  # nothing is claimed of what nobody heard
    assert "neither nmcli nor iw" in bench.texts()


@virtual
async def test_an_open_access_point_is_a_result_with_the_way_in(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    air = in_the_air(NEW, Heard(name=b"OpenBK7231N_00000001", open=False), said=("a hint",))
    result = result_of(await bench.run(lambda r: find(r, NOWHERE, connect=quick, look=air)))
    assert result["summary"] == "0 devices at 21 addresses, 1 open access point"
    assert (
        result["devices"] == []
        and result["access_points"] == bench.facts("access_points")["points"]
    )
    assert result["access_points"] == [
        {
            "name": "OpenBK7231N_1A2B3C4D",
            "bssid": "1C:90:FF:1A:2B:3C",
            "signal": 72,
            "unit": "%",
            "channel": 1,
            "frequency": None,
            "chip": "BK7231N",
            "mac_tail": "1A2B3C4D",
            "mac": "",
        }
    ]
    said = bench.texts()
    assert "a hint" in said and "open access point: OpenBK7231N_1A2B3C4D" in said
    assert "192.168.4.1" in said
    assert "over SSH through lo, which is no Wi-Fi card" in said  # 127.0.0.1 is what sshd said


@virtual
async def test_a_device_in_safe_mode_is_known_by_its_long_name(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    chosen = FindOptions(targets=("127.0.0.1:1",), known={"Plug 1": MAC})
    air = in_the_air(Heard(name=b"Plug 1"), Heard(name=b"Plug 2"))
    result = result_of(await bench.run(lambda r: find(r, chosen, connect=quick, look=air)))
    assert [point["mac"] for point in result["access_points"]] == [MAC]


@virtual
async def test_a_computer_without_a_network_still_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network() -> str:
        raise network._range("", "this computer has no network address")

    monkeypatch.setattr(network, "own_network", no_network)
    bench = Bench(tmp_path)
    alone = await bench.run(lambda r: find(r, FindOptions(), connect=quick))
    assert fault_of(alone).code == "OBK-RANGE"
    result = await bench.run(lambda r: find(r, FindOptions(), connect=quick, look=in_the_air(NEW)))
    assert result_of(result)["searched"] == 0
    assert "has no network address" in bench.texts()


@pytest.mark.parametrize(
    ("ssh", "cards", "text"),
    [
        ("10.0.0.9 50022 127.0.0.1 22", ["lo"], "over SSH through lo: joining"),
        ("10.0.0.9 50022 127.0.0.1 22", ["wlan0"], "does not cut it"),
        ("10.0.0.9 50022 203.0.113.7 22", ["lo"], "over SSH: joining"),
        ("something else", ["lo"], "over SSH: joining"),
    ],
)
def test_what_joining_does_to_this_session(ssh: str, cards: list[str], text: str) -> None:
    assert text in ssh_text(ssh, cards)


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


@virtual
async def test_a_password_is_shown_to_nobody_but_devices_of_this_kind() -> None:
    """A camera with a lock of its own is no device, and the search by MAC keeps from it what the
    locked device is asked with."""
    camera = says(b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="cam"\r\n\r\n')
    locked = lsc(Profile(wifi=Wifi(web_password=Secret("hunter22"))))
    shown: list[tuple[str, str]] = []

    class Watched(Client):
        async def read(self, target: str, *, timeout: float = 0.0) -> httpx.Response:
            shown.append((self.host, self.password))
            return await super().read(target, timeout=timeout)

    def without(host: str) -> Client:
        return Watched(host, timeout=4.0, connect_timeout=1.0, tries=1)

    def knowing(host: str) -> Client:
        return Watched(host, "hunter22", timeout=4.0, connect_timeout=1.0, tries=1)

    served = await serve_openbk(options(config=locked))
    try:
        async with server(camera) as address:
            hosts = [address, served.host]
            assert [f.locked for f in await network.search(hosts, without)] == [True]
            assert await network.by_mac(MAC, hosts, without) == ""
            assert not any(password for _host, password in shown)
            assert await network.by_mac(MAC, hosts, knowing) == served.host
            assert {host for host, password in shown if password} == {served.host}
            with pytest.raises(FaultError) as caught:
                await Client(address, "hunter22").info()
            assert caught.value.fault.code == "OBK-OTHER-HOST"
    finally:
        await served.close()


class Strange(Client):
    """A device whose answers nobody thought of."""

    async def status(self):  # type: ignore[no-untyped-def]
        if self.host.endswith(":2"):
            raise OverflowError("int too large to convert to float")
        return await super().status()


def strange(host: str) -> Client:
    return Strange(host, timeout=4.0, connect_timeout=1.0, tries=1)


@virtual
async def test_one_strange_device_and_a_mistyped_one_do_not_stop_a_search(tmp_path: Path) -> None:
    served = await serve_openbk(options())
    try:
        hosts = ["127.0.0.1:2", "999.1.1.1", served.host]
        odd: list[Fault] = []
        found = await network.search(hosts, strange, odd=odd.append)
        assert [device.host for device in found] == [served.host]
        assert sorted(fault.code for fault in odd) == ["INTERNAL", "OBK-RANGE"]
        chosen = FindOptions(targets=("127.0.0.1:2", served.host))
        bench = Bench(tmp_path)
        result = result_of(await bench.run(lambda r: find(r, chosen, connect=strange)))
        assert len(result["devices"]) == 1  # type: ignore[arg-type]
        assert "127.0.0.1:2: OverflowError in test_find.py" in bench.texts()
    finally:
        await served.close()


async def _status(client: Client) -> str:
    return (await client.status()).mac


@virtual
async def test_one_strange_device_does_not_stop_a_fleet() -> None:
    async with AsyncExitStack() as stack:
        served = await serve_openbk(options())
        stack.push_async_callback(served.close)
        hosts = ("127.0.0.1:2", "999.1.1.1", served.host)
        done = await each(hosts, str, lambda host: on_host(strange, host, _status))
        assert [None if o.fault is None else o.fault.code for o in done] == [
            "INTERNAL",
            "OBK-RANGE",
            None,
        ]
        assert done[0].fault is not None
        assert "OverflowError in test_find.py" in done[0].fault.what
        assert "int too large" in done[0].fault.evidence


@pytest.mark.parametrize("target", ["999.1.1.1", "::1", "127.0.0.1:99999", "localhost:80:80"])
def test_a_mistyped_host_is_no_target(target: str) -> None:
    with pytest.raises(FaultError) as caught:
        network.addresses([target])
    assert caught.value.fault.code == "OBK-RANGE"


@pytest.mark.parametrize(
    ("host", "first"),
    [
        ("10.0.0.9", "10.0.0.1"),
        ("10.0.0.9:8080", "10.0.0.1:8080"),
        ("[::1]", "192.0.2.1"),
        ("[::1]:8080", "192.0.2.1:8080"),
        ("plug.lan:81", "192.0.2.1:81"),
    ],
)
def test_where_a_device_is_looked_for_that_moved(
    host: str, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "own_network", lambda: "192.0.2.0/24")
    found = neighbours(host)
    assert (found[0], len(found)) == (first, 254)
