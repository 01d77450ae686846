"""What the fields of the Module pane offer: ports, images, backups, speeds."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from tui.host import Host
from tui.text import size
from tui.widgets.form import Field

AUTO = ("0", "the fastest that works")
SPEEDS = (AUTO, *((str(b), f"{b} baud") for b in (230400, 500000, 921600, 1000000, 1500000)))
NEW_BACKUP = ("new", "make a new one first")
TYPE = "type"
MAGIC_AT, MAGIC = 8, b"KNLT"
LARGEST = 0x20000
"""A boot bank; a larger file that begins like an image is a backup."""


def port_choices(host: Host) -> tuple[tuple[str, str], ...]:
    """Every port, and typing a path or socket://host:port."""
    ports = [(p.device, f"{p.device}  {p.description}  {p.state}") for p in host.tools.list_ports()]
    return (*ports, (TYPE, "type a path, or socket://host:port"))


def image_choices(host: Host) -> tuple[tuple[str, str], ...]:
    """Telink images, told by their content, in firmware/ and in the folder of the start."""
    found: list[tuple[str, str]] = []
    for folder in (host.store.home / "firmware", Path.cwd()):
        for path in sorted(folder.glob("*.bin")) if folder.is_dir() else ():
            if _is_telink(path):
                found.append((str(path), f"{path.name}  {size(path.stat().st_size)}"))
    return (*found, (TYPE, "type a path"))


def _is_telink(path: Path) -> bool:
    with suppress(OSError):
        if path.is_file() and path.stat().st_size <= LARGEST:
            with path.open("rb") as file:
                return file.read(MAGIC_AT + len(MAGIC))[MAGIC_AT:] == MAGIC
    return False


def backup_choices(host: Host) -> tuple[tuple[str, str], ...]:
    """A new backup, or one of a module that was made before."""
    kept = [
        (str(b.path), f"{b.path.parent.name}  {b.when}  {'true' if b.facts.true else 'not proven'}")
        for b in reversed(host.store.backups.all())
        if b.facts.chip.startswith("tlsr")
    ]
    return (NEW_BACKUP, *kept)


def first_fields(host: Host) -> dict[str, Field]:
    """The form as it opens: last time's choices, and what there is only one of."""
    remember = host.store.settings.get
    port, image = remember("module_port"), remember("module_image")
    ports = [value for value, _text in port_choices(host)[:-1]]
    images = [value for value, _text in image_choices(host)[:-1]]
    if not ("://" in port or (port and Path(port).exists())):
        port = ports[0] if len(ports) == 1 else ""
    if not Path(image).is_file():
        image = images[0] if len(images) == 1 else ""
    fields = (
        Field("port", "Programmer", port),
        Field("image", "Image", image),
        Field("backup", "Backup", "new", choices=(NEW_BACKUP,)),
        Field("baud", "Speed", remember("module_baud", AUTO[0]), choices=SPEEDS),
    )
    return {field.name: shown(field) for field in fields}


def shown(field: Field) -> Field:
    """The field with the words that stand for its value."""
    if field.name == "image":
        return replace(field, shown=Path(field.value).name if field.value else "choose one: Enter")
    if field.name == "backup" and field.value != "new":
        path = Path(field.value)
        return replace(field, shown=f"{path.parent.name} {path.name}")
    if field.name == "port":
        return replace(field, shown=field.value or "choose the kit's port: Enter")
    return replace(field, shown=dict(field.choices).get(field.value, field.value))
