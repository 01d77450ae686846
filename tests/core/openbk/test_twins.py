"""A plan shown before it is agreed to, and devices that would be called the same after it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.events import Facts, Phase
from core.openbk import history
from core.openbk.lost import may_switch
from core.openbk.tasks import apply as apply_module
from core.openbk.tasks.apply import ApplyOptions, apply
from core.profile.model import Mqtt, Names, Pin, Profile
from core.profile.toml_file import dump
from tests.core.openbk.bench import MAC, Bench, Given, fault_of, plugged, result_of
from tests.core.openbk.test_fleet import connect, fleet_of, ran
from tests.virtual_clock import virtual

CLONE = Profile(names=Names("plug-a", "Plug A"), mqtt=Mqtt(client="plug-a"))
OWN = Profile(names=Names("plug-{mac6}", "Plug {mac6}"), mqtt=Mqtt(client="plug-{mac6}"))


def question(bench: Bench, key: str) -> str:
    return next(q.text for q in bench.answers.asked if q.key == key)


def known(bench: Bench, mac: str, profile: Profile) -> None:
    """A device that was read before with this data folder."""
    bench.store.devices.add(mac, "read", "10.0.0.7", dump(profile), history.secrets_of(profile))


@virtual
async def test_the_question_holds_the_plan_and_the_name_of_the_profile(tmp_path: Path) -> None:
    bench = Bench(tmp_path, answers=Given({"apply-plan": "yes"}))
    async with fleet_of((), ()) as fleet:
        hosts = tuple(served.host for served in fleet)
        wanted = Profile(mqtt=Mqtt("10.0.0.5"), flags={2: True})
        result_of(await ran(bench, hosts, profile=wanted, source="mine.toml"))
    text = question(bench, "apply-plan")
    head, *plan = text.splitlines()
    assert head == "Send these requests (4) to 2 devices, as mine.toml says?"
    assert plan == bench.facts("plan")["lines"]
    assert plan[0].endswith("BK7231N): 2 changes, 2 requests")
    assert text.count("mqtt.host: ") == 1 and "  1. " in text
    assert plan[-1].endswith("the same as plug1")


@virtual
async def test_one_profile_does_not_make_several_devices_one_client(tmp_path: Path) -> None:
    bench = Bench(tmp_path, answers=Given({"apply-plan": "yes", "mqtt-client": "no"}))
    async with fleet_of((), ()) as fleet:
        hosts = tuple(served.host for served in fleet)
        fault = fault_of(await ran(bench, hosts, profile=CLONE))
        assert fault.code == "DECLINED" and "Send the MQTT client plug-a all the same" in fault.what
        assert not [m for served in fleet for m, _ in served.requests if m != "GET"]
        assert fleet[1].device.config.get("mqtt.client") != "plug-a"
        lines: Any = bench.facts("plan")["lines"]
        for what in ("short name, plug-a", "long name, Plug A", "MQTT client, plug-a"):
            assert any(f"2 devices would have the same {what}" in line for line in lines)
        asked = bench.answers.asked[-1]
        assert "{mac6}" in asked.text and asked.expect == "same"
        bench.answers.asked.clear()
        result_of(await ran(bench, hosts, profile=OWN))
        again: Any = bench.facts("plan")["lines"]
        assert again[-1].endswith("the same as plug1, with its own MAC")
        assert [q.key for q in bench.answers.asked] == ["apply-plan"]


@virtual
async def test_names_alone_are_a_warning(tmp_path: Path) -> None:
    bench = Bench(tmp_path, answers=Given({"apply-plan": "yes"}))
    async with fleet_of((), ()) as fleet:
        hosts = tuple(served.host for served in fleet)
        result_of(await ran(bench, hosts, profile=Profile(names=Names("both"))))
    assert "! 2 devices would have the same short name, both" in question(bench, "apply-plan")


@virtual
async def test_what_a_device_that_is_not_there_is_called_is_known(tmp_path: Path) -> None:
    given = {"apply-plan": "yes", "mqtt-client": "yes"}
    bench = Bench(tmp_path, answers=Given(given))
    known(bench, "A4:C1:38:00:00:09", CLONE)
    known(bench, MAC, CLONE)  # what the device itself was called is no reason
    (bench.store.devices.root / "a4c138000008.toml").write_text("[[history")
    async with plugged() as served:
        fault = fault_of(await ran(bench, (served.host,), profile=CLONE))
        assert fault.code == "DECLINED"  # only the typed digits count
        asked = bench.answers.asked[-1]
        assert asked.expect == "5C94FA" and "as A4:C1:38:00:00:09" in asked.text
        bench.answers.given["mqtt-client"] = "5C94FA"
        result = result_of(await ran(bench, (served.host,), profile=CLONE))
        assert str(result["summary"]).startswith("plug-a: ")
        bench.answers.asked.clear()
        result_of(await ran(bench, (served.host,), profile=CLONE))
        assert not bench.answers.asked  # it is so already


@virtual
async def test_the_wait_after_the_last_request_has_words_and_seconds(tmp_path: Path) -> None:
    bench = Bench(tmp_path, answers=Given({"apply-plan": "yes", "relays-switch": "yes"}))
    wanted = Profile(pins={6: Pin("None")}, flags={2: True})
    async with plugged(reboot_delay=3.0) as served:
        chosen = ApplyOptions(hosts=(served.host,), profile=wanted)
        result = result_of(
            await bench.run(lambda r: apply(r, chosen, connect=connect, store=bench.store))
        )
    bodies = [event.body for event in bench.events]
    assert [b.name for b in bodies if isinstance(b, Phase)] == [
        "Read", "Plan", "Send", "Restarting, then reading back", "Report",
    ]  # fmt: skip
    live = [
        str(b.values.get("doing", "")) for b in bodies if isinstance(b, Facts) and b.key == "live"
    ]
    assert live[:3] == [f"restarting, then reading back, {n} s" for n in range(3)]
    assert live[-1] == ""  # the readings are back
    assert result["summary"] == "plug1: 2 requests sent and read back: pins.6, flags.2"


def test_the_relay_question_can_be_answered_by_who_does_not_know() -> None:
    one, two = may_switch("k", "1 relay may switch: plug."), may_switch("k", "They restart.", 2)
    assert one.text == (
        "1 relay may switch: plug. Does it feed only things that may lose power: "
        "no computer, no router?"
    )
    assert "Do they feed only" in two.text
    assert [c.text for c in one.choices] == ["yes, they may lose power", "no, or not sure"]


@virtual
async def test_a_no_is_said_in_the_words_of_the_question(tmp_path: Path) -> None:
    bench = Bench(tmp_path, answers=Given({"apply-plan": "no"}))
    async with plugged() as served:
        wanted = Profile(flags={2: True})
        fault = fault_of(await ran(bench, (served.host,), profile=wanted, source="mine.toml"))
        nobody = Bench(tmp_path / "other")
        alone = fault_of(await ran(nobody, (served.host,), profile=wanted))
    assert alone.what.endswith("no answer: Send these requests (1) to 1 device?")
    asked = "Send these requests (1) to 1 device, as mine.toml says?"
    assert fault.what == f'The answer to "{asked}" was no.'


def test_the_relay_sentence_is_in_one_place() -> None:
    tasks = Path(apply_module.__file__).parent.glob("*.py")
    assert not [path.name for path in tasks if "What hangs on it?" in path.read_text()]
