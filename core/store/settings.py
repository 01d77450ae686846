"""`settings.toml`: what the program remembers of choices.  Never needed, never in the way."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import tomli_w

from core.fault import FaultError
from core.store.files import Files, read


class Settings:
    """A flat table of remembered choices.  `problem` says why the file was not used, if so."""

    def __init__(self, path: Path, files: Files) -> None:
        self.path, self._files = path, files
        self.problem = ""
        self._values: dict[str, Any] = {}
        try:
            if path.exists():
                self._values = tomllib.loads(read(path, 1 << 20).decode())
        except (ValueError, RecursionError, OSError, FaultError) as error:
            why = error.fault.what if isinstance(error, FaultError) else f"{error}."
            self.problem = f"{path} is not used: {why} Defaults apply; the file is kept."

    def get(self, name: str, default: str = "") -> str:
        """A remembered text, or `default`."""
        value = self._values.get(name, default)
        return value if isinstance(value, str) else default

    def set(self, name: str, value: str) -> None:
        """Remember a text.  An unreadable file is left as it is."""
        if self._values.get(name) == value or self.problem:
            return
        self._values[name] = value
        self._files.write(self.path, tomli_w.dumps(self._values).encode())
