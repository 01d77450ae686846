"""One profile to many devices: how each stands, what the report says, and what a stop leaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import Event, Facts, Note, Warned
from core.fault import Exit, Fault, Touched
from core.job import Job
from core.openbk.client import Client
from core.openbk.fleet import Outcome, fleet_result
from core.openbk.standing import (
    EVERY,
    Board,
    Standing,
    State,
    by_address,
    in_order,
    key_of,
    lines_of,
    some,
)
from core.openbk.tasks.apply import ApplyOptions, apply, diff
from core.profile.model import Mqtt, Pin, Profile, Secret, Wifi
from core.sim.openbk_http import Served, serve_openbk
from core.stops import Stop
from tests.core.openbk.bench import (
    MAC,
    Bench,
    Given,
    fault_of,
    lsc,
    options,
    plugged,
    result_of,
)
from tests.virtual_clock import virtual

YES = {"relays-switch": "yes", "apply-plan": "yes"}
WANTED = Profile(mqtt=Mqtt("10.0.0.5"), flags={2: True})
LOCKED = lsc(Profile(wifi=Wifi(web_password=Secret("hunter22"))))


def bench_in(folder: Path) -> Bench:
    return Bench(folder, answers=Given(YES))


def connect(host: str) -> Client:
    return Client(host, connect_timeout=1.0)


@asynccontextmanager
async def fleet_of(*fleet: tuple[str, ...] | bytes) -> AsyncIterator[list[Served]]:
    """A device for each: its troubles, or its configuration sector."""
    async with AsyncExitStack() as stack:
        found = []
        for n, what in enumerate(fleet):
            troubles, config = ((), what) if isinstance(what, bytes) else (what, lsc())
            mac = bytes.fromhex(f"a4c13800000{n}")
            served = await serve_openbk(options(*troubles, mac=mac, config=config, late_body=0.0))
            stack.push_async_callback(served.close)
            found.append(served)
        yield found


async def ran(bench: Bench, hosts: tuple[str, ...], task: Any = apply, **more: Any) -> Any:
    """The outcome of the job; `stopping` is told its events."""
    stopping = more.pop("stopping", None)
    chosen = ApplyOptions(hosts=hosts, **{"profile": WANTED, **more})
    return await bench.run(lambda r: task(r, chosen, connect=connect, store=bench.store), stopping)


def standings(bench: Bench, host: str) -> list[Standing]:
    """Everything that was said of a device."""
    bodies = [e.body for e in bench.events if isinstance(e.body, Facts)]
    return [Standing.of_json(b.values) for b in bodies if b.key == key_of(host)]


def report(bench: Bench) -> list[str]:
    """The lines of the report."""
    bodies = [event.body for event in bench.events]
    at = next(n for n, b in enumerate(bodies) if getattr(b, "name", "") == "Report")
    return [b.text for b in bodies[at:] if isinstance(b, Note | Warned)]


@virtual
async def test_one_bad_device_stops_nothing_and_a_rerun_does_the_rest(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    reset = ("path=/cfg_mqtt_set:reset",)
    async with fleet_of((), (), reset, (), (), ()) as fleet:
        dead = await serve_openbk(options())
        await dead.close()
        hosts = (*(served.host for served in fleet), dead.host)
        result = result_of(await ran(bench, hosts, parallel=3))
        rows: Any = result["devices"]
        assert [row["ok"] for row in rows] == [True, True, False, True, True, True, False]
        assert rows[2]["code"] == "OBK-HALF-SENT" and rows[6]["code"] == "OBK-SILENT"
        assert (rows[2]["name"], rows[2]["mac"]) == ("plug1", "A4:C1:38:00:00:02")
        assert "mac" not in rows[6]  # it never said who it is
        assert result["exit"] == 1
        assert result["summary"] == "5 of 7 devices are as the profile says, 2 failed"
        assert [q.key for q in bench.answers.asked] == ["apply-plan"]
        fleet[2].options = replace(fleet[2].options, faults=())
        again: Any = result_of(await ran(bench, hosts, parallel=3))["devices"]
        assert [row.get("sent") for row in again] == [0, 0, 1, 0, 0, 0, None]
        assert all(served.overlaps == 0 for served in fleet)


@virtual
async def test_the_relay_question_of_a_fleet_has_the_count(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with fleet_of((), (), ()) as fleet:
        hosts = tuple(served.host for served in fleet)
        result_of(await ran(bench, hosts, profile=Profile(pins={8: Pin("Rel_n", 1)})))
    texts = [q.text for q in bench.answers.asked if q.key == "relays-switch"]
    assert len(texts) == 1 and texts[0].startswith("3 relays may switch")


@virtual
async def test_a_plan_that_is_the_same_is_said_once(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with fleet_of((), lsc(WANTED), ()) as fleet:
        hosts = tuple(served.host for served in fleet)
        await ran(bench, hosts, diff, profile=replace(WANTED, pins={24: Pin("None")}))
        told: Any = bench.facts("plan")["lines"]
        lines = [line for line in told if line[:1] != "!"]
        heads = [line for line in lines if line.startswith("plug1 (")]
        assert len(heads) == 3 and heads[2] == lines[-1]
        assert lines[-1].endswith("BK7231N): the same as plug1")
        assert sum("mqtt.host" in line for line in lines) == 1
        warned = told[len(lines) :]
        assert sum("! plug1, plug1, plug1: " in text for text in warned) == len(warned) > 0


@virtual
async def test_every_device_says_each_state_once(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    pin = Profile(pins={6: Pin("None")}, flags={2: True})  # a pin that is freed needs a restart
    async with fleet_of((), LOCKED, ("path=/cfg_generic?:reset",)) as fleet:
        hosts = tuple(served.host for served in fleet)
        result_of(await ran(bench, hosts, profile=pin))
        assert bench.facts("fleet")["hosts"] == list(hosts)
        good, locked, broken = (standings(bench, host) for host in hosts)
        assert [s.text() for s in good] == [
            "reading", "plan: 2 changes", "sending 1/2", "restarting", "reading back",
            "done, 2 requests",
        ]  # fmt: skip
        assert (good[-1].name, good[-1].mac) == ("plug1", "A4:C1:38:00:00:00")
        assert [s.text() for s in locked] == ["reading", "OBK-PASSWORD: asks for a password."]
        assert broken[-1].state is State.FAILED and broken[-1].fault is not None
        assert broken[-1].fault.code == "OBK-HALF-SENT" and broken[-1].mac
        await ran(bench, hosts[:1], profile=pin)
        assert standings(bench, hosts[0])[-1].text() == "as the profile says"


@virtual
async def test_the_report_has_those_that_failed_last_with_what_to_do(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with fleet_of(LOCKED, (), ("path=/cfg_mqtt_set:cut:0",)) as fleet:
        hosts = tuple(served.host for served in fleet)
        result = result_of(await ran(bench, hosts))
        good, *failed = report(bench)
        assert good.split()[:3] == [hosts[1], "plug1", "A4:C1:38:00:00:01"]
        assert good.endswith("done, 2 requests")
        locked = next(line for line in failed if line.startswith(hosts[0]))
        assert "OBK-PASSWORD: asks for a password. Next: Give it with" in locked
        half = next(line for line in failed if line.startswith(hosts[2]))
        assert (
            "A4:C1:38:00:00:02  OBK-HALF-SENT: 'MQTT'" in half and "Next: Do the same again" in half
        )
        assert len(failed) == 2
        # a device that refused is no promise that nothing was changed
        assert result["exit"] == Exit.FAULT


@virtual
async def test_diff_counts_for_each_device_and_changes_none(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with fleet_of((), lsc(WANTED), LOCKED) as fleet:
        hosts = tuple(served.host for served in fleet)
        result = result_of(await ran(bench, hosts, diff))
        last = [standings(bench, host)[-1].text() for host in hosts]
        assert last[:2] == ["2 fields differ", "as the profile says"]
        assert result["summary"] == "2 of 3 devices compared, 1 differs, 1 failed"
        assert all(method == "GET" for served in fleet for method, _ in served.requests)
        refused: Any = await ran(bench, hosts[2:], diff)
        assert fault_of(refused).exit == Exit.REFUSED


@virtual
async def test_the_same_host_twice_is_one_device(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        result = result_of(await ran(bench, (served.host, served.host)))
        assert result["sent"] == 2 and "devices" not in result


@virtual
async def test_a_stop_leaves_the_devices_that_were_not_begun(tmp_path: Path) -> None:
    for why in (Stop.CANCEL, Stop.TERMINATE):
        bench = bench_in(tmp_path / str(why))

        def stop(job: Job, event: Event, why: Stop = why) -> None:
            if getattr(event.body, "key", "") and "'sending'" in str(event.to_json()):
                job.stop(why)

        async with fleet_of((), (), ()) as fleet:
            hosts = tuple(served.host for served in fleet)
            outcome = await ran(bench, hosts, parallel=1, stopping=stop)
            fault = fault_of(outcome)
            done = 1 if why is Stop.CANCEL else 0
            assert fault.code == "STOPPED" and fault.touched is Touched.PARTIAL
            assert fault.what == f"The job was stopped when {done} of 3 devices were done."
            last = [standings(bench, host)[-1] for host in hosts]
            begun = State.DONE if why is Stop.CANCEL else State.FAILED
            assert [s.state for s in last] == [begun, State.FAILED, State.FAILED]
            assert last[2].text() == "STOPPED: was not begun: the job was stopped before."
            assert last[2].fault is not None and last[2].fault.touched is Touched.NOTHING
            assert not fleet[1].device.config.flag(2) and fleet[0].device.config.flag(2)
            assert sum("not begun" in line for line in report(bench)) == 2


@virtual
async def test_a_locked_device_is_found_at_its_new_address(tmp_path: Path) -> None:
    """Only its own host has the password; the search after the move brings it along."""
    bench = bench_in(tmp_path)
    async with plugged(config=LOCKED, moves_to="127.0.0.78") as served:
        home = served.host

        def by_host(host: str) -> Client:
            return Client(host, "hunter22" if host == home else "", connect_timeout=1.0)

        chosen = ApplyOptions(hosts=(home,), profile=Profile(wifi=Wifi("Other", Secret("pw"))))
        result = result_of(
            await bench.run(lambda r: apply(r, chosen, connect=by_host, store=bench.store))
        )
        assert result["address"] == f"127.0.0.78:{served.port}"
        last = standings(bench, home)[-1]
        assert last.moved and last.text() == f"done, now at {result['address']}, 1 request"
        assert last.mac == MAC


@virtual
async def test_counts_are_thinned_and_changes_of_state_are_not(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)

    async def task(r: Any) -> dict[str, Any]:
        board = Board(r, ("a", "b"))
        for n in range(1, 101):
            board.put("a", State.SENDING, sent=n, of=100)
            await asyncio.sleep(EVERY / 10)
        board.put("a", State.CHECKING)
        board.put("a", State.DONE)
        return {}

    result_of(await bench.run(task))
    said = standings(bench, "a")
    assert [s.sent for s in said if s.state is State.SENDING] == [1, 11, 21, 31, 41, 51, 61,
                                                                  71, 81, 91]  # fmt: skip
    assert [s.state for s in said[-2:]] == [State.CHECKING, State.DONE]
    assert said[-1].sent == 100 and not standings(bench, "b")


def test_addresses_are_sorted_by_their_numbers() -> None:
    hosts = ["plug-b.lan", "192.168.1.10", "192.168.1.9:81", "10.0.0.200", "192.168.1.9",
             "[fe80::1]", "Plug-a.lan:8080"]  # fmt: skip
    assert sorted(hosts, key=by_address) == [
        "10.0.0.200", "192.168.1.9", "192.168.1.9:81", "192.168.1.10", "[fe80::1]",
        "Plug-a.lan:8080", "plug-b.lan",
    ]  # fmt: skip


@given(st.lists(st.text(max_size=12), max_size=5))
@settings(max_examples=50, deadline=None)
def test_any_host_can_be_sorted(hosts: list[str]) -> None:
    assert len(sorted(hosts, key=by_address)) == len(hosts)


def test_long_lists_of_names_are_cut() -> None:
    assert some(["a", "b"]) == "a, b"
    assert some([f"p{n}" for n in range(200)], 2) == "p0, p1 and 198 more"


def a_fault(exit_code: int) -> Fault:
    return Fault("OBK-SILENT", "10.0.0.3: nobody.", "It is off.", "Look.", "As before.",
                 Touched.NOTHING, ("wattbench", "openbk", "find"), exit=exit_code)  # fmt: skip


def test_a_standing_is_the_same_after_json() -> None:
    plain = Standing("10.0.0.3", State.SENDING, "plug", MAC, "", 3, 1, 2)
    failed = replace(plain, state=State.FAILED, fault=a_fault(Exit.FAULT))
    for standing in (plain, failed):
        assert Standing.of_json(json.loads(json.dumps(standing.to_json()))) == standing


def test_what_was_not_finished_is_said_when_the_job_is_over() -> None:
    found = [Standing("h", state, sent=1, of=2).text(over=True) for state in State][:6]
    assert found == [
        "not begun", "not read to the end", "not sent", "left at sending 1/2",
        "left at restarting", "left at reading back",
    ]  # fmt: skip


def test_two_hundred_lines_are_in_columns() -> None:
    rows = [Standing(f"10.0.0.{n}", State.SAME, f"plug-{n}", MAC) for n in range(200, 0, -1)]
    rows[7] = replace(rows[7], state=State.FAILED, name="", mac="", fault=a_fault(Exit.FAULT))
    lines = lines_of(in_order(rows))
    assert lines[0] == f"10.0.0.1    plug-1    {MAC}  as the profile says"
    assert (
        lines[-1] == f"10.0.0.193  -         {'-':<17}  OBK-SILENT: 10.0.0.3: nobody. Next: Look."
    )
    assert lines_of(in_order(rows, failed_first=True))[0] == lines[-1]
    assert lines_of([]) == []


@pytest.mark.parametrize(
    ("faults", "changes", "code"),
    [((), (0, 0), Exit.DONE), ((), (0, 2), Exit.DIFFERENT), ((1,), (2,), Exit.FAULT),
     ((3,), (2,), Exit.REFUSED), ((3, 1), (), Exit.REFUSED)],
)  # fmt: skip
def test_they_differ_is_only_said_when_all_were_compared(
    faults: tuple[int, ...], changes: tuple[int, ...], code: int
) -> None:
    rows: list[Outcome[dict[str, Any]]] = [
        *(Outcome(f"a{n}", None, a_fault(exit_code)) for n, exit_code in enumerate(faults)),
        *(Outcome(f"b{n}", {"n": count}) for n, count in enumerate(changes)),
    ]
    result = fleet_result(rows, "compared", different=lambda row: bool(row["n"]))
    assert result.get("exit", Exit.DONE) == code


@virtual
async def test_one_device_under_two_names_is_set_up_once(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        port = served.host.partition(":")[2]
        hosts = (served.host, f"localhost:{port}", f"127.1:{port}")
        chosen = ApplyOptions(hosts=hosts, profile=WANTED)
        outcome = await bench.run(lambda r: apply(r, chosen, connect=connect, store=bench.store))
        rows = result_of(outcome)["devices"]
        assert isinstance(rows, list)
        assert [row.get("code") for row in rows] == [None, "OBK-TWICE", "OBK-TWICE"]
        assert f"the same device as {served.host}" in rows[1]["what"]
        changes = [r for r in served.requests if "/cfg_mqtt_set" in str(r)]
        assert len(changes) == 1
        assert "Send these requests (2) to 1 device" in bench.texts()
