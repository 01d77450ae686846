"""A conversation: one request at a time, reads repeated, changes sent once."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.fault import FaultError
from core.openbk.client import Client
from core.openbk.exchange import Turns, normal_host
from core.openbk.read import identify
from core.profile.model import Profile, Secret, Wifi
from tests.core.openbk.bench import lsc, options, plugged, talking
from tests.core.openbk.test_transport import drips, says, server
from tests.virtual_clock import run, virtual

LOCKED = lsc(Profile(wifi=Wifi(web_password=Secret("hunter22"))))


async def code_of(work: object) -> str:
    with pytest.raises(FaultError) as caught:
        await work  # type: ignore[misc]
    return caught.value.fault.code


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("192.168.1.5", "192.168.1.5"),
        (" http://192.168.1.5/index ", "192.168.1.5"),
        ("plug.lan:80", "plug.lan"),
        ("http://admin:pw@10.0.0.1:8080/", "10.0.0.1:8080"),
    ],
)
def test_a_host_as_people_type_it(typed: str, host: str) -> None:
    assert normal_host(typed) == host


def test_what_is_no_address_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(FaultError) as caught:
        Client("http://a b:xx")
    assert caught.value.fault.code == "OBK-RANGE"


@virtual
async def test_eight_reads_at_once_go_one_after_the_other() -> None:
    async with talking(latency=0.05) as (client, served):
        await asyncio.gather(*(client.info() for _ in range(8)))
        assert served.overlaps == 0 and len(served.requests) == 8


@virtual
async def test_two_clients_of_one_device_share_their_turn() -> None:
    turns = Turns()
    async with plugged(latency=0.05) as served:
        clients = [Client(served.host, turn=turns.of(served.host)) for _ in range(3)]
        await asyncio.gather(*(client.info() for client in clients))
        for client in clients:
            await client.close()
        assert served.overlaps == 0


@virtual
async def test_no_pause_between_reads_and_300_ms_after_a_change() -> None:
    async with talking(late_body=0.0) as (client, _):
        loop = asyncio.get_running_loop()
        began = loop.time()
        await client.info()
        await client.info()
        assert loop.time() - began < 0.01
        await client.command("SetChannel 1 1")
        await client.info()
        assert loop.time() - began == pytest.approx(0.3, abs=0.02)


@virtual
async def test_a_read_that_breaks_off_is_repeated() -> None:
    for trouble in ("reset@1", "cut:0@1", "cut:60@1", "cut:300@1", "reset@1"):
        async with talking(trouble) as (client, served):
            assert (await client.info()).short_name == "plug1"
            assert len(served.requests) == 2, trouble


@virtual
async def test_a_change_is_sent_once_whatever_comes_of_it() -> None:
    async with talking("reset") as (client, served):
        assert await code_of(client.command("POWER TOGGLE")) == "OBK-BROKEN"
        assert len(served.requests) == 1


@virtual
async def test_a_page_that_is_cut_at_any_place_is_read_again() -> None:
    async with talking() as (client, served):
        whole = len((await client.read("/cfg_mqtt")).content) + 180
    for at in range(10, whole, whole // 12):
        async with talking(f"cut:{at}@1") as (client, served):
            assert "</html>" in await client.page("/cfg_mqtt")
            assert len(served.requests) == 2


@virtual
async def test_a_state_page_that_is_cut_does_not_lose_the_drivers() -> None:
    async with talking() as (client, served):
        whole = len((await client.read("/index?state=1")).content) + 180
    for at in range(190, whole - 130, 60):
        async with talking(f"path=/index:cut:{at}@1") as (client, served):
            assert (await client.state()).drivers == ("BL0937",), at
            assert len(served.requests) == 2
    async with talking("cut:300") as (client, _):
        assert await code_of(client.state()) == "OBK-BROKEN"


@virtual
async def test_a_list_of_files_that_is_cut_is_asked_for_again() -> None:
    async with talking("cut:220@1") as (client, served):
        served.device.files |= {"a.txt": b"1", "b.txt": b"2"}
        assert [entry.name for entry in await client.files()] == ["a.txt", "b.txt"]


@virtual
async def test_cut_every_time_is_said() -> None:
    async with talking("cut:300") as (client, _):
        assert await code_of(client.info()) == "OBK-BROKEN"
        assert await code_of(client.page("/cfg_mqtt")) == "OBK-BROKEN"
        assert await code_of(client.flash(0, 4096)) == "OBK-SHORT"


@virtual
async def test_five_seconds_of_delay_are_waited_for() -> None:
    async with talking("slow:5") as (client, _):
        assert (await client.info()).short_name == "plug1"


@virtual
async def test_silence_is_a_fault_with_a_next_step() -> None:
    async with talking("slow:500") as (client, _):
        assert await code_of(client.info()) == "OBK-BROKEN"


@virtual
async def test_nobody_there() -> None:
    async with plugged() as served:
        host = served.host
    client = Client(host)
    with pytest.raises(FaultError) as caught:
        await client.info()
    await client.close()
    assert caught.value.fault.code == "OBK-SILENT"
    assert "router by MAC" in caught.value.fault.next


@virtual
async def test_password_needed_wrong_and_right() -> None:
    async with plugged(config=LOCKED) as served:
        codes = []
        for password in ("", "wrong", "hunter22"):
            client = Client(served.host, password)
            try:
                codes.append((await client.info()).short_name)
            except FaultError as error:
                codes.append(error.fault.code)
                assert "hunter22" not in str(error.fault)
            await client.close()
        assert codes == ["OBK-PASSWORD", "OBK-PASSWORD", "plug1"]


@virtual
async def test_a_page_with_200_is_no_such_path() -> None:
    async with talking() as (client, _):
        assert await code_of(client.json("/api/pins?x=1")) == "OBK-NO-PATH"
        assert await code_of(client.page("/nonexistent")) == "OBK-NO-PATH"
        assert await code_of(client.raw("/api/dumpconfig")) == "OBK-NO-PATH"


@virtual
async def test_what_the_device_refuses_is_told_in_its_words() -> None:
    async with talking() as (client, _):
        reply = await client.command("VoltageSet 0")
        assert (reply.code, reply.message) == (400, "Bad argument")
        with pytest.raises(FaultError) as caught:
            await client.must("SpannungSet 230")
        assert "Unknown command" in caught.value.fault.what
        assert await code_of(client.flash(0x1FF000, 0x2000)) == "OBK-REFUSED"


@virtual
async def test_damaged_json_is_repaired() -> None:
    async with talking("json@1") as (client, _):
        assert (await client.info()).mac == "A4:C1:38:5C:94:FA"


@virtual
async def test_safe_mode_is_said_first() -> None:
    async with talking(safe_mode=True) as (client, _):
        assert (await client.status()).openbeken
        assert await code_of(identify(client)) == "OBK-SAFE-MODE"


@pytest.mark.parametrize(
    "answer",
    [
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n'
        b'{"StatusFWR":{"Version":"12.1","SDK":"2.2.2-dev","Hardware":"ESP8266"}}',
        b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\nNot Found",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><body>Printer</body></html>",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"RTSP/1.0 400 Bad Request\r\n\r\n",
        b"\x00\xff\x00\xff",
        b'HTTP/1.1 200 OK\r\n\r\n{"a":[[[[[[',
    ],
    ids=["tasmota", "404", "printer", "empty", "camera", "noise", "half"],
)  # fmt: skip
def test_other_devices_are_recognised_and_left_alone(answer: bytes) -> None:
    async def main() -> str:
        async with server(says(answer)) as url:
            client = Client(url)
            try:
                return await code_of(client.status())
            finally:
                await client.close()

    assert run(main()) in ("OBK-OTHER-HOST", "OBK-BROKEN")


@virtual
async def test_an_upload_is_finished_although_the_job_is_cancelled() -> None:
    async with talking(latency=1.0) as (client, served):
        work = asyncio.ensure_future(client.upload("/api/lfs/a.bin", b"x" * 9000))
        await asyncio.sleep(0.5)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert served.device.files["a.bin"] == b"x" * 9000


@virtual
async def test_files_beyond_the_room_are_counted() -> None:
    async with talking() as (client, _):
        assert await client.upload("/api/lfs/big.bin", b"x" * 16384) == 9887
        assert [e.name for e in await client.files()] == ["big.bin"]


def test_options_of_the_bench_are_data() -> None:
    assert options("slow:5@2").faults[0].hits(2, "/x")


@virtual
async def test_a_device_that_drips_does_not_hold_the_program() -> None:
    loop = asyncio.get_running_loop()
    async with server(drips(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{")) as url:
        for work, most in (
            (Client(url).info(), 33.0),
            (Client(url).raw("/api/flash/0-1000", 4096), 81.0),
            (Client(url).command("POWER ON"), 33.0),
            (Client(url).upload("/api/lfs/a", b"x" * 51200), 461.0),
        ):
            began = loop.time()
            assert await code_of(work) == "OBK-BROKEN"
            assert loop.time() - began < most


@virtual
async def test_a_slow_upload_has_the_time_that_its_bytes_need() -> None:
    async with talking(latency=200.0) as (client, served):
        await client.upload("/api/lfs/a.bin", b"x" * 9000)
        assert served.device.files["a.bin"] == b"x" * 9000


@pytest.mark.parametrize("answer", [b"H", b"HTT", b"HTTP", b"OK", b"\0", b"HTTP/1.1 x\n\n{}"])
def test_a_change_is_answered_by_a_status_line_or_not_at_all(answer: bytes) -> None:
    async def main() -> None:
        async with server(says(answer)) as url:
            client = Client(url)
            assert await code_of(client.reboot()) == "OBK-BROKEN"
            assert await code_of(client.command("POWER ON")) == "OBK-BROKEN"
            assert await code_of(client.form("/cfg_name", {"a": "b"})) == "OBK-BROKEN"
            assert await code_of(client.upload("/api/lfs/a", b"x")) == "OBK-BROKEN"

    run(main())


def test_removing_a_file_is_answered_without_a_status_line() -> None:
    async def main() -> None:
        async with server(says(b"OK")) as url:
            assert (await Client(url).change("GET", "/api/del/a.txt")).content == b"OK"

    run(main())


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<!DOCTYPE html>", "OBK-NO-PATH"),
        (b"HTTP/1.1 501 OK\r\n\r\n", "OBK-REFUSED"),
    ],
)
def test_a_restart_that_was_not_granted_was_not_asked_for(answer: bytes, code: str) -> None:
    async def main() -> str:
        async with server(says(answer)) as url:
            return await code_of(Client(url).reboot())

    assert run(main()) == code


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("999.1.1.1", "255"),
        ("::1", "[ ]"),
        ("127.0.0.1:abc", "'abc' is no port"),
        ("127.0.0.1:99999", "'99999' is no port"),
        ("1.2.3.4:", "'' is no port"),
        ("a" * 300, "253"),
        ("a" * 64 + ".lan", "63"),
        ("localhost:80:80", "more than one colon"),
        ("plug.lan?x=1", "letters"),
        ("plug.lan#", "letters"),
        ("https://plug.lan", "not https"),
        ("", "letters"),
        ("\ud800", "letters"),
    ],
)
def test_a_mistyped_host_is_refused_with_the_reason(typed: str, why: str) -> None:
    with pytest.raises(FaultError) as caught:
        Client(typed)
    assert caught.value.fault.code == "OBK-RANGE" and why in caught.value.fault.what


@pytest.mark.parametrize("typed", ["[::1]", "[::1]:8080", "127.1:8080", "plug_1", "plug.lan."])
def test_unusual_hosts_that_are_none_the_less_right(typed: str) -> None:
    assert Client(typed).host == typed


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_host_or_a_fault(text: str) -> None:
    try:
        Client(text)
    except FaultError as error:
        assert error.fault.code == "OBK-RANGE"


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"


@given(st.binary(max_size=120))
@settings(max_examples=60, deadline=None)
def test_any_bytes_at_any_place_of_an_answer_are_a_value_or_a_fault(raw: bytes) -> None:
    async def main() -> None:
        for answer in (raw, b"HTTP/1.1 " + raw + b"\n\n", HEAD + raw,
                       b"HTTP/1.1 200 OK\r\n" + raw + b"\r\n\r\n{}"):  # fmt: skip
            async with server(says(answer)) as url:
                client = Client(url, tries=1)
                for work in (client.status(), client.info(), client.energy(), client.state(),
                             client.files(), client.command("x"), client.reboot()):  # fmt: skip
                    with contextlib.suppress(FaultError):
                        await work

    run(main())
