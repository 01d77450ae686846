"""Which values of a dump are secret, and how they look when they are hidden.

Values that are known to be harmless are shown; of the JSON objects that begin with `gw_` only the
named fields are hidden; everything else is hidden whole.  Source: Tuya backup sheet 2.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from core.tuya.connect import FastConnect
from core.tuya.schema import parse_schema

HIDDEN = "***"
HARMLESS = frozenset(
    (
        "user_param_key",
        "em_sys_env",
        "baud_cfg",
        "uart_adapt_params",
        "wf_start_md",
        "is_stride",
        "tls_ca_cnt",
        "mf_test_close",
        "timer_arr",
        "save_off_stat",
        "trace_time_save",
        "moniter_time_save",
        "inch_time_key",
        "astro_timer",
    )
)
"""Values without a secret on every device seen."""
_SECRET = re.compile(
    r"uuid|psk_key|psk21_key|auth_key|ssid|passwd|ap_passwd|token|reg_key|lckey|key|id|fac_pin|"
    r"ble_beaconkey|mac|bt_mac|bt_hid|random|mq_psk\w*|\w*secret\w*|\w*password\w*"
)
_SHORTEST = 6
"""Fewer characters than this would be found by chance."""


def is_harmless(name: str, value: bytes) -> bool:
    """True if a value can be shown and shared as it is."""
    if name in HARMLESS:
        return True
    if not value.rstrip(b"\0"):
        return True
    points = parse_schema(value) if value.startswith(b"[") else []
    return bool(points) and all(isinstance(p, Mapping) and "property" in p for p in points)


def secret_fields(name: str, value: bytes) -> dict[str, str] | None:
    """The fields with secrets and what stands in them; None if the whole value counts as one."""
    if is_harmless(name, value):
        return {}
    fields = _object(value)
    if fields is None:
        return None
    return {
        field: str(told)
        for field, told in fields.items()
        if _SECRET.fullmatch(field) and told not in (None, "", 0, False)
    }


def holds_secrets(name: str, value: bytes) -> bool:
    """True if a value must not be written out without --reveal."""
    found = secret_fields(name, value)
    return found is None or bool(found)


def shown(name: str, value: bytes, *, reveal: bool = False) -> str:
    """A value as text for people: secrets hidden, bytes that are no text as hex."""
    if reveal or is_harmless(name, value):
        return as_text(value)
    fields = _object(value)
    if fields is None:
        return HIDDEN
    hidden = secret_fields(name, value) or {}
    masked = {field: HIDDEN if field in hidden else told for field, told in fields.items()}
    return json.dumps(masked, separators=(",", ":"), ensure_ascii=False)


def as_text(value: bytes) -> str:
    """Text without its trailing NULs, or `hex:...`."""
    bare = value.rstrip(b"\0")
    try:
        text = bare.decode("utf-8")
    except UnicodeDecodeError:
        return f"hex:{value.hex()}"
    if all(c.isprintable() or c in "\r\n\t" for c in text):
        return text
    return f"hex:{value.hex()}"


def _object(value: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(value.rstrip(b"\0"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def all_secrets(
    values: Mapping[str, bytes], connect: FastConnect | None, mac: bytes | None
) -> set[bytes]:
    """Every secret that is long enough to be searched for, as bytes."""
    found: set[bytes] = set()
    for name, value in values.items():
        fields = secret_fields(name, value)
        if fields is None:
            found.add(value.rstrip(b"\0"))
            continue
        for text in fields.values():
            found.add(text.encode())
            found |= set(_unpacked(text))
    if connect:
        found |= {text.encode() for text in (connect.ssid, connect.psk, connect.password)}
    if mac:
        found |= {mac, mac.hex().encode(), mac.hex(":").encode()}
        found |= {mac.hex().upper().encode(), mac.hex(":").upper().encode()}
    return {secret for secret in found if len(secret) >= _SHORTEST}


def _unpacked(text: str) -> Iterator[bytes]:
    """What a Base64 text stands for: Wi-Fi name and password are stored so."""
    try:
        yield base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return
