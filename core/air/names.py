"""Who else is in the air: companies and services by their assigned numbers.

A small choice of the Bluetooth assigned numbers: what stands around a meter in a house.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

COMPANIES = {
    0x0002: "Intel",
    0x0006: "Microsoft",
    0x000A: "Qualcomm",
    0x000D: "Texas Instruments",
    0x000F: "Broadcom",
    0x001D: "Qualcomm",
    0x0046: "MediaTek",
    0x004C: "Apple",
    0x0059: "Nordic",
    0x0065: "HP",
    0x0075: "Samsung",
    0x0087: "Garmin",
    0x009E: "Bose",
    0x00C4: "LG",
    0x00CC: "Beats",
    0x00E0: "Google",
    0x012D: "Sony",
    0x0157: "Huami",
    0x0171: "Amazon",
    0x01A9: "Canon",
    0x01DA: "Logitech",
    0x0211: "Telink",
    0x027D: "Huawei",
    0x02E5: "Espressif",
    0x038F: "Xiaomi",
    0x03DA: "EnOcean",
    0x0499: "Ruuvi",
    0x05A7: "Sonos",
    0x07D0: "Tuya",
    0x0822: "Adafruit",
    0x0969: "SwitchBot",
    0x0BA9: "Shelly",
}

SERVICES = {
    0x1809: "thermometer",
    0x180A: "device information",
    0x180D: "heart rate",
    0x180F: "battery",
    0x1812: "keyboard, mouse",
    0x1816: "cycling",
    0x181A: "environment (ATC)",
    0x181C: "BTHome v1",
    0x181D: "scale",
    0x181E: "BTHome v1",
    0x1826: "fitness machine",
    0xFCD2: "BTHome",
    0xFCF1: "Google",
    0xFD3D: "SwitchBot",
    0xFD50: "Tuya",
    0xFD5A: "Samsung",
    0xFD6F: "exposure notice",
    0xFDCD: "Qingping",
    0xFE2C: "Google fast pair",
    0xFE95: "Xiaomi",
    0xFE9F: "Google",
    0xFEAA: "Eddystone",
    0xFEAF: "Nest",
    0xFEED: "Tile",
    0xFEF3: "Google",
}

_TAIL = "-0000-1000-8000-00805f9b34fb"


def short_uuid(uuid: str) -> int | None:
    """The 16-bit number of an assigned UUID; None for one that somebody made up."""
    text = uuid.lower()
    if not text.endswith(_TAIL) or len(text) != len(_TAIL) + 8:
        return None
    try:
        number = int(text[:8], 16)
    except ValueError:
        return None
    return number if number <= 0xFFFF else None


def who(companies: Mapping[int, bytes] | Iterable[int], services: Iterable[str]) -> str:
    """Company or service of an advert, as far as it tells; empty if it does not."""
    for number in companies:
        return COMPANIES.get(number, f"company {number:04X}")
    for uuid in services:
        short = short_uuid(uuid)
        if short is not None:
            return SERVICES.get(short, f"service {short:04X}")
    return ""
