"""A profile that a person wrote stays theirs when it is changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.fault import FaultError
from core.profile.model import Channel, Mqtt, Names, Pin, Profile, Secret, Wifi
from core.profile.toml_file import SHIPPED, dump, parse
from core.profile.toml_keep import changed

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
    assert changed(MINE, parse(MINE)) == MINE


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
    text = changed(MINE, wanted)
    assert parse(text) == wanted
    for kept in ("# my plugs in the stairwell", "# nothing yet", "# by MAC", "# relay",
                 "# the relay clicks", 'password = { secret = "home-wifi" }'):  # fmt: skip
        assert kept in text
    assert text.index("Rel_n") < text.index("LED") < text.index("BL0937CF")


def test_what_is_not_wanted_any_more_goes() -> None:
    text = changed(MINE, replace(parse(MINE), pins={6: Pin("LED", 1)}))
    assert 6 in parse(text).pins and 8 not in parse(text).pins
    assert "# by MAC" in text


def test_a_form_that_cannot_be_changed_by_lines_is_written_anew() -> None:
    tables = '# lost\n[pins.8]\nrole = "Rel"\nchannel = 1\n'
    wanted = Profile(pins={8: Pin("Rel_n", 2)})
    assert parse(changed(tables, wanted)) == wanted


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda p: p.stem)
def test_shipped_profiles_keep_their_warnings(path: object) -> None:
    text = path.read_text()  # type: ignore[attr-defined]
    found = changed(text, replace(parse(text), wifi=Wifi("House")))
    assert parse(found).wifi.ssid == "House"
    assert "take RX1 and TX1 off" in found


def test_secrets_are_never_written_as_values() -> None:
    found = changed(MINE, replace(parse(MINE), mqtt=Mqtt(password=Secret("geheim"))))
    assert "geheim" not in found and "# by MAC" in found


def test_what_is_no_profile_is_refused() -> None:
    with pytest.raises(FaultError):
        changed("= 3", Profile())


@given(
    st.dictionaries(st.integers(0, 28), st.sampled_from(["Rel", "LED", "Btn"]), max_size=4),
    st.text(alphabet="ab\"#'\\=[]\nü ", max_size=12),
    st.dictionaries(st.integers(0, 51), st.booleans(), max_size=4),
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_wanted_is_what_is_read_back(
    pins: dict[int, str], startup: str, flags: dict[int, bool]
) -> None:
    wanted = Profile(
        startup=startup, pins={n: Pin(role, 1) for n, role in pins.items()}, flags=flags
    )
    for text in (MINE, dump(wanted), ""):
        assert parse(changed(text, wanted)) == wanted
