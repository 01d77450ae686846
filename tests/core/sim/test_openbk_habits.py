"""The habits of the real web server that no recorded answer shows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from core.fault import FaultError
from core.profile.block import Block
from core.profile.model import Channel, Profile
from core.sim.openbk_http import Served, serve_openbk
from core.sim.openbk_meter import Load, Meter
from core.sim.openbk_options import OpenBkOptions, parse_trouble
from tests.virtual_clock import virtual


@asynccontextmanager
async def device(**more: object) -> AsyncIterator[Served]:
    served = await serve_openbk(OpenBkOptions(**more))  # type: ignore[arg-type]
    try:
        yield served
    finally:
        await served.close()


async def raw(served: Served, *pieces: bytes, pause: float = 0.0, wait: float = 5.0) -> bytes:
    """Send pieces and read to the end; b"(hangs)" when no end comes."""
    reader, writer = await asyncio.open_connection(served.address, served.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        async with asyncio.timeout(wait):
            return await reader.read()
    except TimeoutError:
        return b"(hangs)"
    finally:
        writer.close()


def get(target: str, pad: int = 0) -> bytes:
    head = f"GET {target} HTTP/1.1\r\nHost: x\r\n".encode()
    return head + (b"X: " + b"p" * (pad - len(head) - 7) + b"\r\n" if pad else b"") + b"\r\n"


def post(target: str, body: bytes) -> tuple[bytes, bytes]:
    head = f"POST {target} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return head, body


@virtual
async def test_1022_bytes_hang_and_their_neighbours_do_not() -> None:
    async with device() as served:
        for size, hangs in ((1021, False), (1022, True), (1023, False), (2046, True)):
            request = get("/api/info", size)
            assert len(request) == size
            answer = await raw(served, request)
            assert (answer == b"(hangs)") is hangs, size
            await asyncio.sleep(1)


@virtual
async def test_a_late_body_is_lost() -> None:
    async with device() as served:
        head, body = post("/api/cmnd", b"SetChannel 1 1")
        assert b"No command entered" in await raw(served, head, body, pause=0.06)
        assert b'"success":200' in await raw(served, head + body)


@virtual
async def test_one_after_the_other() -> None:
    async with device(latency=0.5) as served:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.gather(*(raw(served, get("/api/info"), wait=60) for _ in range(4)))
        assert loop.time() - began >= 2.0
        assert served.overlaps == 3


@virtual
async def test_a_long_tasmota_command_runs_twice() -> None:
    async with device() as served:
        tail = "; echo " + "x" * 120
        await raw(served, get("/cm?cmnd=backlog%20ToggleChannel%205" + tail.replace(" ", "%20")))
        assert served.device.channels[5] == 0
        head, body = post("/api/cmnd", b"backlog ToggleChannel 5" + tail.encode())
        await raw(served, head + body)
        assert served.device.channels[5] == 1


@virtual
async def test_pages_that_erase() -> None:
    async with device() as served:
        config = served.device.config
        served.site.commands.run("MqttHost 10.0.0.5")
        await raw(served, get("/cfg_mqtt_set?port=1884"))
        assert config.get("mqtt.host") == "" and config.mqtt_port == 1884
        config.put("wifi.web_password", "")
        await raw(
            served, get("/cfg_wifi_set?web_admin_password_enabled=1&web_admin_password=abcde")
        )
        assert config.get("wifi.web_password") == "abcde"
        login = b"GET /cfg_wifi_set HTTP/1.1\r\nAuthorization: Basic YWRtaW46YWJjZGU=\r\n\r\n"
        await raw(served, login)
        assert config.get("wifi.web_password") == ""
        config.flags = (1 << 38) | (1 << 10)
        await raw(served, get("/cfg_generic?setFlags=1&flag2=1"))
        assert config.flags == 1 << 2


@virtual
async def test_secrets_in_commands_are_expanded_and_split() -> None:
    async with device() as served:
        served.site.commands.run("MqttPassword $ecret")
        assert served.device.config.get("mqtt.password") == "-2147483648"
        served.site.commands.run('backlog MqttPassword "a;b"')
        assert served.device.config.get("mqtt.password") == "a"


@virtual
async def test_a_restart_has_a_countdown_and_a_time_away() -> None:
    async with device() as served:
        served.site.commands.run("ShortName renamed")
        head, body = post("/api/reboot", b"")
        assert b'"reboot":3' in await raw(served, head + body)
        assert b"uptime_s" in await raw(served, get("/api/info"))
        await asyncio.sleep(3.2)
        with pytest.raises(OSError):
            await raw(served, get("/api/info"))
        await asyncio.sleep(2)
        assert b'"uptime_s":1' in await raw(served, get("/api/info"))
        assert served.device.config.get("names.short") == "renamed"
        assert served.device.boots == 2


@virtual
async def test_start_values_act_at_the_start() -> None:
    block = Block.new().with_profile(Profile(channels={1: Channel(start=1)}))
    async with device(config=block.sector()) as served:
        assert served.device.channels[1] == 1


@virtual
async def test_a_driver_without_pins_takes_those_of_the_relay() -> None:
    async with device() as served:
        served.site.commands.run("startDriver BL0937")
        assert 8 in served.device.stuck_pins


@virtual
async def test_a_change_is_in_flash_a_second_later() -> None:
    async with device() as served:
        served.site.commands.run("ShortName later")
        assert b"later" not in served.device.read_flash(0x1D1000, 4096)
        await asyncio.sleep(1.5)
        await raw(served, get("/api/info"))
        assert b"later" in served.device.read_flash(0x1D1000, 4096)


def test_the_meter_follows_relay_load_and_factors() -> None:
    meter = Meter(Load(volts=230.0, watts=1000.0, true_factors=(0.13, 0.0116, 1.46)))
    meter.start(0.0)
    meter.advance(10.0, True, (0.13, 0.0116, 1.46))
    assert meter.shown == pytest.approx([230.0, 1000 / 230, 1000.0], rel=0.01)
    meter.advance(20.0, False, (0.13, 0.0116, 1.46))
    assert meter.shown == pytest.approx([230.0, 0.0, 0.0], rel=0.01)
    meter.advance(30.0, True, (0.26, 0.0116, 1.46))
    assert meter.shown[0] == pytest.approx(460.0, rel=0.01)


@pytest.mark.parametrize("text", ["explode", "slow:x", "cut:1@y", ""])
def test_orders_that_are_none(text: str) -> None:
    with pytest.raises(FaultError) as caught:
        parse_trouble(text)
    assert caught.value.fault.code == "SIM-ORDER"


def test_orders_as_they_are_written() -> None:
    one = parse_trouble("path=/cfg_mqtt:cut:9@3")
    assert (one.kind, one.value, one.path) == ("cut", 9.0, "/cfg_mqtt")
    assert one.hits(3, "/cfg_mqtt_set") and not one.hits(4, "/cfg_mqtt_set")
    assert not one.hits(3, "/cfg_wifi")
    assert parse_trouble("reset@2+").hits(9, "/x")
