"""Setting a module up: every write read back, every way to break off said honestly."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.events import Note, Question, Warned
from core.fault import Touched
from core.job import Job
from core.meter.tasks.set import SetOptions, set_up
from core.meter.wanted import Wanted
from core.sim.meter_gatt_options import ModuleOptions
from core.stops import Stop
from tests.core.meter.bench import KEY, MAC, TWIN, Given, bench, meter_of, module_of
from tests.virtual_clock import virtual

FRESH = module_of(meter_address=0)
GO_ON = ("wattbench", "meter", "set", MAC)


def wish(**wanted: Any) -> SetOptions:
    return SetOptions(address=MAC, wanted=Wanted(**wanted), go_on=GO_ON)


@virtual
async def test_a_new_module_is_set_and_the_meter_answers(tmp_path: Path) -> None:
    async with bench(tmp_path, FRESH) as b:
        found = await b.result(set_up, wish(model=1, address=20109, period=5))
        assert found["confirmed"] == ["kind of meter", "address", "period"]
        assert found["answer"] == "Meter answered: serial 3171112520109, made 04.10.2017."
        assert b.module.settings.address == 20109 and b.module.settings.period == 5
        assert "METER-ADVERT The adverts agree" in b.said()
        kind = "KASKAD-1-MT and MIRTEK protocol"
        assert f"METER-IS {MAC} at -60 dBm, {kind}, meter address 0" in b.said()
        writes = [w[0] for w in b.module.received if w[0] != 0xF4]
        assert writes == [0xF9, 0xF7, 0xF1]
        assert "Left open: anyone in range can read the key" in found["left"]


@virtual
async def test_a_key_is_set_stored_and_told_to_nobody(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        options = replace(wish(), new_key=True, leave="open")
        await b.result(set_up, options)
        key = b.store.keys.bind_key(MAC)
        assert key is not None and b.module.settings.key == key
        told = "\n".join(str(e.to_json()) for e in b.events)
        assert key.hex() not in told and repr(key) not in told
        assert "adverts agree" in b.said()  # they were opened with it


@virtual
async def test_encryption_off_and_undo_brings_all_back(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of(key=KEY, period=7)) as b:
        await b.result(set_up, wish(period=1, key=b"", scale=0x0249))
        assert not b.module.settings.key and b.module.settings.scale == 0x0249
        await b.result(set_up, SetOptions(address=MAC, undo=True, go_on=GO_ON))
        s = b.module.settings
        assert (s.key, s.period, s.scale, s.address) == (KEY, 7, 0x0A0F, 20109)


@pytest.mark.parametrize("writes", [2, 3, 4, 5, 6, 7])
@virtual
async def test_undo_after_an_interrupted_set_that_was_repeated(tmp_path: Path, writes: int) -> None:
    """The half-set state is never taken for what was there before (rulings M3)."""
    async with bench(tmp_path, module_of(key=KEY, period=7, drop_after=writes)) as b:
        change = wish(model=1, address=20109, period=1, scale=0x0249, key=b"")
        assert (await b.fault(set_up, change)).code == "METER-LOST"
        b.module.options = replace(b.module.options, drop_after=None)
        await b.result(set_up, change)
        assert not b.module.settings.key and b.module.settings.period == 1
        await b.result(set_up, SetOptions(address=MAC, undo=True, go_on=GO_ON))
        s = b.module.settings
        assert (s.key, s.period, s.scale, s.address) == (KEY, 7, 0x0A0F, 20109)


@virtual
async def test_a_wrong_address_that_was_corrected_does_not_hide_the_old_settings(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, module_of(period=7)) as b:
        fault = await b.fault(set_up, wish(model=1, address=20108, period=1))
        assert fault.code == "METER-NO-ANSWER"
        await b.result(set_up, wish(model=1, address=20109))
        await b.result(set_up, SetOptions(address=MAC, undo=True, go_on=GO_ON))
        assert (b.module.settings.period, b.module.settings.address) == (7, 20109)


@virtual
async def test_an_undo_that_was_interrupted_is_repeated(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of(period=7)) as b:
        undo = SetOptions(address=MAC, undo=True, go_on=GO_ON)
        await b.result(set_up, wish(period=1))
        b.module.options = replace(b.module.options, drop_after=b.module._writes + 4)
        assert (await b.fault(set_up, undo)).code == "METER-LOST"
        b.module.options = replace(b.module.options, drop_after=None)
        await b.result(set_up, undo)
        assert b.module.settings.period == 7


@virtual
async def test_an_undo_says_that_an_address_cannot_be_taken_away(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of(meter_address=0, period=7)) as b:
        await b.result(set_up, wish(model=1, address=20109, period=1))
        await b.result(set_up, SetOptions(address=MAC, undo=True, go_on=GO_ON))
        assert "20109 stays" in b.said(Warned)
        assert (b.module.settings.period, b.module.settings.address) == (7, 20109)


@virtual
async def test_adverts_that_do_not_agree_with_the_live_values_are_named(tmp_path: Path) -> None:
    """The voltage times 10 does not fit into its 16 bits of the advert (rulings M7)."""
    async with bench(tmp_path) as b:
        await b.result(set_up, wish(scale=0x0A2F))
        assert "METER-ADVERT Voltage" in b.said(Warned)
        assert "adverts agree" not in b.said()


@virtual
async def test_an_undo_is_undone_by_the_next(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of(period=7)) as b:
        undo = SetOptions(address=MAC, undo=True, go_on=GO_ON)
        await b.result(set_up, wish(period=1))
        await b.result(set_up, undo)
        await b.result(set_up, undo)
        assert b.module.settings.period == 1


@virtual
async def test_undo_without_a_record_changes_nothing(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        fault = await b.fault(set_up, SetOptions(address=MAC, undo=True))
        assert fault.code == "METER-NO-UNDO" and fault.touched is Touched.NOTHING


@pytest.mark.parametrize("release", ["1.1", "1.2", "1.3-10", "1.3-11", "1.3-13", "1.7"])
@virtual
async def test_every_generation_is_set(tmp_path: Path, release: str) -> None:
    async with bench(tmp_path, module_of(release, meter_address=0)) as b:
        found = await b.result(set_up, wish(model=1, address=20109, period=2, key=KEY))
        assert "address" in found["confirmed"] and b.module.settings.address == 20109
        assert b.module.settings.key == KEY
        sent = {w[0] for w in b.module.received}
        assert (0xF9 in sent) is (release in ("1.3-11", "1.3-13", "1.7"))


@virtual
async def test_old_firmware_refuses_a_kind_before_anything_is_written(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of("1.2")) as b:
        fault = await b.fault(set_up, wish(model=3, address=35900555))
        assert fault.code == "METER-OLD" and fault.touched is Touched.NOTHING
        assert {w[0] for w in b.module.received} == {0xF4}


@pytest.mark.parametrize(
    ("mood", "says"),
    [
        ("silent", "nothing came back from the meter"),
        ("noise", "something answered with another address"),
        ("bad-crc", "the optical head is out of place or dirty"),
    ],
)
@virtual
async def test_a_meter_that_does_not_answer_names_the_three_causes(
    tmp_path: Path, mood: str, says: str
) -> None:
    async with bench(tmp_path, module_of(meter_address=0, meter=meter_of(mood=mood))) as b:
        fault = await b.fault(set_up, wish(address=20109))
        assert fault.code == "METER-NO-ANSWER" and says in fault.what
        assert all(word in fault.cause for word in ("address", "optical head", "kind"))
        assert "Confirmed on the module: kind of meter, address." in fault.state
        assert b.module.settings.address == 20109


@virtual
async def test_the_serial_of_the_old_address_is_no_answer(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        fault = await b.fault(set_up, wish(address=7943))
        assert fault.code == "METER-NO-ANSWER" and "7943" in fault.what


@virtual
async def test_going_to_kaskad_11_survives_the_poll_at_the_old_speed(tmp_path: Path) -> None:
    meter = meter_of(kind=2, address=7943, serial="0130052007943")
    async with bench(tmp_path, module_of(meter_address=0, meter=meter)) as b:
        found = await b.result(set_up, wish(model=2, address=7943))
        assert "0130052007943" in found["answer"]


@pytest.mark.parametrize(("kind", "wrong", "right"), [(3, 0x0D46, 0x0B46), (4, 0, 0x0A09)])
@virtual
async def test_a_wrong_default_scale_is_offered_its_right_word(
    tmp_path: Path, kind: int, wrong: int, right: int
) -> None:
    meter = meter_of(kind=kind, address=35900555, serial="35900555")
    async with bench(tmp_path, module_of(meter_address=0, meter=meter)) as b:
        b.answers.given["scale"] = "yes"
        address = 35900555 if kind == 3 else None
        await b.result(set_up, wish(model=kind, address=address))
        asked = next(q for q in b.answers.asked if q.key == "scale")
        assert f"0x{wrong:04X}" in asked.text and f"0x{right:04X}" in asked.text
        assert b.module.settings.scale == right
        assert "adverts agree" in b.said()


@virtual
async def test_a_second_module_in_range_is_asked_about_before_the_first_write(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, FRESH, module_of(address=TWIN)) as b:
        b.answers.given["twin"] = "no"
        fault = await b.fault(set_up, wish(address=20109))
        question = next(q for q in b.answers.asked if q.key == "twin")
        assert TWIN in question.text and "tariffs" in question.text
        for shown in ("dBm", "KASKAD-1-MT", "meter address 0", "T1 to T3: "):
            assert shown in question.text
        assert fault.code == "DECLINED"
        assert {w[0] for w in b.module.received} == {0xF4}


@pytest.mark.parametrize("stuck", [0xF1, 0xF7, 0xFA, 0xF5, 0xF9])
@virtual
async def test_a_status_that_does_not_change_is_never_called_a_success(
    tmp_path: Path, stuck: int
) -> None:
    options = module_of(meter_address=0, stuck=frozenset({stuck}), meter=meter_of(kind=2))
    async with bench(tmp_path, options) as b:
        fault = await b.fault(set_up, wish(model=2, address=20109, period=9, scale=0x0249, key=KEY))
        assert fault.code == "METER-UNCHANGED"
        assert fault.touched is Touched.PARTIAL and fault.command == GO_ON


@pytest.mark.parametrize("writes", range(1, 7))
@virtual
async def test_a_disconnect_at_every_step_names_what_was_confirmed(
    tmp_path: Path, writes: int
) -> None:
    async with bench(tmp_path, module_of(meter_address=0, drop_after=writes)) as b:
        fault = await b.fault(set_up, wish(model=1, address=20109, period=5))
        assert fault.code == "METER-LOST", fault
        wrote = any(w[0] != 0xF4 for w in b.module.received)
        if wrote:
            assert "Confirmed on the module:" in fault.state and fault.command == GO_ON
            confirmed = fault.state.split("Not confirmed")[0]
            assert ("period" in confirmed) is False or b.module.settings.period == 5
            assert ("address" in confirmed) is False or b.module.settings.address == 20109


@pytest.mark.parametrize("stop", [Stop.CANCEL, Stop.TERMINATE, Stop.HANGUP])
@pytest.mark.parametrize(
    "at",
    ["Find and connect", "Identify", "Compare", "Write and read back", "Ask the meter", "Leave"],
)
@virtual
async def test_a_stop_in_each_step_leaves_the_module_reachable(
    tmp_path: Path, stop: Stop, at: str
) -> None:
    async with bench(tmp_path, FRESH) as b:

        def on_event(job: Job, event: Any) -> None:
            if getattr(event.body, "name", "") == at and event.body.event == "phase":
                job.stop(stop)

        outcome = await b.run(set_up, wish(model=1, address=20109), on_event)
        fault = getattr(outcome, "fault", None)
        if at == "Ask the meter" and stop is not Stop.HANGUP:
            assert fault is not None and (fault.code, fault.command) == ("STOPPED", GO_ON)
            assert fault.state == (
                "Confirmed on the module: kind of meter, address. The meter was not asked."
            )
            assert b.module.settings.address == 20109
        elif at in ("Ask the meter", "Leave"):  # how it is left is never broken off
            assert fault is None and b.module.settings.address == 20109
            compared = "adverts agree" in b.said()
            assert compared is (stop is Stop.HANGUP), "a stop still saves the last wait"
            assert ("Stopped before the adverts" in b.said(Warned)) is not compared
        else:
            assert fault is not None and fault.code == "CANCELLED"
            assert {w[0] for w in b.module.received} <= {0xF4}
        assert b.module._central is None, "the connection was left open"


class Silent(Given):
    """Somebody who looks at the last question and says nothing."""

    async def answer(self, question: Question) -> tuple[str, str]:
        if question.key == "whitelist":
            await asyncio.Event().wait()
        return await super().answer(question)


@pytest.mark.parametrize("stop", [Stop.CANCEL, Stop.TERMINATE])
@virtual
async def test_a_stop_at_the_last_question_says_that_all_is_set(tmp_path: Path, stop: Stop) -> None:
    async with bench(tmp_path, FRESH) as b:
        b.answers = Silent({})

        def on_event(job: Job, event: Any) -> None:
            if event.body.event == "question":
                job.stop(stop)

        fault = await b.fault(set_up, wish(model=1, address=20109), on_event=on_event)
        assert fault.code == "STOPPED" and fault.state == (
            "Confirmed on the module: kind of meter, address. Meter answered: serial "
            "3171112520109, made 04.10.2017. Who may connect is as before."
        )
        assert b.module._central is None and not b.module.locked_to


@pytest.mark.parametrize(
    ("at", "code", "more"),
    [
        ("Ask the meter", "METER-LOST", ""),
        ("Leave", "METER-NOT-BOUND", " The module is probably open, as it was."),
    ],
)
@virtual
async def test_a_disconnect_after_the_last_write_still_names_what_was_confirmed(
    tmp_path: Path, at: str, code: str, more: str
) -> None:
    async with bench(tmp_path, FRESH) as b:
        b.answers.given["whitelist"] = "bind"

        def on_event(_job: Job, event: Any) -> None:
            if getattr(event.body, "name", "") == at:
                b.module._hang_up()

        fault = await b.fault(set_up, wish(model=1, address=20109), on_event=on_event)
        assert (fault.code, fault.command) == (code, GO_ON)
        assert fault.state == f"Confirmed on the module: kind of meter, address.{more}"
        assert fault.touched is not Touched.NOTHING


@pytest.mark.parametrize("stop", [Stop.CANCEL, Stop.TERMINATE, Stop.HANGUP])
@pytest.mark.parametrize("setting", ["kind of meter", "address", "period", "scale"])
@virtual
async def test_a_stop_between_two_writes_names_what_was_confirmed(
    tmp_path: Path, setting: str, stop: Stop
) -> None:
    async with bench(tmp_path, FRESH) as b:

        def on_event(job: Job, event: Any) -> None:
            if getattr(event.body, "text", "") == f"{setting}: written and read back.":
                job.stop(stop)

        change = wish(model=1, address=20109, period=5, scale=0x0249, key=KEY)
        outcome = await b.run(set_up, change, on_event)
        fault = getattr(outcome, "fault", None)
        assert b.module._central is None
        if stop is Stop.HANGUP:  # it goes on without a screen
            assert fault is None and b.module.settings.key == KEY
            return
        assert fault is not None and fault.code == "STOPPED" and fault.command == GO_ON
        confirmed, _, rest = fault.state.partition("Not confirmed")
        assert setting in confirmed and "bind key" in rest


@virtual
async def test_doubled_late_and_lost_notifications_do_no_harm(tmp_path: Path) -> None:
    options = module_of(meter_address=0, latency=2.5, deaf=3)
    async with bench(tmp_path, options) as b:
        found = await b.result(set_up, wish(model=1, address=20109, period=3))
        assert found["answer"] and b.module.settings.period == 3


@virtual
async def test_no_notification_at_all(tmp_path: Path) -> None:
    async with bench(tmp_path, module_of(mute=True)) as b:
        fault = await b.fault(set_up, wish(period=3))
        assert fault.code == "METER-SILENT" and fault.touched is Touched.NOTHING


@pytest.mark.parametrize("length", [2, 7, 9, 12, 14, 20])
@virtual
async def test_a_status_of_another_length_is_not_written_to(tmp_path: Path, length: int) -> None:
    async with bench(tmp_path, module_of(status_bytes=length)) as b:
        fault = await b.fault(set_up, wish(period=3))
        assert fault.code == "METER-STATUS"
        assert {w[0] for w in b.module.received} == {0xF4}


@virtual
async def test_a_pairing_that_nobody_asked_for_is_undone(tmp_path: Path) -> None:
    """Another program answers pairing requests (rulings M2)."""
    async with bench(tmp_path, FRESH) as b:
        b.stack.stack.agents.append("desktop")
        found = await b.result(set_up, wish(model=1, address=20109))
        assert not b.module.bond and not b.module.locked_to
        assert not b.stack.stack.bonds
        assert "Left open" in found["left"]
        asked = next(q for q in b.answers.asked if q.key == "whitelist")
        assert "though nobody asked" in asked.text


@virtual
async def test_from_kaskad_11_to_a_meter_without_an_address(tmp_path: Path) -> None:
    meter = meter_of(kind=4, serial="009")
    async with bench(tmp_path, module_of(kind=2, meter=meter)) as b:
        b.answers.given["scale"] = "yes"
        found = await b.result(set_up, wish(model=4))
        assert found["answer"] == "Meter answered: serial 009, made xx.xx.xxxx."


@virtual
async def test_binding_at_the_end_locks_it_to_this_adapter(tmp_path: Path) -> None:
    async with bench(tmp_path, FRESH) as b:
        b.answers.given["whitelist"] = "bind"
        found = await b.result(set_up, wish(model=1, address=20109))
        assert b.module.locked_to == found["adapter"]
        assert [
            e for e in b.events if isinstance(e.body, Note) and e.body.code == "METER-BOUND-HERE"
        ]
        assert not any(isinstance(e.body, Warned) for e in b.events)


def test_defaults_change_nothing() -> None:
    assert Wanted().nothing and ModuleOptions().release == "1.7"


@pytest.mark.parametrize("pulled", [False, True])
@virtual
async def test_the_adapter_goes_away_in_the_middle(tmp_path: Path, pulled: bool) -> None:
    async with bench(tmp_path, FRESH) as b:

        def on_event(_job: Job, event: Any) -> None:
            if getattr(event.body, "text", "").startswith("address: written"):
                if pulled:
                    b.stack.stack.unplug("hci0")
                else:
                    b.stack.stack.set_power("hci0", False)

        fault = await b.fault(set_up, wish(model=1, address=20109, period=5), on_event=on_event)
        assert fault.code == "METER-LOST" and fault.touched is Touched.PARTIAL
        assert "Confirmed on the module: kind of meter, address. Not confirmed: period." in (
            fault.state
        )


@virtual
async def test_a_set_of_nothing_is_refused(tmp_path: Path) -> None:
    async with bench(tmp_path, FRESH) as b:
        fault = await b.fault(set_up, wish())
        assert fault.code == "METER-NOTHING" and fault.exit == 2 and not b.module.received


@virtual
async def test_a_module_that_is_bound_to_us_stays_so_unless_asked(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        b.answers.given["whitelist"] = "bind"
        await b.result(set_up, wish(period=2))
        del b.answers.given["whitelist"]  # nobody there
        found = await b.result(set_up, wish(period=3))
        assert found["bound"] and b.module.locked_to == found["adapter"]


@virtual
async def test_a_three_phase_meter_is_named_as_such(tmp_path: Path) -> None:
    meter = meter_of(kind=2, address=7943, mood="three-phase")
    async with bench(tmp_path, module_of(meter_address=0, meter=meter)) as b:
        fault = await b.fault(set_up, wish(model=2, address=7943))
        assert fault.code == "METER-NO-ANSWER" and "three phases" in fault.what
