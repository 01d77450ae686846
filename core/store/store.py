"""One folder on disk that holds everything the program keeps; one copy of it saves all."""

from __future__ import annotations

from pathlib import Path

from core.store import faults
from core.store.backups import Backups
from core.store.clock import Now, utc_now
from core.store.devices import Devices
from core.store.files import Files
from core.store.jobs import Jobs
from core.store.keys import Keys
from core.store.settings import Settings


class Store:
    """The rooms of the data folder `home`.  `now` gives the date (a fixed one in tests);
    `owner` is the (uid, gid) that new files are given to under sudo."""

    def __init__(
        self, home: Path, now: Now = utc_now, owner: tuple[int, int] | None = None
    ) -> None:
        """Raises STORE-UNREADABLE where `home` is a file."""
        if home.exists() and not home.is_dir():
            raise faults.UNREADABLE(
                what=f"{home} is a file, not a folder.",
                cause="The data folder is named by --home or WATTBENCH_HOME.",
                next="Name a folder there; it is made if need be.",
            )
        self.home, self.now = home, now
        self.files = Files(owner)
        self.backups = Backups(home / "backups", self.files, now)
        self.devices = Devices(home / "devices", self.files, now)
        self.jobs = Jobs(home / "jobs", self.files, now)
        self.settings = Settings(home / "settings.toml", self.files)

    @property
    def keys(self) -> Keys:
        """Bind keys and secrets as they are on disk now: a person may edit them meanwhile."""
        return Keys(self.home / "keys.toml", self.files)

    @property
    def profiles_folder(self) -> Path:
        """Where profiles and their bases are looked for."""
        return self.home / "profiles"

    @property
    def firmware_folder(self) -> Path:
        """Where firmware images are kept."""
        return self.home / "firmware"

    @property
    def log_folder(self) -> Path:
        """Where tracebacks and library logs go."""
        return self.home / "log"
