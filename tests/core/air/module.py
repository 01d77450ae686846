"""The adverts of an electricity meter's module, V1.7, written from the meter sheet 1.2 to 1.4."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from core.radio.advert import Advert

ADDRESS = "A4:C1:38:5C:94:FA"
KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")
UUID = "0000fcd2-0000-1000-8000-00805f9b34fb"
EVERY = 0.3


def advert(data: bytes, time: float = 0.0, address: str = ADDRESS, name: str = "", rssi: int = -60,
           uuid: str = UUID) -> Advert:  # fmt: skip
    return Advert(time, address, name, rssi, {uuid: data})


class Module:
    """Two kinds of packet, each with its own id, one counter; each is repeated until rebuilt."""

    def __init__(self, key: bytes | None = None, address: str = ADDRESS) -> None:
        self.key, self.address = key, address
        self.counters = 1 << 32
        self.reboot()

    def reboot(self) -> None:
        self.time = getattr(self, "time", 0.0)
        self.raw_tariffs, self.raw_power = (0, 0, 0), (0, 0, 0, 0)
        self.ids = {"tariffs": 1, "power": 1}
        self.counter = 0
        self._turn = 0
        self.packets: dict[str, bytes] = {}
        self.rebuild("tariffs")
        self.rebuild("power")

    def set_key(self, key: bytes | None) -> None:
        self.key, self.counter = key, 0
        self.rebuild("tariffs")
        self.rebuild("power")

    def poll(self, tariffs: tuple[int, int, int], power: tuple[int, int, int, int]) -> None:
        """New values of the meter, in advertised steps; only what changed is rebuilt."""
        if tariffs != self.raw_tariffs:
            self.raw_tariffs = tariffs
            self.rebuild("tariffs")
        if power != self.raw_power:
            self.raw_power = power
            self.rebuild("power")

    def rebuild(self, kind: str) -> None:
        self.ids[kind] = (self.ids[kind] + 1) % 256
        objects = bytes([0x00, self.ids[kind]])
        if kind == "tariffs":
            for raw in self.raw_tariffs:
                objects += b"\x0a" + (raw & 0xFFFFFF).to_bytes(3, "little")
        else:
            watts, volts, amperes, battery = self.raw_power
            objects += b"\x0b" + watts.to_bytes(3, "little") + b"\x4a" + volts.to_bytes(2, "little")
            objects += b"\x43" + amperes.to_bytes(2, "little") + bytes([0x01, battery])
        self.counter = (self.counter + 1) % self.counters
        if self.key is None:
            self.packets[kind] = b"\x40" + objects
            return
        count = self.counter.to_bytes(4, "little")
        nonce = bytes.fromhex(self.address.replace(":", "")) + b"\xd2\xfc\x41" + count
        closed = AESCCM(self.key, tag_length=4).encrypt(nonce, objects, None)
        self.packets[kind] = b"\x41" + closed[:-4] + count + closed[-4:]

    def adverts(self, count: int) -> Iterator[Advert]:
        """The next adverts, a tariff packet first after power-up."""
        for _ in range(count):
            kind = ("tariffs", "power")[self._turn % 2]
            self._turn += 1
            self.time += EVERY
            yield advert(self.packets[kind], self.time, self.address)


TARIFFS = (7_308_600, 6_915_480, 9_263_310)
POWER = (12_000, 2_360, 180, 58)
