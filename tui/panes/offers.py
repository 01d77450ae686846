"""What the forms that start a job on a serial port offer: ports, files, backups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from core.store.backups import Backup
from tui.host import Host
from tui.text import size
from tui.widgets.form import Field

Choices = tuple[tuple[str, str], ...]
"""(value, text) pairs to pick from."""

TYPE = "type"
"""The value that means: let it be typed."""
NEW_BACKUP = ("new", "make a new one first")


def port_choices(host: Host, typing: str) -> Choices:
    """Every port, and typing another; `typing` says what."""
    ports = [(p.device, f"{p.device}  {p.description}  {p.state}") for p in host.tools.list_ports()]
    return (*ports, (TYPE, typing))


def image_choices(host: Host, fits: Callable[[Path], bool] = lambda _path: True) -> Choices:
    """The .bin files that fit, in the data folder's firmware/ and in the folder of the start."""
    found = [
        (str(path), f"{path.name}  {size(path.stat().st_size)}")
        for folder in (host.store.home / "firmware", Path.cwd())
        if folder.is_dir()
        for path in sorted(folder.glob("*.bin"))
        if fits(path)
    ]
    return (*found, (TYPE, "type a path"))


def backup_choices(host: Host, chips: str) -> Choices:
    """A new backup, or one made before of a chip whose name begins so, newest first."""
    kept = [
        (str(b.path), f"{b.facts.mac or b.path.parent.name}  {b.when}  {_marks(b)}")
        for b in reversed(host.store.backups.all())
        if b.facts.chip.startswith(chips)
    ]
    return (NEW_BACKUP, *kept)


def _marks(backup: Backup) -> str:
    """What a backup is good for, in words."""
    if not backup.facts.true:
        return "not proven"
    return "proven" if backup.facts.whole else "proven, but not whole"


def likely_port(last: str, choices: Choices) -> str:
    """Last time's port while it is there, else the only one."""
    return last if there(last) else only(choices)


def likely_file(last: str, choices: Choices) -> str:
    """Last time's file while it is there, else the only one."""
    return last if last and Path(last).is_file() else only(choices)


def only(choices: Choices) -> str:
    """The one choice that there is beside typing; empty when there are several, or none."""
    values = [value for value, _text in choices if value != TYPE]
    return values[0] if len(values) == 1 else ""


def there(port: str) -> bool:
    """Whether last time's port is worth offering: a path that exists, or an address."""
    return "://" in port or (bool(port) and Path(port).exists())


def shown(field: Field, no_port: str) -> Field:
    """The field with the words that stand for its value; `no_port` where none is chosen."""
    path = Path(field.value)
    words = dict(field.choices).get(field.value, field.value)
    if field.name == "port":
        words = field.value or no_port
    elif field.name == "image":
        words = path.name if field.value else "choose one: Enter"
    elif field.name == "backup" and field.value != NEW_BACKUP[0]:
        words = f"{path.parent.name} {path.name}"
    return replace(field, shown=words)
