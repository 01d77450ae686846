"""bthome-ble as an oracle: one packet, one fresh parser, its values by name."""

from __future__ import annotations

import logging

from bluetooth_sensor_state_data import SensorUpdate
from bthome_ble.parser import BTHomeBluetoothDeviceData
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from habluetooth import BluetoothServiceInfoBleak

from core.bthome.packet import UUIDS, mac_bytes

ADDRESS = "54:48:E6:8F:80:A5"
KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")
NAMES = {number: name for name, number in UUIDS.items()}

logging.getLogger("bthome_ble").setLevel(logging.CRITICAL)


def info(uuid: int, data: bytes, time: float = 0.0, address: str = ADDRESS) -> object:
    """One advert as the library wants it."""
    return BluetoothServiceInfoBleak(
        name="x", address=address, rssi=-60, manufacturer_data={}, service_data={NAMES[uuid]: data},
        service_uuids=[], source="", device=None, advertisement=None, connectable=True, time=time,
        tx_power=None,
    )  # fmt: skip


def values(update: SensorUpdate) -> dict[tuple[bool, str], object]:
    """(is a binary sensor, name) -> value; events are (type, properties)."""
    found = {
        (False, key.key): value.native_value
        for key, value in update.entity_values.items()
        if key.key != "signal_strength"
    }
    for key, value in update.binary_entity_values.items():
        found[True, key.key] = value.native_value
    for key, event in update.events.items():
        found[False, key.key] = (event.event_type, event.event_properties)
    return found


def heard(uuid: int, data: bytes, key: bytes | None = None) -> dict[tuple[bool, str], object]:
    """What the library makes of one packet."""
    parser = BTHomeBluetoothDeviceData(bindkey=key)
    return values(parser.update(info(uuid, data)))


def sealed(device_info: int | None, counter: int, objects: bytes, key: bytes = KEY) -> bytes:
    """An encrypted packet, v2 with its information byte, else v1 (sheet 7)."""
    mac = mac_bytes(ADDRESS) or b""
    count = counter.to_bytes(4, "little")
    if device_info is None:
        nonce, head, extra = mac + b"\x1e\x18" + count, b"", b"\x11"
    else:
        head = bytes([device_info])
        nonce, extra = mac + b"\xd2\xfc" + head + count, None
    closed = AESCCM(key, tag_length=4).encrypt(nonce, objects, extra)
    return head + closed[:-4] + count + closed[-4:]
