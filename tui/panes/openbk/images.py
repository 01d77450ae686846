"""Files for an update over the network: those in the data folder, and where one stands."""

from __future__ import annotations

from pathlib import Path

from tui.host import Host


def ota_images(host: Host) -> list[tuple[str, str]]:
    """(path, name) of every .rbl file."""
    found: dict[Path, str] = {}
    for folder in (host.store.firmware_folder, Path.cwd()):
        for path in sorted(folder.glob("*.rbl")) if folder.is_dir() else ():
            found.setdefault(path.resolve(), path.name)
    return [(str(path), name) for path, name in found.items()]
