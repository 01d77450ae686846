"""Between question and first request the address may change hands, or the device its mind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.events import Question
from core.fault import FaultError, Touched
from core.job import Reporter, Result
from core.openbk.client import Client
from core.openbk.read import read_device
from core.openbk.still import require_same, require_still
from core.openbk.tasks.apply import ApplyOptions, apply
from core.openbk.tasks.calibrate import CalibrateOptions, calibrate, fixed
from core.openbk.tasks.ota import OtaOptions, ota
from core.openbk.tasks.restore import RestoreOptions, restore
from core.openbk.tasks.switch import SwitchOptions, switch
from core.profile.model import Mqtt, Names, Profile
from core.sim.firmware import openbeken_rbl
from core.sim.openbk_http import Served, serve_openbk
from tests.core.openbk.bench import Bench, Given, fault_of, options
from tests.virtual_clock import virtual

OTHER = bytes.fromhex("a4c1385c0002")
WANTED = Profile(names=Names(short="new"), mqtt=Mqtt(host="10.0.0.5"))


class Switchboard:
    """Connects an address to one device first, and from `swap` on to another."""

    def __init__(self, first: Served, second: Served) -> None:
        self.now, self.second = first, second

    def connect(self, _host: str) -> Client:
        """A client that stays the same while the device at its address does not."""
        board = self

        class Moved(Client):
            async def _exchange(self, *args: Any, **more: Any) -> httpx.Response:
                self._base = httpx.URL(f"http://{board.now.host}")
                return await super()._exchange(*args, **more)

        return Moved(self.now.host)

    def swap(self) -> None:
        self.now = self.second


@virtual
@pytest.mark.parametrize("hosts", [1, 2], ids=["one", "two"])
async def test_another_device_at_the_address_is_not_written(tmp_path: Path, hosts: int) -> None:
    """Swapped while the question is open; of two devices the other one is done all the same."""
    first, second = await serve_openbk(options()), await serve_openbk(options(mac=OTHER))
    third = await serve_openbk(options(mac=bytes.fromhex("a4c1385c0003")))
    board = Switchboard(first, second)
    bench = Bench(tmp_path)

    class Swapping(Given):
        async def answer(self, question: object) -> tuple[str, str]:
            if getattr(question, "key", "") == "apply-plan":
                board.swap()
            return await super().answer(question)  # type: ignore[arg-type]

    bench.answers = Swapping({"relays-switch": "yes", "apply-plan": "yes"})
    names = ("plug.lan", third.host)[:hosts]

    def connect(host: str) -> Client:
        return Client(third.host) if host == third.host else board.connect(host)

    chosen = ApplyOptions(hosts=names, profile=WANTED)
    try:
        outcome = await bench.run(lambda r: apply(r, chosen, connect=connect, store=bench.store))
    finally:
        for served in (first, second, third):
            await served.close()
    if hosts == 1:
        fault = fault_of(outcome)
        assert (fault.code, fault.touched, fault.exit) == ("OBK-OTHER-DEVICE", Touched.NOTHING, 3)
    else:
        assert "OBK-OTHER-DEVICE" in bench.texts()
        assert third.device.config.get("names.short") == "new"
    for served in (first, second):
        assert served.device.config.get("names.short") == "plug1"
        assert not [target for _method, target in served.requests if "cfg_mqtt_set" in target]


@virtual
async def test_what_somebody_set_while_the_question_was_open_is_not_overwritten() -> None:
    served = await serve_openbk(options())
    client = Client(served.host)
    try:
        device = await read_device(client)
        await require_still(client, device)
        await client.form("/cfg_mqtt_set", {"host": "9.9.9.9", "port": "1884", "client": "",
                                            "group": "", "user": "", "password": ""})  # fmt: skip
        with pytest.raises(FaultError) as caught:
            await require_still(client, device)
        assert caught.value.fault.code == "OBK-CHANGED"
        assert "mqtt.host" in caught.value.fault.what
        with pytest.raises(FaultError) as caught:
            info = replace(device.info, mac="00:00:00:00:00:01")
            await require_same(client, replace(device, info=info))
        assert caught.value.fault.code == "OBK-OTHER-DEVICE"
    finally:
        await client.close()
        await served.close()


@virtual
@pytest.mark.parametrize("kind", ["switch", "calibrate", "ota", "raw"])
async def test_no_other_job_begins_on_another_device(tmp_path: Path, kind: str) -> None:
    first = await serve_openbk(options(mac=OTHER))
    second = await serve_openbk(options(chip="BK7231T", mac=bytes.fromhex("a4c1385c0009")))
    board, before = Switchboard(first, second), second.device.config.sector()
    asked = {"relay-switch", "load", "ota", "raw-restore"}

    class Swapping(Given):
        async def answer(self, question: Question) -> tuple[str, str]:
            if question.key in asked:
                board.swap()
            return question.expect or "yes", "test"

    bench = Bench(tmp_path, answers=Swapping({}))
    sector = tmp_path / "sector.bin"
    sector.write_bytes(first.device.config.sector())
    image = tmp_path / "OpenBK7231N_1.18.300.rbl"
    image.write_bytes(openbeken_rbl())
    store = bench.store
    jobs: dict[str, Callable[[Reporter], Awaitable[Result]]] = {
        "switch": lambda r: switch(
            r, SwitchOptions(host="p", channel=1), connect=board.connect, store=store
        ),
        "calibrate": lambda r: calibrate(
            r, CalibrateOptions(host="p"), fixed(voltage=230.0), connect=board.connect, store=store
        ),
        "ota": lambda r: ota(
            r, OtaOptions(host="p", image=image), connect=board.connect, store=store
        ),
        "raw": lambda r: restore(
            r, RestoreOptions(host="p", backup=sector, raw=True), connect=board.connect,
            store=store,
        ),
    }  # fmt: skip
    try:
        fault = fault_of(await bench.run(jobs[kind]))
    finally:
        await first.close()
        await second.close()
    assert fault.code == "OBK-OTHER-DEVICE"
    assert not second.device.switched and second.device.config.sector() == before
    assert not any(method == "POST" for method, _target in second.requests)
