"""Applying a profile to a device: what is left after each way it can go."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import Event, Note
from core.job import Job
from core.openbk.client import Client
from core.openbk.history import cached
from core.openbk.lost import marked, were_said
from core.openbk.read import read_device
from core.openbk.tasks.apply import ApplyOptions, apply, diff
from core.openbk.tasks.past import past, undo
from core.openbk.tasks.show import export, show
from core.profile.model import Channel, Mqtt, Names, Network, Pin, Profile, Secret, Wifi
from core.profile.toml_file import SHIPPED, load, parse
from core.sim.openbk_http import Served
from core.stops import Stop
from tests.core.openbk.bench import (
    MAC,
    Bench,
    Given,
    fault_of,
    lsc,
    plugged,
    result_of,
)
from tests.virtual_clock import run, virtual

YES = {"relays-switch": "yes", "apply-plan": "yes"}
LSC = load(SHIPPED / "lsc-3202087.toml")
EVERYTHING = Profile(
    startup='echo "a\\b;c"\nbacklog echo ü',
    names=Names("plug-7", "Küche 7"),
    wifi=Wifi("Net 1", Secret('p"$;\\ü'), "Net 2", Secret("zwei"), Secret("hunter22")),
    mqtt=Mqtt("10.0.0.5", 1884, 'u"x', Secret('$e;&%c"'), "plug/7", "grp"),
    channels={1: Channel(start=-1), 5: Channel("Toggle")},
    flags={2: True, 38: True, 10: False},
    files={"autoexec.bat": "startDriver NTP\n", "dir/a.txt": "ü"},
)


def bench_in(folder: Path) -> Bench:
    return Bench(folder, answers=Given(YES))


def connect(host: str, password: str = "hunter22") -> Client:
    return Client(host, password, connect_timeout=1.0)


async def applied(bench: Bench, served: Served, profile: Profile, **more: object):  # type: ignore[no-untyped-def]
    chosen = ApplyOptions(hosts=(served.host,), profile=profile, **more)  # type: ignore[arg-type]
    return await bench.run(lambda r: apply(r, chosen, connect=connect, store=bench.store))


async def exported(bench: Bench, served: Served) -> str:
    done = await bench.run(
        lambda r: export(r, (served.host,), connect=connect, store=bench.store, reveal=True)
    )
    return str(result_of(done)["text"])


@virtual
async def test_export_clear_apply_export_is_identical(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(config=lsc(replace(EVERYTHING, files={}))) as served:
        served.device.files |= {k: v.encode() for k, v in EVERYTHING.files.items()}
        before = await exported(bench, served)
        assert 'password = "p\\"$;\\\\ü"' in before
        served.site.commands.run("clearConfig")
        served.device.files.clear()
        result = result_of(await applied(bench, served, parse(before)))
        assert result["restarted"] and result["mac"] == MAC
        assert await exported(bench, served) == before
        assert served.overlaps == 0


@virtual
async def test_a_second_run_sends_nothing(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        first = result_of(await applied(bench, served, EVERYTHING))
        asked = len(bench.answers.asked)
        second = result_of(await applied(bench, served, EVERYTHING))
        assert first["sent"] and second["sent"] == 0
        assert len(bench.answers.asked) == asked
        assert "already" in str(second["summary"])


@virtual
async def test_the_shipped_profile_makes_a_fresh_plug_an_lsc_plug(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(config=b"") as served:
        result_of(await applied(bench, served, LSC))
        device = served.device
        assert device.role(8) == "Rel" and device.config.channel(8) == 1
        assert device.drivers == ["BL0937"] and not device.stuck_pins
        assert device.config.get("names.short") == "plug-5C94FA"
        again = result_of(await applied(bench, served, LSC))
        assert again["sent"] == 0


@virtual
async def test_diff_changes_nothing_and_says_four(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        chosen = ApplyOptions(hosts=(served.host,), profile=EVERYTHING)
        before = bytes(served.device.config.data)
        done = result_of(
            await bench.run(lambda r: diff(r, chosen, connect=connect, store=bench.store))
        )
        assert done["exit"] == 4
        assert {"path": "mqtt.port", "before": "1883", "after": "1884"} in done["changes"]  # type: ignore[operator]
        assert bytes(served.device.config.data) == before
        assert all(method == "GET" for method, _ in served.requests)
        same = ApplyOptions(hosts=(served.host,), profile=Profile())
        quiet = await bench.run(lambda r: diff(r, same, connect=connect, store=bench.store))
        assert "exit" not in result_of(quiet)


@virtual
async def test_no_secret_is_said_anywhere(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        result_of(await applied(bench, served, EVERYTHING))
        await bench.run(lambda r: show(r, (served.host,), connect=connect, store=bench.store))
        await bench.run(lambda r: export(r, (served.host,), connect=connect, store=bench.store))
        await bench.run(lambda r: past(r, served.host, connect=connect, store=bench.store))
    for secret in ('p"$;', "zwei", "hunter22", "$e;&%c"):
        assert secret not in bench.texts()


def test_no_secret_goes_to_any_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        bench = bench_in(tmp_path)
        async with plugged() as served:
            result_of(await applied(bench, served, EVERYTHING))

    with caplog.at_level(logging.DEBUG):
        run(main())
    assert "zwei" not in caplog.text and "cfg_wifi_set" not in caplog.text


@virtual
async def test_declining_sends_nothing(tmp_path: Path) -> None:
    for key in YES:
        bench = Bench(tmp_path, answers=Given({**YES, key: "no"}))
        async with plugged() as served:
            before = bytes(served.device.config.data)
            changed = Profile(pins={8: Pin("None"), 9: Pin("Rel", 1)})
            assert fault_of(await applied(bench, served, changed)).code == "DECLINED"
            assert bytes(served.device.config.data) == before


@virtual
async def test_read_only_and_nobody_to_ask_send_nothing(tmp_path: Path) -> None:
    async with plugged() as served:
        bench = Bench(tmp_path, answers=Given(YES), read_only=True)
        assert fault_of(await applied(bench, served, EVERYTHING)).code == "READ-ONLY"
        bench = Bench(tmp_path)
        assert fault_of(await applied(bench, served, EVERYTHING)).code == "UNANSWERED"
        assert all(method == "GET" and "set" not in t for method, t in served.requests)


@virtual
async def test_every_relay_that_may_switch_is_asked_for_once(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        result_of(await applied(bench, served, Profile(pins={9: Pin("Rel", 2)})))
        texts = [q.text for q in bench.answers.asked if q.key == "relays-switch"]
        assert len(texts) == 1 and texts[0].startswith("1 relay may switch: plug1")
        bench.answers.asked.clear()
        result_of(await applied(bench, served, Profile(mqtt=Mqtt("h"))))
        assert [q.key for q in bench.answers.asked] == ["apply-plan"]


@virtual
async def test_changed_meanwhile_is_detected_and_not_overwritten(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        client = connect(served.host)
        seen = (await read_device(client)).profile
        await client.close()
        served.site.commands.run("MqttHost 10.9.9.9")
        fault = fault_of(await applied(bench, served, EVERYTHING, expected=seen))
        assert fault.code == "OBK-CHANGED" and "mqtt.host" in fault.what
        assert served.device.config.get("mqtt.host") == "10.9.9.9"


@pytest.mark.parametrize("trouble", ["vanish", "reset", "cut:0", "reboot"])
@pytest.mark.parametrize("at", ["/cfg_generic?", "/cfg_mqtt_set", "/api/lfs/autoexec.bat"])
def test_lost_in_the_middle_of_a_plan_says_what_was_sent_and_goes_on_later(
    trouble: str, at: str, tmp_path: Path
) -> None:
    async def main() -> None:
        bench = bench_in(tmp_path)
        async with plugged(f"path={at}:{trouble}") as served:
            fault = fault_of(await applied(bench, served, EVERYTHING))
            assert fault.code == "OBK-HALF-SENT", fault
            assert fault.touched == "partial"
            assert "channel types" in fault.state.split("Not sent")[0]
            assert "Wi-Fi" in fault.state.split("Not sent")[1]
            served.options = replace(served.options, faults=())
            if trouble == "vanish":
                await served.open()
            await asyncio.sleep(5)  # a device that restarted is back
            result_of(await applied(bench, served, EVERYTHING))
            served.device.tick()
            assert served.device.config.get("mqtt.host") == "10.0.0.5"
            assert served.device.config.get("wifi.ssid") == "Net 1"

    run(main())


@virtual
async def test_lost_while_reading_back_says_that_all_was_sent(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged("path=/cfg_ping:reset@38+") as served:
        fault = fault_of(await applied(bench, served, Profile(mqtt=Mqtt("10.0.0.5"))))
        assert fault.code == "OBK-HALF-SENT" and fault.touched == "complete"
        assert fault.state.startswith("Everything was sent")


@virtual
async def test_the_device_is_found_again_by_mac_at_its_new_address(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(moves_to="127.0.0.77") as served:
        old = served.host
        result = result_of(await applied(bench, served, Profile(wifi=Wifi("Other", Secret("pw")))))
        assert result["address"] == f"127.0.0.77:{served.port}" != old


@virtual
async def test_a_device_that_never_comes_back_is_a_fault_with_the_way_out(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(boot=10_000.0) as served:
        fault = fault_of(await applied(bench, served, Profile(wifi=Wifi("Typo", Secret("pw")))))
        assert fault.code == "OBK-NOT-BACK" and MAC in fault.next
        assert "five short power cycles" in fault.next
    running = bench.store.jobs.create("openbk-apply")
    assert marked(bench.store) == []  # it may still come back
    bench.store.jobs.close(running.id)
    left = marked(bench.store)
    assert any("plug1" in device.text for device in left)
    were_said(bench.store, left)
    assert marked(bench.store) == []  # said once


@virtual
async def test_values_that_the_device_does_not_keep_are_named(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        config = served.device.config
        real = config.put

        def forgetful(path: str, text: str, room: int = 0) -> None:
            real(path, text[:4] if path == "mqtt.client" else text, room)

        config.put = forgetful  # type: ignore[method-assign]
        fault = fault_of(await applied(bench, served, Profile(mqtt=Mqtt(client="plug/long"))))
        assert fault.code == "OBK-DIFFERS"
        assert "mqtt.client is plug, not plug/long" in fault.what


@virtual
async def test_a_new_web_password_is_used_at_once(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        change = Profile(wifi=Wifi(web_password=Secret("nagelneu")))
        result_of(await applied(bench, served, change))
        assert served.device.config.get("wifi.web_password") == "nagelneu"
        assert fault_of(await applied(bench, served, change)).code == "OBK-PASSWORD"


@virtual
async def test_history_undo_and_what_changed_since(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        result_of(await applied(bench, served, Profile(mqtt=Mqtt("10.0.0.5"), wifi=Wifi("A"))))
        result_of(await applied(bench, served, Profile(mqtt=Mqtt("10.0.0.6"))))
        task = lambda r: past(r, MAC, connect=connect, store=bench.store)  # noqa: E731
        rows = result_of(await bench.run(task))["entries"]
        assert isinstance(rows, list)
        assert [row["why"] for row in rows] == ["before", "applied", "applied"]
        assert [c["path"] for c in rows[2]["changes"]] == ["mqtt.host"]
        back = await bench.run(
            lambda r: undo(r, served.host, 2, connect=connect, store=bench.store)
        )
        assert result_of(back)["changed"] == ["mqtt.host"]
        assert served.device.config.get("mqtt.host") == "10.0.0.5"
        served.site.commands.run("MqttHost 10.0.0.7")
        shown = await bench.run(
            lambda r: show(r, (served.host,), connect=connect, store=bench.store)
        )
        since = result_of(shown)["since"]
        assert isinstance(since, dict)
        assert [c["path"] for c in since["changes"]] == ["mqtt.host"]
    assert (tmp_path / "devices" / "a4c1385c94fa.toml").stat().st_mode & 0o777 == 0o600


@virtual
async def test_the_last_configuration_is_there_without_the_device(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged(config=lsc(replace(EVERYTHING, files={}))) as served:
        host = served.host
        await bench.run(lambda r: show(r, (host,), connect=connect, store=bench.store))
    found = cached(bench.store, host)
    assert found is not None and found[0] == "a4c1385c94fa"
    assert found[1].mqtt == EVERYTHING.mqtt and found[1].wifi == EVERYTHING.wifi
    assert cached(bench.store, "10.9.9.9") is None


@virtual
async def test_no_history_is_said(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    outcome = await bench.run(lambda r: past(r, MAC, connect=connect, store=bench.store))
    assert fault_of(outcome).code == "OBK-NO-HISTORY"


@virtual
async def test_a_host_that_goes_down_ends_the_job_between_two_requests(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)

    def stop(job: Job, event: Event) -> None:
        if isinstance(event.body, Note) and "flags" in event.body.text:
            job.stop(Stop.TERMINATE)

    async with plugged() as served:
        chosen = ApplyOptions(hosts=(served.host,), profile=EVERYTHING)
        outcome = await bench.run(
            lambda r: apply(r, chosen, connect=connect, store=bench.store), stop
        )
        assert fault_of(outcome).code == "STOPPED"
        assert served.device.config.flag(38)
        assert served.device.config.get("mqtt.host") == ""


@virtual
async def test_ctrl_c_while_the_device_restarts_is_honoured(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)

    def stop(job: Job, event: Event) -> None:
        if isinstance(event.body, Note) and "Wi-Fi" in event.body.text:
            asyncio.get_running_loop().call_later(5, job.stop, Stop.CANCEL)

    async with plugged(boot=1000.0) as served:
        loop = asyncio.get_running_loop()
        began = loop.time()
        chosen = ApplyOptions(hosts=(served.host,), profile=Profile(wifi=Wifi("Other")))
        outcome = await bench.run(
            lambda r: apply(r, chosen, connect=connect, store=bench.store), stop
        )
        assert fault_of(outcome).code == "STOPPED" and fault_of(outcome).exit == 1
        assert loop.time() - began < 20


TEXT = st.text(
    alphabet=st.characters(
        codec="utf-8", exclude_characters="\0 ", exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")
    ),
    min_size=5,
    max_size=10,
)


@given(TEXT, TEXT, TEXT)
@settings(max_examples=8, deadline=None)
def test_any_text_arrives_as_it_is(long: str, password: str, user: str) -> None:
    import tempfile

    async def main(folder: Path) -> None:
        bench = bench_in(folder)
        async with plugged(late_body=0.0) as served:
            wanted = Profile(
                names=Names(None, long), mqtt=Mqtt(user=user, password=Secret(password))
            )
            result_of(await applied(bench, served, wanted))
            assert served.device.config.get("names.long") == long
            assert served.device.config.get("mqtt.password") == password

    with tempfile.TemporaryDirectory() as folder:
        run(main(Path(folder)))


@virtual
async def test_sixty_three_bytes_fit_and_arrive(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    wanted = Profile(
        names=Names("n" * 31, "ü" * 31 + "x"),
        mqtt=Mqtt("h." * 63 + "h", user="u" * 63, password=Secret("p" * 127)),
        startup="s" * 1567,
        network=Network("10.0.0.7", "255.0.0.0", "10.0.0.1", "10.0.0.1"),
    )
    async with plugged() as served:
        result_of(await applied(bench, served, wanted))
        assert served.device.config.get("startup") == "s" * 1567
