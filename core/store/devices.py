"""`devices/<mac>.toml`: what is remembered of each device, above all its configurations.

A configuration is kept as the text of a profile, with its secrets beside it: the file is private,
and going back to an old Wi-Fi needs its password.  Entries are numbered, because the clock of a
Pi without network cannot give their order.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from core.fault import FaultError
from core.store.clock import Now, iso
from core.store.files import Files, read

KEPT = 60
"""Configurations of one device; the oldest go first."""
_TABLE = re.compile(r"^\[", re.M)


@dataclass(frozen=True, slots=True)
class Entry:
    """One configuration: `why` is "read", "before" or "applied"; `when` is ISO 8601."""

    number: int
    when: str
    why: str
    host: str
    profile: str
    secrets: dict[str, str] = field(default_factory=dict, repr=False)


class Devices:
    """All device files under one folder."""

    def __init__(self, root: Path, files: Files, now: Now) -> None:
        self.root, self._files, self._now = root, files, now

    def path(self, mac: str) -> Path:
        """The file of a device; `mac` in any notation."""
        digits = "".join(c for c in mac.lower() if c in "0123456789abcdef")
        return self.root / f"{digits[:12] or 'unknown'}.toml"

    def load(self, mac: str) -> dict[str, Any]:
        """All that is known of the device; nothing when the file is missing or damaged."""
        path = self.path(mac)
        try:
            return tomllib.loads(read(path, 8 << 20).decode()) if path.exists() else {}
        except (ValueError, RecursionError, FaultError):
            return {}

    def head(self, mac: str) -> dict[str, Any]:
        """What stands above the first table of `load`, such as the address: of two hundred devices
        this is there at once, while their histories take seconds."""
        try:
            text = read(self.path(mac), 8 << 20).decode()
            return tomllib.loads(_TABLE.split(text, 1)[0])
        except (ValueError, RecursionError, FaultError):  # missing, damaged, or a text with a [
            return self.load(mac)

    def remember(self, mac: str, **values: Any) -> None:
        """Set values at the top of the device's file.  Raises STORE-*."""
        known = self.load(mac)
        if any(known.get(name) != value for name, value in values.items()):
            self._write(mac, {**known, **values})

    def history(self, mac: str) -> list[Entry]:
        """Every configuration that is kept, oldest first."""
        found = []
        rows = self.load(mac).get("history")
        for item in rows if isinstance(rows, list) else ():
            if isinstance(item, dict) and isinstance(item.get("number"), int):
                texts = {name: str(item.get(name, "")) for name in ("when", "why", "host")}
                secrets = item.get("secrets", {})
                found.append(
                    Entry(
                        item["number"],
                        **texts,
                        profile=str(item.get("profile", "")),
                        secrets={str(k): str(v) for k, v in secrets.items()}
                        if isinstance(secrets, dict)
                        else {},
                    )
                )
        return found

    def add(self, mac: str, why: str, host: str, profile: str, secrets: dict[str, str]) -> Entry:
        """Keep a configuration; one that equals the newest is not kept twice.  Raises STORE-*."""
        entries = self.history(mac)
        last = entries[-1] if entries else None
        if last is not None and (last.profile, last.secrets) == (profile, secrets):
            return last
        number = 1 + (last.number if last else 0)
        entry = Entry(number, iso(self._now()), why, host, profile, secrets)
        rows = [_row(e) for e in (*entries, entry)][-KEPT:]
        self._write(mac, {**self.load(mac), "host": host, "history": rows})
        return entry

    def at(self, host: str) -> str:
        """The MAC of the device that was last read at `host`, or nothing."""
        for path in sorted(self.root.glob("*.toml")):
            if self.head(path.stem).get("host") == host:
                return path.stem
        return ""

    def _write(self, mac: str, values: dict[str, Any]) -> None:
        self._files.write(
            self.path(mac), tomli_w.dumps(values, multiline_strings=True).encode(errors="replace")
        )


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "when": entry.when,
        "why": entry.why,
        "host": entry.host,
        "profile": entry.profile,
        "secrets": dict(entry.secrets),
    }
