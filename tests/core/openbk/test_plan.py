"""What is sent, in which order, and what is never sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from core.fault import FaultError
from core.openbk.plan import Plan, plan_for
from core.openbk.read import Device, read_device
from core.profile.model import (
    Calibration,
    Channel,
    Mqtt,
    Names,
    Network,
    Pin,
    Ping,
    Profile,
    Secret,
    Wifi,
)
from tests.core.openbk.bench import lsc, talking
from tests.virtual_clock import run

SET = Profile(
    mqtt=Mqtt("10.0.0.5", 1884, "u", Secret("pw"), "plug/1", "grp"),
    wifi=Wifi("Net", Secret("geheim"), "Two", Secret("zwei"), Secret("hunter22")),
    flags={2: True, 38: True},
    network=Network("10.0.0.9", "255.255.255.0", "10.0.0.1", "10.0.0.1"),
)


@cache
def device() -> Device:
    """The LSC plug with everything set."""

    async def main() -> Device:
        async with talking(config=lsc(SET)) as (client, _):
            client.password = "hunter22"
            return await read_device(client)

    return run(main())


def plan(profile: Profile, change: Callable[[Device], Device] = lambda d: d) -> Plan:
    return plan_for(change(device()), profile)


def values(made: Plan, target: str) -> dict[str, str]:
    return dict(next(step for step in made.steps if step.target == target).values)


def test_nothing_differs_nothing_is_sent() -> None:
    assert plan(device().profile).empty
    assert plan(Profile()).empty


def test_only_changed_pins_are_named_and_roles_by_the_devices_own_numbers() -> None:
    made = plan(Profile(pins={6: Pin("LED_n", 1), 8: Pin("Rel", 1), 14: Pin("btn", 2, 3)}))
    assert values(made, "/cfg_pins") == {
        "6": "6", "r6": "1", "e6": "0", "14": "3", "r14": "2", "e14": "3",
    }  # fmt: skip


def test_pages_that_erase_what_is_missing_go_out_complete() -> None:
    made = plan(Profile(mqtt=Mqtt(port=1885), wifi=Wifi(ssid2="Three"), flags={2: False}))
    assert values(made, "/cfg_mqtt_set") == {
        "host": "10.0.0.5", "port": "1885", "client": "plug/1", "group": "grp", "user": "u",
        "password": "pw",
    }  # fmt: skip
    assert values(made, "/cfg_wifi_set") == {
        "ssid": "Net", "pass": "geheim", "ssid2": "Three", "pass2": "zwei",
        "web_admin_password_enabled": "1", "web_admin_password": "hunter22",
    }  # fmt: skip
    assert values(made, "/cfg_generic") == {"setFlags": "1", "flag10": "1", "flag38": "1"}


def test_names_and_address_go_out_complete_too() -> None:
    made = plan(Profile(names=Names(long="Neu"), network=Network(dns="9.9.9.9")))
    assert values(made, "/cfg_name") == {"shortName": "plug1", "name": "Neu"}
    assert values(made, "/cfg_ip") == {
        "IP": "10.0.0.9", "mask": "255.255.255.0", "dns": "9.9.9.9", "gate": "10.0.0.1",
    }  # fmt: skip


def test_wifi_is_last_and_restarts_by_itself() -> None:
    made = plan(
        Profile(
            startup="x", names=Names("n2"), wifi=Wifi("Other"), mqtt=Mqtt("h"), files={"a": "b"},
            pins={9: Pin("LED", 2)}, channels={1: Channel("Default", -1)}, flags={5: True},
            network=Network("0.0.0.0"), ping=Ping("10.0.0.1", 60),
        )
    )  # fmt: skip
    targets = [step.target for step in made.steps]
    assert targets[-1] == "/cfg_wifi_set" and targets[0] == "/cfg_pins"
    assert targets.index("/cfg_ip") == len(targets) - 2
    assert made.moves and made.restarts and not made.restart


def test_the_web_password_alone_does_not_restart() -> None:
    made = plan(Profile(wifi=Wifi(web_password=Secret("neues-pw"))))
    assert not made.restarts and not made.moves
    cleared = plan(Profile(wifi=Wifi(web_password=Secret(""))))
    assert "web_admin_password" not in values(cleared, "/cfg_wifi_set")


def test_secrets_never_go_through_commands_or_lines() -> None:
    made = plan(Profile(mqtt=Mqtt(password=Secret("$x;y")), wifi=Wifi(password=Secret("top;1"))))
    assert not any(step.command for step in made.steps)
    text = "\n".join(made.lines()) + repr(made)
    assert "$x;y" not in text and "top;1" not in text and "***" in text


def test_relays_that_may_switch_are_named_and_a_freed_pin_restarts() -> None:
    moved = plan(Profile(pins={8: Pin("None"), 9: Pin("Rel", 2)}))
    assert moved.relays == (1, 2) and moved.restart
    assert plan(Profile(pins={14: Pin("Btn", 3)})).relays == ()
    assert not plan(Profile(pins={14: Pin("Btn", 3)})).restart


def test_the_meter_driver_waits_for_its_pins() -> None:
    def stopped(d: Device) -> Device:
        return replace(d, profile=replace(d.profile, drivers=()))

    made = plan(Profile(drivers=("BL0937",)), stopped)
    assert made.restart and not any("startDriver" in step.command for step in made.steps)
    without = plan(Profile(drivers=("BL0937",), pins={11: Pin("None")}), stopped)
    assert not any("startDriver" in step.command for step in without.steps)
    assert any("CF, CF1 and SEL" in text for text in without.warnings)
    other = plan(Profile(drivers=("NTP",)), stopped)
    assert [step.command for step in other.steps] == ["startDriver NTP"]
    assert any("startup" in text for text in other.warnings)


NO_METER = {11: Pin("None")}
START = "startDriver BL0937"


@pytest.mark.parametrize(
    "profile",
    [
        Profile(pins=NO_METER, startup=START),
        Profile(pins=NO_METER, startup="backlog PowerMax 3000; STARTDRIVER  bl0937"),
        Profile(pins=NO_METER, startup='PowerMax 3000\nstartDriver\t"BL0937"'),
        Profile(pins=NO_METER, startup="addEventHandler OnClick 14 startDriver BL0937;x"),
        Profile(pins=NO_METER, files={"autoexec.bat": f"// meter\n{START}\n"}),
        Profile(pins=NO_METER, files={"scripts/a.txt": START}),
    ],
)
def test_no_text_starts_the_meter_without_its_pins(profile: Profile) -> None:
    with pytest.raises(FaultError) as caught:
        plan(profile)
    assert caught.value.fault.code == "OBK-DRIVER-PINS" and caught.value.fault.exit == 3
    assert "P24, P7 and P8" in caught.value.fault.cause
    with_pins = replace(profile, pins={})
    assert plan(with_pins).steps


def test_a_start_that_is_none_is_no_reason_to_refuse() -> None:
    for text in ("startDriver BL0937X", "echo BL0937", "startDriver BL0942"):
        assert plan(Profile(pins=NO_METER, startup=text)).steps
    assert plan(Profile(pins=NO_METER, files={"autoexec.bat": f"//{START}"})).steps


def test_pins_are_not_taken_from_under_a_start_and_an_old_one_is_only_said() -> None:
    def starting(d: Device) -> Device:
        return replace(d, profile=replace(d.profile, startup=START))

    with pytest.raises(FaultError) as caught:
        plan(Profile(pins=NO_METER), starting)
    assert caught.value.fault.code == "OBK-DRIVER-PINS"

    def bad(d: Device) -> Device:
        pins = {**d.profile.pins, 11: Pin("None")}
        return replace(d, profile=replace(d.profile, startup=START, pins=pins))

    made = plan(Profile(names=Names("n2")), bad)
    assert made.steps and any("P24, P7 and P8" in text for text in made.warnings)


@pytest.mark.parametrize("name", ['"BL0937"', "NTP; SetChannel 1 1", "NTP\nx", "", "BL0937 x"])
def test_the_name_of_a_driver_is_one_word(name: str) -> None:
    with pytest.raises(FaultError) as caught:
        plan(Profile(drivers=(name,)))
    assert caught.value.fault.code == "PROFILE-VALUE"


def test_the_name_of_a_driver_is_known_in_any_spelling() -> None:
    for name in ("BL0937 ", "bl0937", " Bl0937"):
        assert plan(Profile(drivers=(name,))).empty  # it runs
        gated = plan(
            Profile(drivers=(name,), pins=NO_METER),
            lambda d: replace(d, profile=replace(d.profile, drivers=())),
        )
        assert not any("startDriver" in step.command for step in gated.steps), name
    sent = plan(Profile(drivers=(" NTP ",))).steps
    assert [step.command for step in sent] == ["startDriver NTP"]


def test_power_up_goes_to_the_relays_channel() -> None:
    made = plan(Profile(on_power_up="remember"))
    assert values(made, "/cfg_startup") == {"idx": "1", "value": "-1"}
    assert plan(Profile(on_power_up="off")).empty
    own = plan(Profile(on_power_up="on", channels={1: Channel(start=-1)}))
    assert values(own, "/cfg_startup")["value"] == "-1"


def test_a_startup_command_is_sent_in_the_firmwares_words() -> None:
    made = plan(Profile(startup="backlog PowerMax 3000; LeistungSet 110,5\nStromSet 0.5"))
    sent = values(made, "/startup_command")["data"]
    assert sent == "backlog PowerMax 3000; PowerSet 110.5\nCurrentSet 0.5"
    said = [text for text in made.warnings if text.startswith("Startup command: ")]
    assert said[0] == "Startup command: LeistungSet is a translated word; sent as PowerSet."
    assert len(said) == 3
    same = plan(Profile(startup="StromSet 1"), lambda d: replace(
        d, profile=replace(d.profile, startup="CurrentSet 1")))  # fmt: skip
    assert same.empty  # applied once, it is no difference any more


def test_calibration_is_not_sent_but_said() -> None:
    made = plan(Profile(calibration=Calibration(voltage=0.14)))
    assert made.empty and any("openbk calibrate HOST --factors" in text for text in made.warnings)
    assert [s.command for s in plan(Profile(calibration=Calibration(power_max=3800.0))).steps] == [
        "PowerMax 3800"
    ]


def test_empty_texts_that_the_page_ignores_need_a_command() -> None:
    made = plan(Profile(mqtt=Mqtt(user="", password=Secret(""))))
    assert [step.command for step in made.steps[1:]] == ['MqttUser ""', 'MqttPassword ""']
    made = plan(Profile(wifi=Wifi(password=Secret(""))))
    assert [step.command for step in made.steps] == ['Password1 ""'] and made.restart


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        (Profile(chip="bk7231t"), "OBK-CHIP"),
        (Profile(pins={8: Pin("Relay", 1)}), "PROFILE-VALUE"),
        (Profile(pins={8: Pin("Rel", 64)}), "PROFILE-VALUE"),
        (Profile(pins={29: Pin("Rel", 1)}), "PROFILE-VALUE"),
        (Profile(channels={12: Channel(start=-1)}), "PROFILE-VALUE"),
        (Profile(channels={1: Channel(type="Foo")}), "PROFILE-VALUE"),
        (Profile(flags={60: True}), "PROFILE-VALUE"),
        (Profile(names=Names(short="n" * 32)), "PROFILE-VALUE"),
        (Profile(wifi=Wifi(ssid="n" * 64)), "PROFILE-VALUE"),
        (Profile(wifi=Wifi(web_password=Secret("abc"))), "PROFILE-VALUE"),
        (Profile(mqtt=Mqtt(password=Secret("p" * 128))), "PROFILE-VALUE"),
        (Profile(mqtt=Mqtt(port=70000)), "PROFILE-VALUE"),
        (Profile(on_power_up="maybe"), "PROFILE-VALUE"),
        (Profile(wifi=Wifi(ssid2="")), "OBK-CANNOT-SET"),
        (Profile(wifi=Wifi(ssid="")), "OBK-CANNOT-SET"),
        (Profile(names=Names(short="a b")), "OBK-CANNOT-SET"),
        (Profile(names=Names(long="")), "OBK-CANNOT-SET"),
    ],
)
def test_what_the_firmware_would_say_ok_to_and_not_keep_is_refused(
    profile: Profile, code: str
) -> None:
    with pytest.raises(FaultError) as caught:
        plan(profile)
    assert caught.value.fault.code == code
    assert caught.value.fault.exit == 3


def test_lengths_that_just_fit_are_planned() -> None:
    fits = Profile(
        names=Names("n" * 31, "l" * 63),
        wifi=Wifi("s" * 63, Secret("p" * 63), web_password=Secret("w" * 32)),
        mqtt=Mqtt("h." * 63 + "h", password=Secret("q" * 127)),
        startup="x" * 1567,
    )
    assert len(plan(fits).steps) == 4


def test_warnings_speak_of_what_the_profile_brings() -> None:
    two = plan(Profile(pins={9: Pin("Rel", 1)}))
    assert any("2 relays are on channel 1" in text for text in two.warnings)
    assert not plan(Profile(startup="x")).warnings  # P10 and P11 were in use before


def test_a_flag_that_the_build_lacks_is_refused() -> None:
    with pytest.raises(FaultError) as caught:
        plan(Profile(flags={51: True}), lambda d: replace(d, flags=d.flags[:44]))
    assert caught.value.fault.code == "OBK-CANNOT-SET"


def test_names_are_filled_by_mac() -> None:
    made = plan(Profile(names=Names(short="plug-{mac6}")))
    assert values(made, "/cfg_name")["shortName"] == "plug-5C94FA"


def test_a_plug_in_the_network_has_no_wires_to_take_off() -> None:
    bare = replace(device().profile, pins={}, drivers=None)
    made = plan(Profile(pins={10: Pin("WifiLED", 0)}), lambda d: replace(d, profile=bare))
    (said,) = (text for text in made.warnings if text.startswith("P10 "))
    assert "serial line" in said and said.endswith("it is gone.") and "RX1" not in said
