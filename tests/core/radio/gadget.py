"""A connectable device for the tests of the radio: echoes, notifies, bonds when told to."""

from __future__ import annotations

import asyncio

from core.sim.peripheral import AttError, Central, Characteristic, Peripheral, Service, uuid16

ADDRESS = "A4:C1:38:5C:94:FA"
SERVICE = uuid16(0x1F10)
ECHO, LOCKED, MUTE = uuid16(0x1F1F), uuid16(0x1F20), uuid16(0x1F21)


class Gadget(Peripheral):
    """What is written comes back: as a notification and when read."""

    def __init__(self, address: str = ADDRESS, rssi: int = -60) -> None:
        super().__init__(address, rssi)
        self.value = b"\x01"
        self.links: list[Central] = []
        self.written: list[tuple[bytes, bool]] = []
        self.bonds: set[str] = set()
        self.locked_to = ""
        self.central: Central | None = None
        self._subscribed = False

    def advert(self) -> bytes:
        return bytes.fromhex("0201061216d2fc4000020a38856f0a9885690ace588d")

    def scan_response(self) -> bytes:
        return bytes([7, 9]) + b"Gadget"

    def services(self) -> tuple[Service, ...]:
        rw = ("read", "write", "write-without-response", "notify")
        return (
            Service(
                0x30,
                SERVICE,
                (
                    Characteristic(0x31, ECHO, rw),
                    Characteristic(0x34, LOCKED, ("read",)),
                    Characteristic(0x36, MUTE, ("read",)),
                ),
            ),
        )

    def accepts(self, central: str) -> bool:
        return not self.locked_to or self.locked_to == central

    def connected(self, central: Central) -> None:
        self.central = central
        self.links.append(central)

    def disconnected(self) -> None:
        self.central = None

    def subscribe(self, handle: int, on: bool) -> None:
        self._subscribed = on

    async def read(self, handle: int) -> bytes:
        if handle == 0x31:
            return self.value
        if handle == 0x36:
            await asyncio.sleep(1e6)
        raise AttError(0x0E)

    async def write(self, handle: int, data: bytes, *, response: bool) -> None:
        self.written.append((data, response))
        self.value = data
        if self._subscribed and self.central is not None:
            self.central.notify(0x31, data[::-1])

    def bonded(self, central: str) -> None:
        self.bonds.add(central)

    def knows(self, central: str) -> bool:
        return central in self.bonds
