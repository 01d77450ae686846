"""`keys.toml`: bind keys of meters and named secrets, readable by their owner only.

::

    "A4:C1:38:5C:94:FA" = "00112233445566778899aabbccddeeff"

    [secrets]
    home-wifi = "the password"

What a person wrote into the file stays, comments too: a change replaces or adds one line.
"""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from core.fault import FaultError
from core.store import faults
from core.store.files import Files, disk, read

LIMIT = 1 << 20
KEY_BYTES = 16
TABLE = "secrets"
HEX = frozenset("0123456789ABCDEF")


class Keys:
    """The keys of one file.  A missing file holds none.

    `problem` is a sentence when the file, or an entry of it, was not used; an unreadable file is
    kept as it is and never written over.  `too_open` says that others may read it.  No value is
    ever part of a message.
    """

    def __init__(self, path: Path, files: Files) -> None:
        self.path, self._files = path, files
        self.problem = self.too_open = ""
        self._readable = True
        self._text = ""
        self._bind: dict[str, bytes] = {}
        self._secrets: dict[str, str] = {}
        self._load()

    def __repr__(self) -> str:
        return f"Keys({str(self.path)!r})"

    # -- asking ----------------------------------------------------------------------------

    @property
    def bind_keys(self) -> Mapping[str, bytes]:
        """Sixteen bytes by MAC, written `A4:C1:38:5C:94:FA`."""
        return dict(self._bind)

    def bind_key(self, mac: str) -> bytes | None:
        """The key of the device with this MAC, in any notation."""
        return self._bind.get(_mac(mac) or "")

    @property
    def secret_names(self) -> list[str]:
        """The names under `[secrets]`; never the values."""
        return sorted(self._secrets)

    def secret(self, name: str) -> str | None:
        """The secret of that name."""
        return self._secrets.get(name)

    # -- changing --------------------------------------------------------------------------

    def set_bind_key(self, mac: str, key: bytes) -> None:
        """Keep `key` for this MAC.  Raises ValueError for what is no MAC or not 16 bytes,
        STORE-KEYS when the file cannot be understood, and what writing raises."""
        name = _mac(mac)
        if name is None or len(key) != KEY_BYTES:
            raise ValueError("a bind key is 16 bytes for one MAC")
        self._set(name, key.hex(), "")

    def forget_bind_key(self, mac: str) -> None:
        """Drop the key of this MAC, if there is one."""
        name = _mac(mac)
        if name in self._bind:
            self._set(name or "", None, "")

    def set_secret(self, name: str, value: str) -> None:
        """Keep `value` under `name`.  Raises as `set_bind_key`."""
        if not name or not name.isprintable():
            raise ValueError("a secret needs a printable name")
        self._set(name, value, TABLE)

    def _set(self, name: str, value: str | None, table: str) -> None:
        if not self._readable:
            raise faults.KEYS(
                what=self.problem,
                cause="The file was edited by hand and is not valid any more.",
                next="Correct it, or move it away; then repeat.",
            )
        self._files.write(self.path, _with_line(self._text, name, value, table=table).encode())
        self._load()

    # -- reading ---------------------------------------------------------------------------

    def _load(self) -> None:
        self.problem = self.too_open = self._text = ""
        self._bind, self._secrets, self._readable = {}, {}, True
        try:
            if not self.path.exists():
                return
            with disk(self.path):
                mode = stat.S_IMODE(self.path.stat().st_mode)
            self._text = read(self.path, LIMIT).decode()
            values = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:  # its text may quote a line with a key
            self._unusable(f"not valid TOML{_place(error)}")
            return
        except (ValueError, RecursionError, OSError) as error:
            self._unusable(type(error).__name__)
            return
        except FaultError as error:
            self._unusable(error.fault.what)
            return
        if mode & 0o077:
            self.too_open = f"{self.path} can be read by others: chmod 600 {self.path}"
        self._take(values)

    def _unusable(self, why: str) -> None:
        self._readable = False
        self.problem = f"{self.path} is not used: {why.rstrip('.')}. The file is kept."

    def _take(self, values: Mapping[str, Any]) -> None:
        bad = []
        for name, value in values.items():
            if name == TABLE and isinstance(value, dict):
                self._secrets = {k: v for k, v in value.items() if isinstance(v, str)}
                bad += [f"{TABLE}.{k}" for k in value if k not in self._secrets]
                continue
            mac, key = _mac(name), _key(value)
            if mac is None or key is None:
                bad.append(name)
            else:
                self._bind[mac] = key
        if bad:
            names = ", ".join(repr(name) for name in bad)
            self.problem = f"{self.path}: these entries are not used: {names}."


def _mac(text: str) -> str | None:
    digits = "".join(c for c in text.upper() if c not in ":-. ")
    if len(digits) != 12 or not set(digits) <= HEX:
        return None
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def _key(value: object) -> bytes | None:
    if not isinstance(value, str):
        return None
    digits = "".join(value.split()).upper()
    return bytes.fromhex(digits) if len(digits) == 32 and set(digits) <= HEX else None


def _place(error: tomllib.TOMLDecodeError) -> str:
    """Line and column out of the message, without what stands there."""
    at = str(error).rfind("(at ")
    return f" {str(error)[at:]}" if at >= 0 else ""


def _with_line(text: str, name: str, value: str | None, *, table: str) -> str:
    """`text` with one entry set or, for None, dropped; everything else stays where it is.

    Where the file is written in a way that lines cannot change (an inline table, a text over
    several lines), it is written anew.
    """
    wanted = tomllib.loads(text)
    if table and not isinstance(wanted.get(table), dict):
        wanted[table] = {}
    home = wanted[table] if table else wanted
    old = [key for key in home if key == name or (not table and _mac(key) == name)]
    for key in old:
        del home[key]
    if value is not None:
        home[name] = value
    line = tomli_w.dumps({name: value}).strip() if value is not None else ""
    edited = _edited(text.splitlines(), old, line, table)
    try:
        same = tomllib.loads(edited) == wanted
    except tomllib.TOMLDecodeError:
        same = False
    if same:
        return edited
    top = {k: v for k, v in wanted.items() if not isinstance(v, dict)}
    tables = {k: v for k, v in wanted.items() if isinstance(v, dict)}
    return tomli_w.dumps({**top, **tables})


def _edited(lines: list[str], old: list[str], line: str, table: str) -> str:
    kept, section, place = [], "", 0 if not table else -1
    for row in lines:
        bare = row.strip()
        if bare.startswith("["):
            section = bare.split("#")[0].strip("[] \t").strip("\"'")
        elif section == table and bare.partition("=")[0].strip().strip("\"'") in old:
            continue
        kept.append(row)
        if section == table and bare:
            place = len(kept)
    if line and place < 0:
        kept += ["", f"[{table}]"] if kept else [f"[{table}]"]
        place = len(kept)
    if line:
        kept.insert(place, line)
    return "".join(f"{row}\n" for row in kept)
