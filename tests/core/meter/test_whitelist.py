"""The whitelist: release, bind, the three diagnoses, and the way in by the pin SWS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.fault import Touched
from core.job import Job, Stop
from core.meter.tasks.care import CareOptions, clear, follow_log, reboot
from core.meter.tasks.live import LiveOptions, live
from core.meter.tasks.show import ShowOptions, show
from core.meter.tasks.whitelist import WhitelistOptions, bind, release, unlock
from tests.core.meter.bench import FOREIGN, KEY, MAC, bench, meter_of, module_of
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
