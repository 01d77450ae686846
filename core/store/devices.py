"""`devices/<mac>.toml`: what is remembered of each device, above all its configurations.

A configuration is kept as the text of a profile, with its secrets beside it: the file is private,
and going back to an old Wi-Fi needs its password.  Entries are numbered, because the clock of a
Pi without network cannot give their order.

A file that cannot be understood is never written over: it is kept beside the new one as
`<mac>.damaged`, and `problems` says so.
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
from core.store.files import Files, disk, free, read

KEPT = 60
"""Configurations of one device; the oldest go first."""
LIMIT = 8 << 20
"""Bytes of one file; of configurations with large files in them fewer are kept."""
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
        self._problems: list[str] = []

    def path(self, mac: str) -> Path:
        """The file of a device; `mac` in any notation."""
        digits = "".join(c for c in mac.lower() if c in "0123456789abcdef")
        return self.root / f"{digits[:12] or 'unknown'}.toml"

    def load(self, mac: str) -> dict[str, Any]:
        """All that is known of the device; nothing when the file is missing or damaged."""
        path = self.path(mac)
        try:
            return tomllib.loads(read(path, LIMIT).decode()) if path.exists() else {}
        except (ValueError, RecursionError, FaultError):
            return {}

    def head(self, mac: str) -> dict[str, Any]:
        """What stands above the first table of `load`, such as the address: of two hundred devices
        this is there at once, while their histories take seconds."""
        try:
            text = read(self.path(mac), LIMIT).decode()
            return tomllib.loads(_TABLE.split(text, 1)[0])
        except (ValueError, RecursionError, FaultError):  # missing, damaged, or a text with a [
            return self.load(mac)

    def remember(self, mac: str, **values: Any) -> None:
        """Set values at the top of the device's file.  Raises STORE-*."""
        known = self._to_change(mac)
        if any(known.get(name) != value for name, value in values.items()):
            self._write(mac, {**known, **values})

    def history(self, mac: str) -> list[Entry]:
        """Every configuration that is kept, oldest first."""
        return _entries(self.load(mac))

    def add(self, mac: str, why: str, host: str, profile: str, secrets: dict[str, str]) -> Entry:
        """Keep a configuration; one that equals the newest is not kept twice.  Raises STORE-*."""
        known = self._to_change(mac)
        entries = _entries(known)
        last = entries[-1] if entries else None
        if last is not None and (last.profile, last.secrets) == (profile, secrets):
            return last
        number = 1 + (last.number if last else 0)
        entry = Entry(number, iso(self._now()), why, host, profile, secrets)
        rows = [_row(e) for e in (*entries, entry)][-KEPT:]
        values = {**known, "host": host, "history": rows}
        while len(_text(values)) > LIMIT and len(rows) > 1:
            del rows[: max(1, len(rows) // 4)]
        self._write(mac, values)
        return entry

    def problems(self) -> list[str]:
        """Sentences about files that were put aside since this was last asked."""
        found, self._problems = self._problems, []
        return found

    def damage(self, mac: str) -> str:
        """Why not all that was kept of the device is known: a sentence, or nothing."""
        path = self.path(mac)
        if path.exists() and not self.load(mac):
            return f"{path} cannot be read."
        kept = sorted(self.root.glob(f"{path.stem}*.damaged"))
        return f"An older file was damaged; it is kept as {kept[-1]}." if kept else ""

    def _to_change(self, mac: str) -> dict[str, Any]:
        """All that is known of the device; a file that cannot be understood is put aside first.

        Raises STORE-*: what cannot be read now may be good, so it is not written over.
        """
        path = self.path(mac)
        try:
            data = read(path, LIMIT)
        except FaultError:
            if not path.exists():
                return {}
            if path.is_file() and path.stat().st_size > LIMIT:
                self._put_aside(path, f"is larger than {LIMIT >> 20} MiB")
                return {}
            raise
        try:
            known = tomllib.loads(data.decode())
        except (ValueError, RecursionError):
            self._put_aside(path, "was damaged")
            return {}
        rows = known.get("history", [])
        if not isinstance(rows, list) or len(rows) != len(_entries(known)):
            self._put_aside(path, "was damaged")
        return known

    def _put_aside(self, path: Path, why: str) -> None:
        kept = free(path.with_suffix(".damaged"))
        with disk(path):
            path.replace(kept)
        self._problems.append(
            f"{path.name}, the history of this device, {why}. It is kept as {kept}; a new one was "
            "begun."
        )

    def at(self, host: str) -> str:
        """The MAC of the device that was last read at `host`, or nothing."""
        for path in sorted(self.root.glob("*.toml")):
            if self.head(path.stem).get("host") == host:
                return path.stem
        return ""

    def _write(self, mac: str, values: dict[str, Any]) -> None:
        self._files.write(self.path(mac), _text(values))


def _entries(known: dict[str, Any]) -> list[Entry]:
    """What can be understood of `history`."""
    found = []
    rows = known.get("history")
    for item in rows if isinstance(rows, list) else ():
        if isinstance(item, dict) and isinstance(item.get("number"), int):
            texts = {name: str(item.get(name, "")) for name in ("when", "why", "host", "profile")}
            secrets = item.get("secrets", {})
            if not isinstance(secrets, dict):
                secrets = {}
            known_secrets = {str(k): str(v) for k, v in secrets.items()}
            found.append(Entry(item["number"], **texts, secrets=known_secrets))
    return found


def _text(values: dict[str, Any]) -> bytes:
    # half of a surrogate pair may come out of a name in a JSON answer
    return tomli_w.dumps(values, multiline_strings=True).encode(errors="replace")


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "when": entry.when,
        "why": entry.why,
        "host": entry.host,
        "profile": entry.profile,
        "secrets": dict(entry.secrets),
    }
