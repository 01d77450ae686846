"""What is remembered of a module: its settings before the last `set`, and who it is bound to.

It lies in `devices/<mac>.toml`, table `meter`; other tables of that file are left alone.  The old
bind key goes to the secrets of `keys.toml`, never into the record.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from core.fault import FaultError
from core.meter.wire import Status
from core.store.clock import iso
from core.store.files import read
from core.store.store import Store

LIMIT = 1 << 20
TABLE = "meter"


@dataclass(frozen=True, slots=True)
class Before:
    """Settings as they were; None where the firmware has no such setting."""

    period: int
    address: int
    model: int | None
    scale: int | None
    encrypted: bool
    when: str = ""

    @classmethod
    def of(cls, status: Status) -> Before:
        """What a status says."""
        return cls(status.period, status.address, status.model, status.scale, status.encrypted)


@dataclass(frozen=True, slots=True)
class Binding:
    """Which adapter a module was last bound to; empty when it was left open or is not known."""

    adapter: str = ""
    when: str = ""


class Records:
    """The remembered facts of one module.  An unreadable file counts as empty and is kept."""

    def __init__(self, store: Store, address: str) -> None:
        self._store, self.address = store, address
        mac = address.replace(":", "").lower()
        self.path: Path = store.home / "devices" / f"{mac}.toml"
        self._secret = f"meter-{mac}-before"

    def _load(self) -> dict[str, Any] | None:
        try:
            if not self.path.exists():
                return {}
            return tomllib.loads(read(self.path, LIMIT).decode())
        except (ValueError, RecursionError, OSError, FaultError):
            return None

    def _table(self) -> dict[str, Any]:
        table = (self._load() or {}).get(TABLE)
        return table if isinstance(table, dict) else {}

    def _put(self, name: str, values: dict[str, Any]) -> None:
        whole = self._load()
        if whole is None:
            return
        table = whole.get(TABLE)
        whole[TABLE] = {**(table if isinstance(table, dict) else {}), name: values}
        self._store.files.write(self.path, tomli_w.dumps(whole).encode())

    # -- settings before the last `set` ----------------------------------------------------

    def keep_before(self, status: Status, key: bytes | None) -> None:
        """Remember the settings that are about to be changed.  Raises the store's faults.

        Until `settled`, the oldest stay: a `set` that is repeated after an interruption must not
        take the half-set state for what was there before.
        """
        known = self._table().get("before")
        if isinstance(known, dict) and known.get("open") is True and self.before() is not None:
            return
        values: dict[str, Any] = {
            "open": True,
            "period": status.period,
            "address": status.address,
            "encrypted": status.encrypted,
            "when": iso(self._store.now()),
        }
        if status.model is not None:
            values["model"] = status.model
        if status.scale is not None:
            values["scale"] = status.scale
        if key is not None or self._store.keys.secret(self._secret):
            self._store.keys.set_secret(self._secret, key.hex() if key is not None else "")
        self._put("before", values)

    def settled(self) -> None:
        """The change has come to its end: the next one remembers anew."""
        known = self._table().get("before")
        if isinstance(known, dict) and known.get("open") is True:
            self._put("before", {**known, "open": False})

    def before(self) -> Before | None:
        """The settings before the last `set`; None when there are none that can be used."""
        found = self._table().get("before")
        if not isinstance(found, dict):
            return None
        numbers = {name: found.get(name) for name in ("period", "address", "model", "scale")}
        if any(type(value) not in (int, type(None)) for value in numbers.values()):
            return None
        period, address = numbers["period"], numbers["address"]
        if period is None or address is None:
            return None
        return Before(
            period,
            address,
            numbers["model"],
            numbers["scale"],
            found.get("encrypted") is True,
            str(found.get("when", "")),
        )

    def key_before(self) -> bytes | None:
        """The bind key before the last `set`."""
        text = self._store.keys.secret(self._secret)
        try:
            key = bytes.fromhex(text or "")
        except ValueError:
            return None
        return key if len(key) == 16 else None

    # -- bonds -----------------------------------------------------------------------------

    def bound_to(self, adapter: str) -> None:
        """The module is now bound to this adapter; empty: it was left open."""
        self._put("binding", {"adapter": adapter, "when": iso(self._store.now())})

    def binding(self) -> Binding:
        """Who it was last bound to, as far as this data folder knows."""
        found = self._table().get("binding")
        if not isinstance(found, dict):
            return Binding()
        return Binding(str(found.get("adapter", "")), str(found.get("when", "")))
