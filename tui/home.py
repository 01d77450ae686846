"""Where the program keeps its files: --home, WATTBENCH_HOME, else the user's data folder."""

from __future__ import annotations

import contextlib
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
        path = Path(chosen)
        with contextlib.suppress(RuntimeError):  # ~ of a user that does not exist: as it stands
            path = path.expanduser()
        return path.absolute(), "", None
    caller = os.environ.get("SUDO_UID", "")
    if os.geteuid() == 0 and (entry := _user(caller)) is not None:
        home = Path(entry.pw_dir) / ".local/share/wattbench"
        note = f"Running under sudo: files go to {home} and belong to {entry.pw_name}."
        return home, note, (entry.pw_uid, entry.pw_gid)
    import platformdirs

    return platformdirs.user_data_path("wattbench"), "", None


def _user(uid: str) -> pwd.struct_passwd | None:
    """The user who called sudo; None without sudo, for root, and for a number without a name."""
    if not uid.isdecimal() or int(uid) == 0:
        return None
    try:
        return pwd.getpwuid(int(uid))
    except (KeyError, OverflowError):
        return None
