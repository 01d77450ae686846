"""Decoding against bthome-ble in one process, what a frame costs with all its state, and memory.

    python tests/bench/bthome.py

The meter's two kinds of frame, plain and encrypted.  Ids and counters rise by one, receive times
are 0.3 s apart, and each kind has a bthome-ble parser of its own, so that it never answers early.
"""

from __future__ import annotations

import logging
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[2]))

from bthome_ble.parser import BTHomeBluetoothDeviceData
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from habluetooth import BluetoothServiceInfoBleak
from table import Row, show

from core.air.air import Air
from core.bthome.cipher import BindKey
from core.bthome.packet import V2, decode, mac_bytes
from core.radio.advert import Advert

ADDRESS = "A4:C1:38:5C:94:FA"
MAC = mac_bytes(ADDRESS) or b""
KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")
UUID = "0000fcd2-0000-1000-8000-00805f9b34fb"
EVERY = 0.3
FRAMES = 6000
ROUNDS = 7
LONG_RUN = 1_000_000
TAILS = (
    bytes.fromhex("0a3885 6f0a9885690ace588d"),
    bytes.fromhex("0be02e004a380943b400013a"),
)


def packets(count: int, *, closed: bool, first: int = 200) -> Iterator[bytes]:
    """Tariffs and power in turn, each kind with its own id, one counter for both."""
    cipher = AESCCM(KEY, tag_length=4)
    for number in range(count):
        objects = bytes([0x00, (number // 2) & 0xFF]) + TAILS[number % 2]
        if not closed:
            yield b"\x40" + objects
            continue
        counter = (first + number).to_bytes(4, "little")
        body = cipher.encrypt(MAC + b"\xd2\xfc\x41" + counter, objects, None)
        yield b"\x41" + body[:-4] + counter + body[-4:]


def cpu(work: Callable[[], object]) -> float:
    """Microseconds of processor time a frame."""
    began = time.process_time()
    work()
    return (time.process_time() - began) / FRAMES * 1e6


def ours(frames: list[bytes], key: BindKey | None) -> None:
    read = 0
    for data in frames:
        read += len(decode(V2, data, MAC, key).readings)
    if read != FRAMES * 9 // 2:
        raise SystemExit(f"decoded {read} readings")


def info(data: bytes, moment: float) -> object:
    return BluetoothServiceInfoBleak(
        name="x", address=ADDRESS, rssi=-60, manufacturer_data={}, service_data={UUID: data},
        service_uuids=[], source="", device=None, advertisement=None, connectable=True,
        time=moment, tx_power=None,
    )  # fmt: skip


def theirs(infos: list[object], key: bytes | None) -> None:
    parsers = [BTHomeBluetoothDeviceData(bindkey=key) for _ in TAILS]
    read = 0
    for number, one in enumerate(infos):
        found = parsers[number % 2].update(one).entity_values
        read += len(found) - 1  # the signal strength is not in the packet
    if read != FRAMES * 9 // 2:
        raise SystemExit(f"bthome-ble decoded {read} values")


def pairs(closed: bool) -> tuple[float, float]:
    """Medians of rounds that take turns, so that a busy machine is busy for both."""
    frames = list(packets(FRAMES, closed=closed))
    infos = [info(data, number * EVERY) for number, data in enumerate(frames)]
    bind, raw = (BindKey(KEY), KEY) if closed else (None, None)
    found = [
        (cpu(lambda: ours(frames, bind)), cpu(lambda: theirs(infos, raw))) for _ in range(ROUNDS)
    ]
    return median(a for a, _ in found), median(b for _, b in found)


def with_state(closed: bool) -> float:
    """A frame with decoding, numbers, values, history and rate."""
    air = Air({ADDRESS: KEY} if closed else None)
    adverts = [
        Advert(number * EVERY, ADDRESS, "", -60, {UUID: data})
        for number, data in enumerate(packets(FRAMES, closed=closed))
    ]

    def work() -> None:
        for advert in adverts:
            air.hear(advert)

    return cpu(work)


def megabytes() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def growth() -> float:
    """Megabytes that a million frames of fifty meters add, once the table is full."""
    air = Air()
    addresses = [f"A4:C1:38:00:00:{number:02X}" for number in range(50)]
    start = 0.0
    for number, data in enumerate(packets(LONG_RUN, closed=False)):
        if number == LONG_RUN // 5:
            start = megabytes()
        air.hear(Advert(number * 0.006, addresses[number // 2 % 50], "", -60, {UUID: data}))
    return megabytes() - start


def main() -> bool:
    logging.getLogger("bthome_ble").setLevel(logging.CRITICAL)  # it warns of each power frame
    rows = []
    for name, closed in (("plain", False), ("encrypted", True)):
        mine, other = pairs(closed)
        rows.append(Row(f"{name} frame / bthome-ble", mine, 1 / 8, "us", theirs=other))
        rows.append(Row(f"{name} frame with state", with_state(closed), 60, "us"))
    rows.append(Row("memory over a million frames", growth(), 1.0, "MB"))
    return show("Decoding BTHome", rows)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
