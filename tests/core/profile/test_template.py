"""OpenBeken's own forms of a profile: the device template and the script."""

import json

from core.profile import script, template
from core.profile.model import Channel, Pin, Profile, Secret, Wifi
from core.profile.tables import ROLES
from core.profile.toml_file import SHIPPED, load

SEED = {"6": "LED;1", "7": "Btn;1", "8": "Rel;1", "10": "WifiLED;0", "11": "BL0937SEL;0",
        "24": "BL0937CF1;0", "26": "BL0937CF;0"}  # fmt: skip
"""The pins of the Action LSC plug as devices.json has them, its Wi-Fi LED put right."""
KEYS = {"vendor", "bDetailed", "name", "model", "chip", "board", "flags", "keywords", "pins",
        "command", "image", "wiki"}  # fmt: skip


def test_the_shipped_plug_as_a_template():
    made = json.loads(template.dump(load(SHIPPED / "lsc-3202087.toml"), vendor="LSC", model="1"))
    assert set(made) == KEYS
    assert made["pins"] == SEED
    assert (made["chip"], made["board"], made["flags"]) == ("BK7231N", "CB2S", "1024")
    assert (made["vendor"], made["model"], made["bDetailed"]) == ("LSC", "1", "0")


def test_flags_are_a_decimal_text():
    made = template.to_template(Profile(flags={8: True, 40: True, 10: False}))
    assert made["flags"] == str(1 << 8 | 1 << 40)


def test_a_second_channel():
    assert template.pin_text(Pin("Btn", 1, 2)) == "Btn;1;2"
    assert template.pin_text(Pin("WifiLED")) == "WifiLED;0"


def test_roles_are_those_of_the_firmware():
    assert {text.split(";")[0] for text in SEED.values()} <= set(ROLES)


def test_the_script():
    profile = Profile(
        startup="startDriver BL0942",
        pins={8: Pin("Rel", 1), 7: Pin("Btn", 1, 2)},
        channels={1: Channel("Toggle", -1)},
        flags={10: True},
    )
    assert script.lines(profile) == [
        "stopDriver *",
        'StartupCommand ""',
        "backlog setPinRole 7 Btn; setPinChannel 7 1 2",
        "backlog setPinRole 8 Rel; setPinChannel 8 1",
        "SetChannelType 1 Toggle",
        "SetStartValue 1 -1",
        "SetFlag 10 1",
        'StartupCommand "startDriver BL0942"',
    ]


def test_nothing_that_is_not_named_is_sent():
    assert script.lines(Profile()) == []


def test_no_secret_gets_out():
    profile = Profile(wifi=Wifi("net", Secret("hunter2")), pins={8: Pin("Rel", 1)})
    assert "hunter2" not in template.dump(profile) + script.dump(profile)
    assert "ClearIO" not in script.dump(profile)
