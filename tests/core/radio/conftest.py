"""A BlueZ stand-in for tests with bleak's own backend; without dbus-daemon they are skipped."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from core.radio.radio import Radio
from core.sim.air import Air
from core.sim.bluez import BlueZ
from core.sim.bluez_host import StackHost
from tests.core.radio.bleak_bus import forget_bleak

NEEDS_BUS = "dbus-daemon is not installed (sudo apt install dbus-daemon)"


class Stand:
    """One air, one stack, one bus; a radio on top of bleak's own backend."""

    def __init__(self, air: Air, stack: StackHost, bluez: BlueZ) -> None:
        self.air, self.stack, self.bluez = air, stack, bluez
        self.log: list[str] = []
        self.radios: list[Radio] = []

    def radio(self, adapter: str = "") -> Radio:
        self.radios.append(Radio(adapter=adapter, log=self.log.append))
        return self.radios[-1]


@pytest.fixture
def stand(monkeypatch):
    """Makes a stand: `async with stand(...) as s`.  Options are those of StackHost and BlueZ."""
    if shutil.which("dbus-daemon") is None:
        pytest.skip(NEEDS_BUS)

    @asynccontextmanager
    async def made(
        *, denied: bool = False, service: bool = True, **options: object
    ) -> AsyncIterator[Stand]:
        air = Air(noise=0)
        stack = StackHost(air, **options)
        bluez = BlueZ(stack, denied=denied, service=service)
        await bluez.start()
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bluez.address)
        here = Stand(air, stack, bluez)
        try:
            yield here
        finally:
            for radio in here.radios:
                await radio.close()
            await forget_bleak()
            air.close()
            stack.close()
            await bluez.close()

    return made
