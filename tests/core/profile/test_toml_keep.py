"""A profile that a person wrote stays theirs when it is changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.fault import FaultError
from core.profile.model import Channel, Mqtt, Names, Pin, Profile, Secret, Wifi
from core.profile.toml_file import SHIPPED, dump, load, parse
from core.profile.toml_keep import Changed, changed

MINE = """\
# my plugs in the stairwell
chip = "bk7231n"
startup = ""            # nothing yet

[names]
short = "plug-{mac6}"   # by MAC

[wifi]
ssid = "House"
password = { secret = "home-wifi" }

[pins]
# the relay clicks when P8 is high
8 = { role = "Rel", channel = 1 }   # relay
6 = { role = "LED", channel = 1 }
"""


def test_the_same_profile_leaves_every_byte() -> None:
    assert changed(MINE, parse(MINE)) == Changed(MINE, 0, 0, 0, True)
    assert changed(MINE, parse(MINE)).line == "nothing changed, comments kept"


def test_values_change_in_place_and_comments_stay() -> None:
    profile = parse(MINE)
    wanted = replace(
        profile,
        startup="startDriver NTP",
        names=Names("other", "Long"),
        mqtt=Mqtt("10.0.0.5", 1884, password=Secret(name="broker")),
        pins={8: Pin("Rel_n", 1), 6: profile.pins[6], 26: Pin("BL0937CF")},
        channels={1: Channel("Toggle", -1)},
        flags={10: True},
        drivers=("BL0937", "NTP"),
        files={"autoexec.bat": "a\nb"},
    )
    text = changed(MINE, wanted).text
    assert parse(text) == wanted
    for kept in ("# my plugs in the stairwell", "# nothing yet", "# by MAC", "# relay",
                 "# the relay clicks", 'password = { secret = "home-wifi" }'):  # fmt: skip
        assert kept in text
    assert text.index("Rel_n") < text.index("LED") < text.index("BL0937CF")


def test_what_is_not_wanted_any_more_goes() -> None:
    text = changed(MINE, replace(parse(MINE), pins={6: Pin("LED", 1)})).text
    assert 6 in parse(text).pins and 8 not in parse(text).pins
    assert "# by MAC" in text


TABLES = (
    """\
# mine
chip = "bk7231n"

[pins.6]
role = "LED"            # the "blue" one
channel = 1

# the relay
[pins.8]
role = "Rel"  # clicks
channel = 1

[channels.1]
type = "Toggle"

# the broker in the cellar
[mqtt]
host = "10.0.0.5" # cellar

[files]
"autoexec.bat" = """
    + """'''
# no comment, and [pins.6] no table
role = "x"
'''   # runs at boot

[wifi.password]
secret = "home"   # in keys.toml
"""
)


def test_tables_of_any_depth_are_changed_in_place() -> None:
    profile = parse(TABLES)
    wanted = replace(
        profile,
        pins={6: Pin("LED_n", 1), 8: Pin("Rel", 2, 3), 26: Pin("BL0937CF")},
        channels={1: Channel("Toggle", -1), 2: Channel("Dimmer")},
        mqtt=Mqtt("10.0.0.6"),
        files={"autoexec.bat": "role = 1\n"},
        wifi=Wifi(password=Secret(name="other")),
    )
    found = changed(TABLES, wanted)
    assert parse(found.text) == wanted and found.comments is True
    for kept in ("# mine", '# the "blue" one', "# the relay\n[pins.8]", "# clicks",
                 "# the broker in the cellar\n[mqtt]", "# cellar", "# runs at boot",
                 "# in keys.toml", "[pins.26]\n", "[channels.2]\n"):  # fmt: skip
        assert kept in found.text, kept
    assert "\n[pins]" not in found.text
    assert found.line == "6 changed, 2 added, comments kept"


def test_a_table_that_is_not_wanted_goes_with_its_header() -> None:
    profile = parse(TABLES)
    wanted = replace(profile, pins={6: profile.pins[6]}, channels={})
    found = changed(TABLES, wanted)
    assert parse(found.text) == wanted and "[pins.8]" not in found.text
    assert "# clicks" not in found.text and "# the relay" in found.text
    assert found.line == "2 removed, comments kept"


DOTS = """\
mqtt.host = "10.0.0.5"   # cellar
[pins]
8.role = "Rel"  # clicks
"6" = { role = "LED" }
"""


def test_dotted_keys_are_changed_in_place() -> None:
    wanted = Profile(
        mqtt=Mqtt("10.0.0.5", 1884), pins={8: Pin("Rel", 2), 6: Pin("LED_n"), 7: Pin("Btn")}
    )
    found = changed(DOTS, wanted)
    assert parse(found.text) == wanted and found.comments is True
    assert "mqtt.port = 1884" in found.text and "8.channel = 2" in found.text
    assert found.text.count("[") == 1


def test_lines_keep_their_endings() -> None:
    dos = MINE.replace("\n", "\r\n")
    assert changed(dos, parse(dos)).text == dos
    found = changed(dos, replace(parse(dos), startup="x")).text
    assert found == dos.replace('startup = ""', 'startup = "x"')


def test_a_form_that_cannot_be_changed_by_lines_is_written_anew_and_said() -> None:
    inline = '# lost\npins = { 8 = { role = "Rel", channel = 1 } }\n'
    wanted = Profile(pins={8: Pin("Rel_n", 2)})
    found = changed(inline, wanted)
    assert parse(found.text) == wanted and found.comments is False
    assert found.line == "1 changed, comments could not be kept"
    bare = changed(inline.removeprefix("# lost\n"), wanted)
    assert parse(bare.text) == wanted and bare.line == "1 changed"


def test_a_comment_inside_a_value_that_changes_is_not_called_kept() -> None:
    found = changed('drivers = [\n  "NTP", # time\n]\n', Profile(drivers=("BL0937",)))
    assert parse(found.text).drivers == ("BL0937",) and found.comments is False


def test_what_a_tool_wrote_and_a_person_commented_stays() -> None:
    """The export itself writes a table for each pin."""
    profile = load(SHIPPED / "lsc-3202087.toml")
    mine = dump(profile).replace('role = "Rel"', 'role = "Rel"  # K1', 1)
    wanted = replace(profile, pins={**profile.pins, 8: Pin("Rel_n", 1)})
    found = changed(mine, wanted)
    assert '[pins.8]\nrole = "Rel_n"  # K1' in found.text
    assert found.line == "1 changed, comments kept"


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda p: p.stem)
def test_shipped_profiles_keep_their_warnings(path: object) -> None:
    text = path.read_text()  # type: ignore[attr-defined]
    found = changed(text, replace(parse(text), wifi=Wifi("House"))).text
    assert parse(found).wifi.ssid == "House"
    assert "take RX1 and TX1 off" in found


def test_secrets_are_never_written_as_values() -> None:
    found = changed(MINE, replace(parse(MINE), mqtt=Mqtt(password=Secret("geheim")))).text
    assert "geheim" not in found and "# by MAC" in found


def test_what_is_no_profile_is_refused() -> None:
    with pytest.raises(FaultError):
        changed("= 3", Profile())


@given(
    st.dictionaries(st.integers(0, 28), st.sampled_from(["Rel", "LED", "Btn"]), max_size=4),
    st.text(alphabet="ab\"#'\\=[]\nü ", max_size=12),
    st.dictionaries(st.integers(0, 51), st.booleans(), max_size=4),
)
@settings(max_examples=30, deadline=None)
def test_whatever_is_wanted_is_what_is_read_back(
    pins: dict[int, str], startup: str, flags: dict[int, bool]
) -> None:
    wanted = Profile(
        startup=startup, pins={n: Pin(role, 1) for n, role in pins.items()}, flags=flags
    )
    for text in (MINE, TABLES, DOTS, dump(wanted), ""):
        assert parse(changed(text, wanted).text) == wanted
