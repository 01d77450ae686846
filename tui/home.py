"""Where the program keeps its files: --home, WATTBENCH_HOME, else the user's data folder."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.demo import Demo


def find_home(flag: str, demo: Demo | None) -> tuple[Path, str, tuple[int, int] | None]:
    """(folder, a sentence to say once or "", owner for new files under sudo)."""
    if demo is not None:
        return demo.home, "", None
    chosen = flag or os.environ.get("WATTBENCH_HOME", "")
    if chosen:
        return Path(chosen).expanduser().absolute(), "", None
    caller = os.environ.get("SUDO_UID", "")
    if os.geteuid() == 0 and caller.isdigit() and caller != "0":
        entry = pwd.getpwuid(int(caller))
        home = Path(entry.pw_dir) / ".local/share/wattbench"
        note = f"Running under sudo: files go to {home} and belong to {entry.pw_name}."
        return home, note, (entry.pw_uid, entry.pw_gid)
    import platformdirs

    return platformdirs.user_data_path("wattbench"), "", None
