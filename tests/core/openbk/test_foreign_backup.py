"""A backup of another device, and what of a backup does not come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.openbk.client import Client
from core.openbk.foreign import known_mac
from core.openbk.tasks.restore import RestoreOptions, restore
from core.profile.model import Calibration, Mqtt, Names, Profile, Secret
from tests.core.openbk.bench import MAC, Bench, Given, fault_of, lsc, plugged, result_of
from tests.virtual_clock import virtual

OTHER = "C0:FF:EE:12:34:56"
THEIRS = lsc(
    Profile(
        names=Names("theirs", "Their plug"),
        mqtt=Mqtt("10.1.1.1", client="their-client"),
        calibration=Calibration(voltage=0.25),
    )
)
OURS = lsc(Profile(mqtt=Mqtt(password=Secret("geheim-4711"))))
YES = {"relays-switch": "yes", "apply-plan": "yes", "raw-restore": "yes"}


def connect(host: str) -> Client:
    return Client(host, connect_timeout=1.0)


def backup_of(mac: str, folder: Path) -> Path:
    """A sector in the folder of backups of the device with this MAC."""
    path = folder / "backups" / mac.replace(":", "").lower() / "20261120T140000Z-config.sector"
    path.parent.mkdir(parents=True)
    path.write_bytes(THEIRS)
    return path


@virtual
@pytest.mark.parametrize("raw", [False, True], ids=["values", "raw"])
async def test_a_backup_of_another_plug_is_asked_for_by_mac(tmp_path: Path, raw: bool) -> None:
    bench = Bench(tmp_path, answers=Given(YES))
    backup = backup_of(OTHER, tmp_path)
    async with plugged(config=OURS) as served:
        chosen = RestoreOptions(host=served.host, backup=backup, raw=raw)
        outcome = await bench.run(lambda r: restore(r, chosen, connect=connect, store=bench.store))
        assert fault_of(outcome).code == "UNANSWERED"  # no plan was shown, nothing was sent
        assert served.device.config.get("names.short") == "plug1"
        assert not [target for method, target in served.requests if method == "POST"]
    (question,) = bench.answers.asked
    assert question.expect == "5C94FA" and question.flag == "--confirm"
    for said in (OTHER, MAC, "short name 'theirs'", "MQTT client 'their-client'"):
        assert said in question.text


@virtual
async def test_what_does_not_come_back_is_said_and_the_new_name_is_shown(tmp_path: Path) -> None:
    bench = Bench(tmp_path, answers=Given({**YES, "other-device": "5C94FA"}))
    backup = backup_of(OTHER, tmp_path)
    async with plugged(config=OURS) as served:
        chosen = RestoreOptions(host=served.host, backup=backup)
        result = result_of(
            await bench.run(lambda r: restore(r, chosen, connect=connect, store=bench.store))
        )
        assert served.device.config.get("names.short") == "theirs"
    assert result["name"] == "theirs" and str(result["summary"]).startswith("theirs: ")
    assert result["left_out"] == ["calibration.voltage"] and result["emptied"] == ["mqtt.password"]
    said = [str(event.body) for event in bench.events if "LEFT-OUT" in str(event.body)]
    assert "(voltage)" in said[0] and "--factors" in said[0] and "mqtt.password" in said[1]
    assert "geheim-4711" not in bench.texts()


@virtual
async def test_its_own_backup_asks_nothing_more(tmp_path: Path) -> None:
    bench = Bench(tmp_path, answers=Given(YES))
    backup = backup_of(MAC, tmp_path)
    async with plugged() as served:
        chosen = RestoreOptions(host=served.host, backup=backup)
        result_of(await bench.run(lambda r: restore(r, chosen, connect=connect, store=bench.store)))
    assert "other-device" not in [question.key for question in bench.answers.asked]


def test_zeros_are_no_mac() -> None:
    assert known_mac("00:00:00:00:00:00") == known_mac("unknown") == ""
    assert known_mac("c0ffee123456") == OTHER
