"""The configuration sector: the chip's checksum, fixed places, nothing else touched."""

import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.fault import FaultError
from core.profile.block import SIZE, Block, crc8
from core.profile.model import (
    Channel,
    Mqtt,
    Names,
    Network,
    Pin,
    Profile,
    Secret,
    Wifi,
    beyond,
    diff,
    flat,
    merged,
)
from core.profile.tables import ROLES

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "openbk"
FRESH = SAMPLES / "011_api_flash_config_1e1000.http"

# (input, checksum as the chip computes it): BK7231 sheet 9.2
VECTORS = [
    (b"\x01", 0x30),
    (b"\x80", 0x8C),
    (b"123456789", 0x63),
    (bytes(range(256)), 0xDB),
    (bytes(3580), 0x00),
]
WORKED = Profile(
    names=Names("obk12345678", "OpenBK7231N_12345678"),
    wifi=Wifi("MyWifi", Secret("secret123")),
    mqtt=Mqtt("192.168.1.10", 1883, "homeassistant", None, "obk12345678", "bekens_n"),
    pins={6: Pin("Rel", 1), 7: Pin("WifiLED_n", 0), 8: Pin("Btn", 1)},
)


def resealed(data: bytearray) -> bytes:
    data[3] = crc8(bytes(data[4:SIZE]))
    return bytes(data)


@pytest.mark.parametrize(("data", "value"), VECTORS)
def test_checksum(data: bytes, value: int) -> None:
    assert crc8(data) == value


def test_the_worked_block() -> None:
    """BK7231 sheet 9.5, byte for byte."""
    block = Block.parse(Block.new().with_profile(WORKED).sector())
    assert block.data[3] == 0xCB
    assert zlib.crc32(block.data) == 0x61FF0228
    assert zlib.crc32(block.sector()) == 0x86E63C05


def test_the_smallest_block() -> None:
    data = bytearray(SIZE)
    data[:3], data[4] = b"CFG", 4
    data[0x14:0x18], data[0x54:0x5C] = b"test", b"12345678"
    data[0x294:0x296] = (1883).to_bytes(2, "little")
    assert resealed(data)[3] == 0x7E
    data[4] = 5
    assert resealed(data)[3] == 0x2C


def test_a_new_block_is_what_the_running_firmware_makes() -> None:
    """A sector that a fresh OpenBeken wrote; it fills in its own MAC, names and a public
    default password."""
    if not FRESH.exists():
        pytest.skip(f"{FRESH.name} is not here")
    fresh = FRESH.read_bytes().partition(b"\r\n\r\n")[2]
    own = {range(0x010, 0x012), range(0x214, 0x294), range(0x2D8, 0x2DE), range(0x53C, 0x554)}
    made = bytearray(
        Block.new()
        .with_profile(
            Profile(
                names=Names("obkEECAFFEE", "OpenBK7231T_EECAFFEE"),
                mqtt=Mqtt(client="obkEECAFFEE"),
            )
        )
        .data
    )
    for place in own:
        made[place.start : place.stop] = fresh[place.start : place.stop]
    assert resealed(made) == Block.parse(fresh).data


def test_what_goes_beyond_a_base_gives_the_same_on_top_of_it() -> None:
    base = Block.new().profile()
    whole = Block.new().with_profile(WORKED).profile()
    short = beyond(base, whole)
    assert merged(base, short) == whole
    assert short.flags == {} and short.mqtt.port is None and short.pins == dict(whole.pins)


def test_version_3_is_checked_over_its_short_form() -> None:
    data = bytearray(SIZE)
    data[:3], data[4] = b"CFG", 3
    data[3000] = 0x55
    data[3] = crc8(bytes(data[4:2016]))
    assert Block.parse(bytes(data)).version == 3


def test_second_password_has_its_own_place() -> None:
    block = Block.new().with_profile(Profile(wifi=Wifi(password2=Secret("two"))))
    assert block.data[0xC40:0xC44] == b"two\0"
    assert block.data[0xC84:0xCA5] == bytes(33)


@pytest.mark.parametrize("damage", [b"", b"CFG", bytes(SIZE), b"\xff" * 4096])
def test_what_the_firmware_would_not_take(damage: bytes) -> None:
    with pytest.raises(FaultError) as caught:
        Block.parse(damage)
    assert caught.value.fault.code == "PROFILE-BLOCK"


@given(st.binary(max_size=4096))
def test_any_bytes_are_a_block_or_a_fault(data: bytes) -> None:
    with pytest.raises(FaultError):
        Block.parse(data)


def test_what_is_not_named_stays() -> None:
    data = bytearray(Block.new().data)
    data[0x4C4:0x527] = bytes(range(99))  # unused by this version
    before = Block.parse(resealed(data))
    after = before.with_profile(Profile(pins={8: Pin("Rel", 1)}, flags={31: True}))
    changed = {i for i in range(SIZE) if before.data[i] != after.data[i]}
    assert changed == {3, 0x33E + 8, 0x35E + 8, 0x00B}


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=7)
profiles = st.builds(
    Profile,
    startup=texts,
    names=st.builds(Names, texts, texts),
    wifi=st.builds(Wifi, texts, st.builds(Secret, texts)),
    mqtt=st.builds(Mqtt, texts, st.integers(1, 65535), texts, st.builds(Secret, texts)),
    network=st.builds(Network, *[st.ip_addresses(v=4).map(str)] * 4),
    pins=st.dictionaries(
        st.integers(0, 28),
        st.builds(Pin, st.sampled_from(ROLES[1:]), st.integers(0, 63), st.integers(1, 63)),
    ),
    channels=st.dictionaries(
        st.integers(0, 63), st.builds(Channel, st.just("Toggle"), st.integers(1, 99))
    ),
    flags=st.dictionaries(st.integers(0, 51), st.booleans()),
)


@settings(deadline=None, max_examples=50)
@given(profiles)
def test_what_is_written_is_read_back(profile: Profile) -> None:
    block = Block.parse(Block.new().with_profile(profile).sector())
    assert diff(block.profile(), profile) == []


def test_power_up_state_is_the_start_value_of_each_relay() -> None:
    pins = {8: Pin("Rel", 3), 9: Pin("Rel_n", 4), 7: Pin("Btn", 5)}
    for word, value in (("off", None), ("on", 1), ("remember", -1)):
        block = Block.new().with_profile(Profile(pins=pins, on_power_up=word))
        starts = {n: c.start for n, c in block.profile().channels.items()}
        assert starts == ({} if value is None else {3: value, 4: value})


@pytest.mark.parametrize(
    "bad",
    [
        Profile(pins={8: Pin("Nonsense")}),
        Profile(pins={40: Pin("Rel")}),
        Profile(names=Names("x" * 32)),
        Profile(wifi=Wifi(password=Secret("x" * 65))),
        Profile(channels={1: Channel("Nonsense")}),
    ],
)
def test_what_has_no_place_is_refused(bad: Profile) -> None:
    with pytest.raises(FaultError) as caught:
        Block.new().with_profile(bad)
    assert caught.value.fault.code == "PROFILE-VALUE"


def test_a_secret_never_shows() -> None:
    secret = Secret("hunter2")
    profile = replace(WORKED, wifi=Wifi("net", secret))
    assert "hunter2" not in f"{secret} {secret!r} {profile!r} {flat(profile)}"
