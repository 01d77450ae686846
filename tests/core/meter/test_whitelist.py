"""The whitelist: release, bind, the three diagnoses, and the way in by the pin SWS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.events import Question
from core.fault import Touched
from core.job import Job
from core.meter.tasks.care import CareOptions, clear, follow_log, reboot
from core.meter.tasks.live import LiveOptions, live
from core.meter.tasks.ota import OtaOptions, update
from core.meter.tasks.set import SetOptions, set_up
from core.meter.tasks.show import ShowOptions, show
from core.meter.tasks.whitelist import WhitelistOptions, bind, release, unlock
from core.meter.wanted import Wanted
from core.stops import Stop
from tests.core.meter.bench import FOREIGN, KEY, MAC, Given, bench, meter_of, module_of
from tests.virtual_clock import virtual

OURS = "B8:27:EB:00:00:01"
HERE = WhitelistOptions(address=MAC)
CARE = CareOptions(address=MAC)


@virtual
async def test_bound_and_released_again(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        assert (await b.result(bind, HERE))["adapter"] == OURS
        assert b.module.locked_to == OURS and b.stack.stack.bonds
        assert 'adapter = "B8:27:EB:00:00:01"' in next(b.folder.glob("devices/*")).read_text()
        found = await b.result(release, HERE)
        assert "anyone in range can read the key" in found["left"]
        assert not b.module.locked_to and not b.stack.stack.bonds


@virtual
async def test_release_does_not_reconnect_to_look(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.result(bind, HERE)
        b.stack.stack.agents.append("desktop")
        await b.result(release, HERE)
        assert not b.module.bond, "connecting again would have paired again"


@virtual
async def test_a_release_without_the_log_line_is_not_claimed(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of(stuck=frozenset({0xF2}))) as b:
        fault = await b.fault(release, HERE)
        assert fault.code == "METER-NOT-RELEASED" and fault.touched is Touched.UNKNOWN


@virtual
async def test_bound_elsewhere_names_the_remedy(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of(bonded_to=FOREIGN)) as b:
        fault = await b.fault(show, ShowOptions(address=MAC))
        assert fault.code == "RADIO-BOUND" and "another adapter" in fault.cause
        assert fault.command == ("wattbench", "meter", "unlock", MAC)


@virtual
async def test_bound_elsewhere_by_our_own_record(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.result(bind, HERE)
        b.module.bond = b.module.locked_to = FOREIGN
        records = next(b.folder.glob("devices/*"))
        records.write_text(records.read_text().replace(OURS, FOREIGN))
        fault = await b.fault(release, HERE)
        assert FOREIGN in fault.cause and OURS in fault.cause


@virtual
async def test_a_stale_bond_here(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.result(bind, HERE)
        b.module.short_sws()
        fault = await b.fault(show, ShowOptions(address=MAC))  # nobody there to ask
        assert fault.code == "RADIO-STALE-BOND"
        b.answers.given["stale-bond"] = "yes"
        found = await b.result(show, ShowOptions(address=MAC))
        assert found["meter_address"] == 20109 and not b.stack.stack.bonds


@virtual
async def test_not_in_range(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        fault = await b.fault(show, ShowOptions(address="A4:C1:38:00:00:99"))
        assert fault.code == "RADIO-NOT-SEEN"


@virtual
async def test_unlock_guides_with_a_stopwatch_and_proves_it(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of(bonded_to=FOREIGN)) as b:
        b.answers.given |= {"sws-safe": "yes", "sws-start": "yes", "sws-away": "yes"}

        def on_event(_job: Job, event: Any) -> None:
            if event.body.event == "progress" and event.body.done == 7:
                b.module.short_sws()

        found = await b.result(unlock, HERE, on_event=on_event)
        assert found["summary"] == "unlocked by SWS"
        assert "power bank" in b.answers.asked[0].text and "cabinet" in b.answers.asked[0].text
        seconds = [e.body.done for e in b.events if e.body.event == "progress"]
        assert seconds == list(range(11))


HELD = "SWS was at GND for 10 s: the lock is off, unless"
LESS = "SWS was at GND for less than 6 s: the lock is most likely still on. Take the wire away."
MORE = "SWS was at GND for 6 s or more: the lock may be off"


def at_second(count: int) -> Callable[[Any], bool]:
    return lambda body: body.event == "progress" and body.done == count


def at_phase(name: str) -> Callable[[Any], bool]:
    return lambda body: body.event == "phase" and body.name == name


def at_question(key: str) -> Callable[[Any], bool]:
    return lambda body: body.event == "question" and body.question.key == key


class Slow(Given):
    """Somebody who needs a minute for every answer."""

    async def answer(self, question: Question) -> tuple[str, str]:
        await asyncio.sleep(60)
        return await super().answer(question)


@pytest.mark.parametrize("stop", [Stop.CANCEL, Stop.TERMINATE])
@pytest.mark.parametrize(
    ("at", "state", "command"),
    [
        (at_phase("Prepare"), "", ""),
        (at_question("sws-safe"), "", ""),
        (at_phase("Short SWS to GND"), "", ""),
        (at_question("sws-start"), "", ""),
        (at_second(0), LESS, "unlock"),
        (at_second(5), LESS, "unlock"),
        (at_second(6), MORE, "unlock"),
        (at_second(9), MORE, "unlock"),
        (at_second(10), MORE, "unlock"),
        (at_question("sws-away"), MORE, "unlock"),
        (at_phase("Forget the old pairing here"), HELD, "show"),
        (at_phase("Find and connect"), HELD, "show"),
        (at_phase("Identify"), HELD, "show"),
    ],
)
@virtual
async def test_a_stop_in_each_step_of_unlock_says_what_the_module_is(
    tmp_path: Path, at: Callable[[Any], bool], state: str, command: str, stop: Stop
) -> None:
    """No byte is sent, yet from the first second of the wire on the module may have changed."""
    async with bench(tmp_path, module_of(bonded_to=FOREIGN)) as b:
        b.answers = Slow({"sws-safe": "yes", "sws-start": "yes", "sws-away": "yes"})

        def on_event(job: Job, event: Any) -> None:
            if at_second(6)(event.body):
                b.module.short_sws()
            if at(event.body):
                job.stop(stop)

        fault = await b.fault(unlock, HERE, on_event=on_event)
        assert b.module._central is None
        if not state:
            assert (fault.code, fault.exit) == ("CANCELLED", 130)
            assert fault.touched is Touched.NOTHING and b.module.locked_to == FOREIGN
            return
        assert (fault.code, fault.exit) == ("STOPPED", 1) and state in fault.state
        assert fault.touched is not Touched.NOTHING
        assert fault.command == ("wattbench", "meter", command, MAC)
        assert bool(b.module.locked_to) is (state == LESS)


@virtual
async def test_without_a_screen_unlock_ends_where_somebody_must_answer(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of(bonded_to=FOREIGN)) as b:
        b.answers.given |= {"sws-safe": "yes", "sws-start": "yes"}  # then nobody is there

        def on_event(job: Job, event: Any) -> None:
            if at_second(3)(event.body):
                job.stop(Stop.HANGUP)

        fault = await b.fault(unlock, HERE, on_event=on_event)
        assert fault.code == "STOPPED" and MORE in fault.state
        assert "Somebody must be there" in fault.next


@virtual
async def test_a_lock_that_is_still_there_is_not_called_open(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of(bonded_to=FOREIGN)) as b:  # the wire had no contact
        b.answers.given |= {"sws-safe": "yes", "sws-start": "yes", "sws-away": "yes"}
        fault = await b.fault(unlock, HERE)
        assert fault.code == "RADIO-BOUND" and fault.touched is Touched.UNKNOWN
        assert fault.state == "SWS was at GND for 10 s; that the lock is off is not proven."
        assert fault.command == ("wattbench", "meter", "unlock", MAC)


@virtual
async def test_a_stop_while_the_module_restarts(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:

        def on_event(job: Job, event: Any) -> None:
            if at_phase("Wait for it")(event.body):
                job.stop(Stop.CANCEL)

        fault = await b.fault(reboot, CARE, on_event=on_event)
        assert fault.code == "STOPPED" and b.module.boots == 2
        assert fault.state == "The module took the restart; it was not heard again yet."


@virtual
async def test_a_stop_while_cleared_settings_are_read_back(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        b.answers.given["clear"] = "yes"

        def on_event(job: Job, event: Any) -> None:
            if at_phase("Clear")(event.body):
                asyncio.get_running_loop().call_later(0.01, job.stop, Stop.CANCEL)

        fault = await b.fault(clear, CARE, on_event=on_event)
        assert fault.code == "STOPPED" and "Not confirmed: factory settings." in fault.state


@pytest.mark.parametrize("task", [release, bind, unlock, reboot, clear, set_up, update])
@virtual
async def test_read_only_refuses_before_anybody_is_asked_or_connected(
    tmp_path: Path, task: Any
) -> None:
    options = {
        reboot: CARE,
        clear: CARE,
        set_up: SetOptions(address=MAC, wanted=Wanted(period=2)),
        update: OtaOptions(address=MAC, image=tmp_path / "none.bin"),
    }
    async with bench(tmp_path) as b:
        b.read_only = True
        fault = await b.fault(task, options.get(task, HERE))
        assert (fault.code, fault.exit) == ("READ-ONLY", 3)
        assert not b.answers.asked and not b.module.received


@virtual
async def test_reboot_happens_at_the_disconnect(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.result(reboot, CARE)
        assert b.module.boots == 2


@virtual
async def test_clear_says_what_is_lost_and_compares_a_fresh_status(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of(key=KEY, period=7)) as b:
        b.answers.given["clear"] = "yes"
        await b.result(bind, HERE)
        found = await b.result(clear, CARE)
        text = b.answers.asked[-1].text
        assert all(word in text for word in ("20109", "7 min", "key", "whitelist stays"))
        assert found["meter_address"] == 0 and not found["encrypted"]
        assert b.module.bond == OURS


@virtual
async def test_the_log_leaves_the_key_out(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of(meter=meter_of(mood="silent"))) as b:

        def on_event(_job: Job, event: Any) -> None:
            if getattr(event.body, "name", "") == "Follow the log":
                b.module._spawn(b.module._command(b"\xf5" + KEY))

        found = await b.result(follow_log, CareOptions(address=MAC, seconds=90), on_event=on_event)
        assert found["lines"] > 3
        assert "Set new bindkey - (not shown)" in b.said() and KEY.hex() not in b.said()
        assert "request pkt: 0x735520008d4effff0100000000d655" in b.said()


@virtual
async def test_live_connects_again_after_five_minutes_only_while_touched(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        await b.result(live, LiveOptions(address=MAC, visits=2))
        assert "ends every connection after five minutes" in b.said()
        counts = [e.body.values["seconds_left"] for e in b.events
                  if e.body.event == "facts" and e.body.key == "meter"]  # fmt: skip
        assert max(counts) >= 297 and min(counts) <= 1
        found = await b.result(live, LiveOptions(address=MAC, idle=lambda: 121.0))
        assert found["visits"] == 1


@pytest.mark.parametrize("stop", [Stop.CANCEL, Stop.HANGUP])
@pytest.mark.parametrize(
    ("task", "phase"),
    [(release, "Release"), (bind, "Bind"), (reboot, "Restart"), (clear, "Clear"),
     (show, "Identify"), (follow_log, "Follow the log"), (live, "Live")],
)  # fmt: skip
@virtual
async def test_whatever_stops_it_the_connection_is_ended(
    tmp_path: Path, task: Any, phase: str, stop: Stop
) -> None:
    kinds = {
        show: ShowOptions,
        live: LiveOptions,
        release: WhitelistOptions,
        bind: WhitelistOptions,
    }
    async with bench(tmp_path) as b:
        b.answers.given["clear"] = "yes"

        def on_event(job: Job, event: Any) -> None:
            if getattr(event.body, "name", "") == phase:
                job.stop(stop)

        await b.run(task, kinds.get(task, CareOptions)(address=MAC), on_event)
        assert b.module._central is None
        if task is not bind:
            assert not b.module.locked_to
