"""What the decrypted code says of itself: names, versions, who built it.  All of it is text from
the dump.  Source: Tuya backup sheet 5.6.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.bkimage import evidence

_SDK_LINE = re.compile(rb"< TUYA IOT SDK V:[ -;=-~]{1,120}>")
_OS_LINE = re.compile(rb"TuyaOS[\w.]{1,60}")
_NAME = re.compile(rb"(bk7231[nst]_[a-z0-9_]{2,60})\0{1,4}(\d[\w.]{0,20})?")
_KEY = re.compile(rb"key[0-9a-z]{13}\0")
_LOADER = re.compile(rb"BK7231[NSTU]?_\d[\w.]{1,20}")
_OTHERS = ((b"ESPHome", "ESPHome"), (b"LibreTiny", "LibreTiny"))


@dataclass(frozen=True, slots=True)
class Firmware:
    """Empty text for what is not found.  `product` is `Tuya`, `OpenBeken`, `ESPHome` ..."""

    product: str = ""
    version: str = ""
    name: str = ""
    sdk: str = ""
    key: str = ""
    loader: str = ""


def describe(app: bytes, loader: bytes) -> Firmware:
    """What decrypted application and bootloader name themselves."""
    product, version = evidence.product_of(app)
    if not product:
        product = next((name for mark, name in _OTHERS if mark in app), "")
    name = _NAME.search(app)
    sdk = _SDK_LINE.search(app) or _OS_LINE.search(app)
    own = _KEY.search(app, app.find(b"\0key") + 1)
    boot = _LOADER.search(loader)
    if product == "Tuya" and name and name[2]:
        version = _text(name[2])
    return Firmware(
        product=product,
        version=version,
        name=_full_name(app, name) if name else "",
        sdk=_text(sdk[0]) if sdk else "",
        key=_text(own[0][:-1]) if own else "",
        loader=_text(boot[0]) if boot else "",
    )


def _full_name(app: bytes, name: re.Match[bytes]) -> str:
    """With the `oem_` before it."""
    start = name.start()
    return _text(
        app[start - 4 : start] if app[max(0, start - 4) : start] == b"oem_" else b""
    ) + _text(name[1])


def _text(found: bytes) -> str:
    return found.decode("ascii", "replace")
