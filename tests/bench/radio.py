"""2000 adverts a second over the BlueZ stand-in: what is lost, what each costs.

    python tests/bench/radio.py [SECONDS]

The stand-in is a process of its own, and so is the message bus; here are bleak's own BlueZ
backend, the radio, and decoding with all its state.  Each device numbers its adverts.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from table import Row, show

from core.air.air import Air as Table
from core.radio.advert import Advert
from core.radio.radio import Radio
from core.sim.air import Air
from core.sim.bluez import BlueZ
from core.sim.bluez_host import StackHost
from core.sim.peripheral import Peripheral

RATE = 2000
DEVICES = 200
SECONDS = 30.0
STEP = 0.005
KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")
TAILS = (bytes.fromhex("0a38856f0a9885690ace588d"), bytes.fromhex("0be02e004a380943b400013a"))


def address(number: int) -> str:
    return f"A4:C1:38:00:{number >> 8:02X}:{number & 0xFF:02X}"


class Numbered(Peripheral):
    """A meter; those with even numbers are encrypted.  `load` lets it send, no timer does."""

    interval = (1e9, 1e9)

    def __init__(self, number: int) -> None:
        super().__init__(address(number))
        self._count = 0
        self._mac = bytes.fromhex(self.address.replace(":", ""))
        self._sealed = number % 2 == 0

    def advert(self) -> bytes:
        self._count += 1
        objects = bytes([0x00, self._count & 0xFF]) + TAILS[self._count % 2]
        data = b"\x40" + objects
        if self._sealed:
            counter = self._count.to_bytes(4, "little")
            nonce = self._mac + b"\xd2\xfc\x41" + counter
            both = AESCCM(KEY, tag_length=4).encrypt(nonce, objects, None)
            data = b"\x41" + both[:-4] + counter + both[-4:]
        return b"\x02\x01\x06" + bytes([len(data) + 3, 0x16]) + b"\xd2\xfc" + data


async def load(seconds: float) -> None:
    """The stand-in: says its address, waits for a line, sends, says how many it sent."""
    air = Air(noise=0)
    bluez = BlueZ(StackHost(air))
    await bluez.start()
    devices = [Numbered(number) for number in range(DEVICES)]
    print(bluez.address, flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    began, sent = asyncio.get_running_loop().time(), 0
    while (passed := asyncio.get_running_loop().time() - began) < seconds:
        while sent < passed * RATE:
            air.send(devices[sent % DEVICES])
            sent += 1
        await asyncio.sleep(STEP)
    print(sent, flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await bluez.close()


@contextmanager
def stand_in(seconds: float) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, __file__, "--load", str(seconds)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        yield process
        process.communicate("\n")


class Counter:
    """Takes adverts into the table; counts them and the time that it costs."""

    def __init__(self) -> None:
        self.table = Table({address(number): KEY for number in range(0, DEVICES, 2)})
        self.heard = self.nanoseconds = 0

    def take(self, advert: Advert) -> None:
        began = time.thread_time_ns()
        self.table.hear(advert)
        self.nanoseconds += time.thread_time_ns() - began
        self.heard += 1


async def measure(process: subprocess.Popen[str], seconds: float) -> tuple[int, Counter, float]:
    """How many were sent, what came, and the processor time of this whole process."""
    assert process.stdout is not None and process.stdin is not None
    os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = process.stdout.readline().strip()
    counter = Counter()
    radio = Radio(log=lambda text: print(text, file=sys.stderr))
    await radio.listen(counter.take)
    await asyncio.sleep(1.0)
    began = time.process_time()
    process.stdin.write("\n")
    process.stdin.flush()
    sent = int(await asyncio.to_thread(process.stdout.readline))
    for _ in range(100):
        if counter.heard >= sent:
            break
        await asyncio.sleep(0.1)
    spent = time.process_time() - began
    await radio.close()
    return sent, counter, spent


def main(seconds: float = SECONDS) -> bool:
    with stand_in(seconds) as process:
        sent, counter, spent = asyncio.run(measure(process, seconds))
    each = 1e6 / max(counter.heard, 1)
    rows = [
        Row("adverts sent, a second", sent / seconds, None, "/s"),
        Row("lost", float(sent - counter.heard), 0, ""),
        Row("decode + state, CPU each", counter.nanoseconds / 1000 / counter.heard, 60, "us"),
        Row("the whole process, CPU each", spent * each, None, "us"),
    ]
    return show(f"The radio at {RATE} adverts/s for {seconds:.0f} s, {DEVICES} devices", rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--load"]:
        asyncio.run(load(float(sys.argv[2])))
    else:
        sys.exit(0 if main(*map(float, sys.argv[1:])) else 1)
