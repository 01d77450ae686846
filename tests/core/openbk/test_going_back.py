"""Going back to a whole configuration: what it leaves out is brought back, too."""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.events import Event
from core.job import Job
from core.openbk.client import Client
from core.openbk.difference import changes, complete
from core.openbk.tasks.apply import ApplyOptions, apply
from core.openbk.tasks.past import past, undo
from core.openbk.tasks.restore import RestoreOptions, restore
from core.profile.block import Block
from core.profile.model import Channel, Names, Pin, Profile, Secret, Wifi
from tests.core.openbk.bench import MAC, Bench, Given, fault_of, lsc, plugged, result_of
from tests.virtual_clock import virtual

YES = {"relays-switch": "yes", "apply-plan": "yes", "raw-restore": "yes"}
MORE = Profile(pins={2: Pin("dInput", 5)}, channels={5: Channel("Toggle", 1)})


def connect(host: str, password: str = "") -> Client:
    return Client(host, password, connect_timeout=1.0)


def bench_in(folder: Path) -> Bench:
    return Bench(folder, answers=Given(YES))


def test_a_whole_configuration_names_what_is_free() -> None:
    before = Block.parse(lsc()).profile()
    after = Block.parse(lsc(MORE)).profile()
    assert changes(after, before) == []
    assert [c.path for c in changes(after, complete(before))] == [
        "pins.2",
        "channels.5.type",
        "channels.5.start",
    ]
    assert changes(before, complete(before)) == []


@virtual
async def test_undo_frees_a_pin_that_was_free(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        chosen = ApplyOptions(hosts=(served.host,), profile=MORE)
        result_of(await bench.run(lambda r: apply(r, chosen, connect=connect, store=bench.store)))
        assert served.device.config.role(2)
        task = lambda r: undo(r, served.host, -1, connect=connect, store=bench.store)  # noqa: E731
        assert result_of(await bench.run(task))["changed"] == [
            "pins.2",
            "channels.5.type",
            "channels.5.start",
        ]
        assert not served.device.config.role(2)
        kept = await bench.run(lambda r: past(r, MAC, connect=connect, store=bench.store))
        rows = result_of(kept)["entries"]
        assert isinstance(rows, list)
        assert next(c["path"] for c in rows[-1]["changes"]) == "pins.2"


@virtual
async def test_undo_says_the_name_that_the_device_has_then(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    async with plugged() as served:
        chosen = ApplyOptions(hosts=(served.host,), profile=Profile(names=Names("second")))
        result_of(await bench.run(lambda r: apply(r, chosen, connect=connect, store=bench.store)))
        task = lambda r: undo(r, served.host, -1, connect=connect, store=bench.store)  # noqa: E731
        result = result_of(await bench.run(task))
    assert result["name"] == "plug1" and str(result["summary"]).startswith("plug1: ")


@virtual
async def test_a_restored_configuration_frees_pins(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    (tmp_path / "old.sector").write_bytes(lsc())
    async with plugged(config=lsc(MORE)) as served:
        chosen = RestoreOptions(host=served.host, backup=tmp_path / "old.sector")
        result_of(await bench.run(lambda r: restore(r, chosen, connect=connect, store=bench.store)))
        assert not served.device.config.role(2)


@virtual
async def test_a_pin_that_got_a_role_meanwhile_is_noticed(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    seen = Block.parse(lsc()).profile()
    async with plugged(config=lsc(MORE)) as served:
        chosen = ApplyOptions(
            hosts=(served.host,), profile=Profile(flags={21: True}), expected=seen
        )
        outcome = await bench.run(lambda r: apply(r, chosen, connect=connect, store=bench.store))
        assert fault_of(outcome).code == "OBK-CHANGED" and "pins.2" in fault_of(outcome).what
        assert not served.device.config.flag(21)


@virtual
async def test_a_raw_restore_knows_the_web_password_that_comes_back(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    old = lsc(Profile(wifi=Wifi(web_password=Secret("before it"))))
    (tmp_path / "old.sector").write_bytes(old)
    now = lsc(Profile(wifi=Wifi(web_password=Secret("nowadays"))))
    async with plugged(config=now) as served:

        def pull(_job: Job, event: Event) -> None:
            if getattr(event.body, "code", "") == "CUT-POWER":
                asyncio.get_running_loop().call_later(30, served.device.power_cut)

        chosen = RestoreOptions(host=served.host, backup=tmp_path / "old.sector", raw=True)
        outcome = await bench.run(
            lambda r: restore(
                r, chosen, connect=lambda h: connect(h, "nowadays"), store=bench.store
            ),
            pull,
        )
        assert result_of(outcome)["identical"] is True
