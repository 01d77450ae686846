"""Many devices in the OpenBK pane: marks, how each stands, the report, and the run after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from core.events import Body, Facts, Finished, Note, Phase, Started
from core.openbk import faults
from core.openbk.standing import FLEET, Standing, State, key_of
from core.profile.model import Profile, Secret, Wifi
from core.sim.openbk_http import Served
from tests.tui.openbk_stage import BkStage, bk_stage, plugged, quiet, sector
from tests.tui.stage import golden
from tui.panes.openbk.places import Place
from tui.panes.openbk.sections import DEVICES
from tui.panes.openbk.standings import Fleet, counts

__all__ = ["quiet"]
SIZES = [(80, 24), (160, 45)]
LOCKED = sector(Profile(wifi=Wifi(web_password=Secret("hunter22"))))
MINE = '[mqtt]\nhost = "10.0.0.5"\n[flags]\n21 = true\n'
JOB = "20261120T140233Z-openbk-apply-01"


def a_profile(home: Path, text: str = MINE) -> None:
    """The profile mine.toml of the data folder."""
    (home / "profiles").mkdir()
    (home / "profiles" / "mine.toml").write_text(text)


@asynccontextmanager
async def printer() -> AsyncIterator[str]:
    """Something else that answers over HTTP."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        page = b"<html><title>Office printer</title></html>"
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@asynccontextmanager
async def plugs(count: int, **more: object) -> AsyncIterator[list[Served]]:
    """So many devices, each with its own MAC."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                plugged(mac=bytes.fromhex(f"a4c13800000{n}"), late_body=0.0, **more)
            )
            for n in range(count)
        ]


async def listed(bk: BkStage, *hosts: str) -> None:
    """The list of devices in front, with these that answered a search."""
    bk.pane.places = {host: Place(host, live=True) for host in hosts}
    bk.pane.turn_to(DEVICES)
    await bk.press("home")


async def on_host(bk: BkStage, host: str) -> str:
    """The cursor on a device."""
    bk.pane.table.select(host)
    return await bk.stage.settled()


def row(text: str, host: str) -> str:
    """The line of a device in the list, from its mark on."""
    return next(line[1:] for line in text.splitlines() if host in line and line[1:2] == "[")


async def test_one_fails_one_is_locked_one_is_a_printer_and_the_rest_is_done(
    tmp_path: Path,
) -> None:
    a_profile(tmp_path)
    async with AsyncExitStack() as stack:
        good, cut, locked = await stack.enter_async_context(plugs(3))
        cut.options = replace(
            cut.options, faults=(*cut.options.faults, *_troubles("path=/cfg_mqtt_set:reset"))
        )
        locked.device.config.put("wifi.web_password", "hunter22")
        paper = await stack.enter_async_context(printer())
        bk = await stack.enter_async_context(bk_stage(tmp_path))
        hosts = (good.host, cut.host, locked.host, paper)
        await listed(bk, *hosts)
        text = await bk.press("asterisk")
        assert text.count("[x]") == 4 and "4 marked." in text
        assert "Apply what to 4 devices?" in await bk.press("a")
        await bk.press("enter")
        text = await bk.until("Send these requests (4) to 2 devices, as mine.toml says?")
        assert "plan: 2 changes" in row(text, good.host)
        assert "OBK-PASSWORD: asks for" in row(text, locked.host)
        assert "OBK-OTHER-HOST" in row(text, paper)
        await bk.press("y")
        text = await bk.until("1 of 4 devices are as the profile says, 3 failed")
        assert row(text, good.host).startswith("[ ]")
        assert "done, 2 requests" in row(text, good.host)
        for host, code in ((cut.host, "OBK-HALF-SENT"), (locked.host, "OBK-PASSWORD")):
            assert row(text, host).startswith("[x]") and code in row(text, host)
        assert bk.pane.marked == set(hosts[1:])
        assert good.device.config.flag(21) and cut.device.config.flag(21)
        await _fault_cards(bk, cut.host, locked.host)
        await _report(bk, hosts)
        cut.options = replace(cut.options, faults=())
        await _password(bk, locked.host)
        await _again(bk, good.host, cut, locked)


def _troubles(text: str) -> tuple[object, ...]:
    from core.sim.openbk_options import parse_trouble

    return (parse_trouble(text),)


async def _fault_cards(bk: BkStage, cut: str, locked: str) -> None:
    """Enter opens the fault of the device under the cursor; Esc leaves it."""
    await on_host(bk, cut)
    text = await bk.press("enter")
    assert "OBK-HALF-SENT  of plug1" in text and "Not sent, or without an answer: MQTT" in text
    await bk.press("escape")
    await on_host(bk, locked)
    text = await bk.press("enter")
    assert "Next   Type its password (m, password)" in text
    assert "[x]" in await bk.press("escape")


async def _report(bk: BkStage, hosts: tuple[str, ...]) -> None:
    text = await bk.press("r")
    assert "mine.toml: 1 done, 3 failed." in text
    assert "A4:C1:38:00:00:00  done, 2 requests" in text and "Next: " in text
    assert all(host in text for host in hosts)
    await bk.press("escape", "6")
    text = await bk.press("enter", "end")  # the record of the job has the same lines
    assert "done, 2 requests" in text and "! " in text
    await bk.press("escape", "5")


async def _password(bk: BkStage, locked: str) -> None:
    """Typed for the device under the cursor, and for no other."""
    await on_host(bk, locked)
    bk.pane.pane_screen.action_do("password")
    assert f"Web password of {locked}" in await bk.stage.settled()
    assert "hunter22" not in await bk.type("hunter22")
    await bk.press("enter")
    assert bk.pane.passwords == {locked: "hunter22"} and bk.pane.tab == DEVICES


async def _again(bk: BkStage, good: str, cut: Served, locked: Served) -> None:
    """The same key sends what is missing; the profile of before is the first choice."""
    before = len(cut.requests)
    await bk.press("a", "enter")
    await bk.until("Send these requests (3) to 2 devices, as mine.toml says?")
    await bk.press("y")
    text = await bk.until("2 of 3 devices are as the profile says, 1 failed")
    assert "done, 1 request" in row(text, cut.host)
    assert "done, 2 requests" in row(text, locked.host)
    sent = [t for _, t in cut.requests[before:] if t.startswith(("/cfg_mqtt_set", "/cfg_generic?"))]
    assert len(sent) == 1 and cut.device.config.get("mqtt.host") == "10.0.0.5"
    assert "done" not in row(text, good)  # it was not marked any more
    assert len(bk.pane.marked) == 1


async def test_diff_counts_each_and_enter_shows_one(tmp_path: Path) -> None:
    a_profile(tmp_path)
    async with plugs(2) as (other, same), bk_stage(tmp_path) as bk:
        same.site.commands.run("MqttHost 10.0.0.5")
        same.site.commands.run("SetFlag 21 1")
        await listed(bk, other.host, same.host)
        assert "Compare 2 devices with which profile?" in await bk.press("asterisk", "d")
        await bk.press("enter")
        text = await bk.until("2 of 2 devices compared, 1 differs")
        assert "2 fields differ" in row(text, other.host) and row(text, other.host)[1] == "x"
        assert "as the profile says" in row(text, same.host)
        await on_host(bk, other.host)
        text = await bk.press("enter")
        assert f"Diff of {other.host}" in text and "mqtt.host: 192.168.1.2 -> 10.0.0.5" in text
        assert "1. flags" in text.lower()
        await bk.press("escape")
        assert not [m for m, _ in (*other.requests, *same.requests) if m != "GET"]
        assert "fields differ" in row(bk.stage.text, other.host)
        text = await bk.press("escape")  # laid aside; the report is still there
        assert "fields differ" not in row(text, other.host)
        assert "1 equal, 1 differ." in await bk.press("r")
        await bk.press("escape")
        await on_host(bk, same.host)
        await bk.press("enter")
        assert bk.pane.sheet.host == same.host


async def test_one_marked_device_that_differs_and_a_locked_one(tmp_path: Path) -> None:
    a_profile(tmp_path)
    async with plugs(2) as (open_one, locked), bk_stage(tmp_path) as bk:
        locked.device.config.put("wifi.web_password", "hunter22")
        await listed(bk, open_one.host, locked.host)
        await on_host(bk, open_one.host)
        await bk.press("space", "d", "enter")
        await bk.until("plug1: 2 fields differ")
        assert "mqtt.host: 192.168.1.2 -> 10.0.0.5" in await bk.press("enter")
        await bk.press("escape", "space")
        await on_host(bk, locked.host)
        await bk.press("space", "a", "enter")  # with one device its fault is the job's
        text = await bk.until("OBK-PASSWORD  in step 1/5")
        assert "Next   Type its password (m, password)" in text
        bk.pane.pane_screen.action_do("password")
        await bk.type("hunter22")
        text = await bk.press("enter")
        assert row(text, locked.host)[1] == "x" and "OBK-PASSWORD" in row(text, locked.host)


async def test_a_no_leaves_every_mark_and_says_what_was_not_done(tmp_path: Path) -> None:
    a_profile(tmp_path)
    async with plugs(1) as (served,), bk_stage(tmp_path) as bk:
        await listed(bk, served.host)
        await bk.press("space", "a", "enter")
        await bk.until("Send these")
        await bk.press("n")
        await bk.until("DECLINED")
        text = await bk.press("escape")
        assert "not sent" in row(text, served.host)
        assert f"{served.host}  plug1  A4:C1:38:00:00:00  not sent" in await bk.press("r")
        assert bk.pane.marked == {served.host}


async def test_the_relays_of_all_are_asked_for_once(tmp_path: Path) -> None:
    a_profile(tmp_path, '[pins]\n8 = { role = "Rel_n", channel = 1 }\n')
    async with plugs(3) as found, bk_stage(tmp_path) as bk:
        await listed(bk, *(served.host for served in found))
        await bk.press("asterisk", "a", "enter")
        text = await bk.until("Send these requests (3) to 3 devices, as mine.toml says?")
        assert "pins.8: Rel;1 -> Rel_n;1" in text and text.count("the same as plug1") == 2
        await bk.press("y")
        text = await bk.until("3 relays may switch: plug1, plug1, plug1. Do they feed only")
        assert "n  no, or not sure" in text
        await bk.press("n")
        await bk.until("DECLINED")
        text = await bk.press("escape")
        assert text.count("not sent") == 3 and text.count("[x]") == 3
        assert not [m for served in found for m, _ in served.requests if m != "GET"]


async def test_a_new_web_password_of_a_fleet_is_known_at_once(tmp_path: Path) -> None:
    a_profile(tmp_path, '[wifi]\nweb_password = { secret = "web" }\n')
    (tmp_path / "keys.toml").write_text('[secrets]\nweb = "nagelneu"\n')
    async with plugs(2) as found, bk_stage(tmp_path) as bk:
        await listed(bk, *(served.host for served in found))
        await bk.press("asterisk", "a", "enter")
        await bk.until("Send these")
        await bk.press("y")
        await bk.until("2 of 2 devices are as the profile says")
        assert bk.pane.passwords == {served.host: "nagelneu" for served in found}
        assert "nagelneu" not in bk.stage.text


@pytest.mark.usefixtures("quiet")
async def test_star_marks_all_that_answer_and_addresses_are_in_order(tmp_path: Path) -> None:
    async with bk_stage(tmp_path) as bk:
        await listed(bk, "192.168.1.10", "192.168.1.9", "plug.lan")
        bk.pane.places["192.168.1.200"] = Place("192.168.1.200", mac="A4:C1:38:00:00:01")
        text = await bk.press("asterisk")
        rows = [line[1:] for line in text.splitlines() if line[1:2] == "["]
        assert [line.split()[-4 if "before" in line else 1] for line in rows][:2] == [
            "192.168.1.9", "192.168.1.10",
        ]  # fmt: skip
        assert [line[:3] for line in rows] == ["[x]", "[x]", "[ ]", "[x]"]
        assert (await bk.press("asterisk")).count("[x]") == 3  # always all, whatever was before
        assert "[x]" not in await bk.press("minus")


@pytest.mark.usefixtures("quiet")
async def test_a_log_that_is_longer_than_what_is_kept_goes_on(tmp_path: Path) -> None:
    async with bk_stage(tmp_path) as bk:
        bk.stage.job = JOB
        lines = [Note("SENT", f"plug: request {n}") for n in range(1200)]
        await bk.stage.feed(Started("openbk-apply", "Apply: 200 devices"), *lines[:700])
        assert "plug: request 699" in bk.stage.text
        assert "plug: request 1199" in await bk.stage.feed(*lines[700:])


def stands(host: str, state: State, number: int, **more: object) -> Body:
    known = {"name": f"plug-{number}", "mac": f"A4:C1:38:00:00:{number:02X}"}
    return Facts(
        key_of(host),
        replace(Standing(host, state, **known), **more).to_json(),  # type: ignore[arg-type]
    )


HALF = faults.HALF(
    what="192.168.1.9: 'MQTT' was not answered: 192.168.1.9: the connection was reset.",
    cause="The device restarted, or its Wi-Fi lost the connection.",
    next="Run the same command again; it sends only what is missing.",
    state="Sent: flags. Not sent, or without an answer: MQTT.",
).fault
LOCK = faults.PASSWORD(
    what="192.168.1.11 asks for a password.",
    cause="A web password is set on the device.",
    next="Give it with --password-file.",
).fault
HOSTS = tuple(f"192.168.1.{n}" for n in (9, 10, 11, 12, 13, 14, 15, 16))
WORKING = (
    stands(HOSTS[0], State.FAILED, 0, fault=HALF, changes=2, sent=2, of=2),
    stands(HOSTS[1], State.DONE, 1, changes=2, sent=2, of=2),
    Facts(key_of(HOSTS[2]), Standing(HOSTS[2], State.FAILED, fault=LOCK).to_json()),
    stands(HOSTS[3], State.SAME, 3),
    stands(HOSTS[4], State.SENDING, 4, changes=9, sent=3, of=7),
    stands(HOSTS[5], State.RESTARTING, 5, changes=9, sent=7, of=7),
    stands(HOSTS[6], State.PLANNED, 6, changes=1, of=1),
)
ENDED = (
    stands(HOSTS[4], State.DONE, 4, changes=9, sent=7, of=7),
    stands(HOSTS[5], State.DONE, 5, changes=9, sent=7, of=7, address="192.168.1.77"),
    stands(HOSTS[6], State.DONE, 6, changes=1, sent=1, of=1),
    stands(HOSTS[7], State.SAME, 7),
    Finished({"summary": "6 of 8 devices are as the profile says, 2 failed", "devices": []}),
)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x45"])
async def test_the_list_and_the_report_look_as_they_were_kept(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    name = f"{size[0]}x{size[1]}"
    async with bk_stage(tmp_path, size) as bk:
        await listed(bk, *HOSTS)
        for n, host in enumerate(HOSTS):
            bk.pane.places[host] = Place(
                host, f"plug-{n}", "BK7231N", "1.18.299", f"A4:C1:38:00:00:{n:02X}", -60 - n,
                live=True,
            )  # fmt: skip
        await bk.press("asterisk")
        bk.stage.job = JOB
        bk.pane.fleet = Fleet(HOSTS, Profile(), "lsc-3202087.toml", JOB)
        begun = (
            Started("openbk-apply", "Apply: 8 devices"),
            Phase("Send", 3, 5),
            Facts(FLEET, {"hosts": list(HOSTS)}),
        )
        golden(f"openbk-fleet-{name}", await bk.stage.feed(*begun, *WORKING, t=9.0))
        golden(f"openbk-fleet-done-{name}", await bk.stage.feed(*ENDED, t=42.0))
        golden(f"openbk-report-{name}", await bk.press("r"))
        await bk.press("escape", "home")
        golden(f"openbk-fleet-fault-{name}", await bk.press("enter"))


@pytest.mark.usefixtures("quiet")
async def test_a_device_that_moved_is_listed_where_it_is_now(tmp_path: Path) -> None:
    async with bk_stage(tmp_path) as bk:
        await bk.open(HOSTS[5])
        await listed(bk, *HOSTS)
        bk.pane.marked = {*HOSTS}
        bk.pane.passwords = {HOSTS[5]: "hunter22"}
        bk.stage.job, bk.pane.fleet = JOB, Fleet(HOSTS, Profile(), "mine.toml", JOB)
        begun = Started("openbk-apply", ""), Facts(FLEET, {"hosts": list(HOSTS)})
        text = await bk.stage.feed(*begun, *WORKING, *ENDED)
        assert "done, now at 192.168.1.77" in row(text, HOSTS[5])
        assert bk.pane.places["192.168.1.77"].live and not bk.pane.places[HOSTS[5]].live
        assert bk.pane.passwords["192.168.1.77"] == "hunter22"
        assert bk.pane.sheet.host == "192.168.1.77" and bk.pane.tab == DEVICES


@pytest.mark.usefixtures("quiet")
async def test_a_long_report_is_scrolled(tmp_path: Path) -> None:
    hosts = tuple(f"192.168.1.{n}" for n in range(1, 201))
    async with bk_stage(tmp_path) as bk:
        await bk.press("r")
        assert "No report" in await bk.stage.feed()
        await listed(bk, *hosts)
        bk.stage.job, bk.pane.fleet = JOB, Fleet(hosts, Profile(), "mine.toml", JOB)
        known = [stands(host, State.SAME, n) for n, host in enumerate(hosts)]
        begun = Started("openbk-apply", ""), Facts(FLEET, {"hosts": list(hosts)})
        await bk.stage.feed(*begun, *known, Finished({"summary": "200 of 200"}))
        assert "192.168.1.200" not in await bk.press("r")
        assert "192.168.1.200  plug-199" in await bk.press("end")
        await bk.press("home", "pagedown")
        assert "192.168.1.25 " in bk.stage.text


def test_states_are_counted_in_words() -> None:
    states = (State.DONE, State.FAILED, State.SENDING, State.RESTARTING, State.WAITING)
    found = [Standing(f"10.0.0.{n}", state) for n, state in enumerate(states)]
    assert counts(found) == "1 done, 1 failed, 1 waiting, 2 at work"
