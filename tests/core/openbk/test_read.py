"""A whole device as a profile, whatever stands in its names."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from core.openbk.client import Client
from core.openbk.read import REQUESTS, read_device
from core.profile.block import Block
from core.profile.model import Channel, Mqtt, Names, Pin, Profile, Secret, Wifi
from core.sim.openbk_http import serve_openbk
from tests.core.openbk.bench import MAC, lsc, options, talking
from tests.virtual_clock import run, virtual

ODD = Profile(
    startup='echo "a\\b"; echo ü\nbacklog x',
    names=Names('a"b', "Küche <1> 😀"),
    wifi=Wifi("Net 5", Secret('p"><br>$;\\x'), "second", Secret("geheim"), Secret("hunter22")),
    mqtt=Mqtt("10.0.0.5", 1884, 'u"x', Secret('$e;&%c"'), "plug/1", "grp"),
    flags={2: True, 38: True, 51: True},
    channels={1: Channel("Toggle", -1), 40: Channel("Dimmer", 7)},
)  # fmt: skip


@virtual
async def test_everything_is_read() -> None:
    async with talking() as (client, served):
        served.device.files["autoexec.bat"] = b"startDriver NTP\n"
        served.device.files["web/a.txt"] = b"x"
        device = await read_device(client)
    assert device.mac == MAC and device.chip == "BK7231N" and device.info.version == "1.18.299"
    assert device.profile.pins[8] == Pin("Rel", 1)
    assert device.profile.channels[1] == Channel("Toggle", None)
    assert device.profile.files == {"autoexec.bat": "startDriver NTP\n", "web/a.txt": "x"}
    assert device.profile.drivers == ("BL0937",)
    assert device.relays == (1,) and device.aliases[8] == "PWM2"
    assert len(device.flags) == 52 and device.flags[10].on
    assert len(device.sector) == 4096


@virtual
async def test_odd_texts_are_read_byte_for_byte() -> None:
    async with talking(config=lsc(ODD)) as (client, _):
        client.password = "hunter22"
        found = (await read_device(client)).profile
    assert found.startup == ODD.startup
    assert found.names == ODD.names
    assert found.wifi == ODD.wifi
    assert found.mqtt == ODD.mqtt
    assert {n for n, on in found.flags.items() if on} == {2, 10, 38, 51}
    assert found.channels == ODD.channels


TEXT = st.text(
    alphabet=st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=("Cs",)),
    min_size=1,
    max_size=12,
)


@given(TEXT, TEXT, TEXT, TEXT)
@settings(max_examples=15, deadline=None)
def test_any_names_and_passwords_are_read_as_they_are(
    long: str, user: str, password: str, start: str
) -> None:
    over = Profile(
        startup=start, names=Names(None, long), mqtt=Mqtt(user=user, password=Secret(password))
    )

    async def main() -> Profile:
        served = await serve_openbk(options(config=lsc(over), late_body=0.0))
        client = Client(served.host)
        try:
            return (await read_device(client)).profile
        finally:
            await client.close()
            await served.close()

    found = run(main())
    assert (found.names.long, found.mqtt.user, found.startup) == (long, user, start)
    assert found.mqtt.password == Secret(password)


@virtual
async def test_the_requests_are_the_necessary_ones_and_none_twice() -> None:
    async with talking() as (client, served):
        await read_device(client)
        targets = [target for _, target in served.requests]
    assert len(targets) == len(set(targets)) == REQUESTS + 1  # and the root of the file system


@virtual
async def test_a_file_that_is_no_text_is_left_out_and_said() -> None:
    async with talking() as (client, served):
        served.device.files["x.bin"] = b"\xff\xfe"
        device = await read_device(client)
    assert device.profile.files == {}
    assert device.notes == ("x.bin is no text and is left out.",)


@virtual
async def test_a_sector_that_is_damaged_leaves_what_the_pages_say() -> None:
    async with talking() as (client, served):
        served.device.flash[served.device.config_at] = b"\0" * 4096
        device = await read_device(client)
    assert device.profile.names.short == "plug1"
    assert device.profile.calibration.voltage is None


@virtual
async def test_the_block_that_the_device_came_up_with_is_what_is_read() -> None:
    async with talking(config=lsc(ODD)) as (client, _):
        client.password = "hunter22"
        device = await read_device(client)
    stored = Block.parse(device.sector).profile()
    assert device.profile.pins == stored.pins
    assert device.profile.mqtt == stored.mqtt
