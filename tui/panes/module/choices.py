"""What the fields of the Module pane offer: ports, images, backups, speeds."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tui.host import Host
from tui.panes import offers
from tui.panes.offers import NEW_BACKUP, Choices
from tui.widgets.form import Field

AUTO = ("0", "the fastest that works")
SPEEDS = (AUTO, *((str(b), f"{b} baud") for b in (230400, 500000, 921600, 1000000, 1500000)))
CHIPS = "tlsr"
MAGIC_AT, MAGIC = 8, b"KNLT"
LARGEST = 0x20000
"""A boot bank; a larger file that begins like an image is a backup."""


def port_choices(host: Host) -> Choices:
    return offers.port_choices(host, "type a path, or socket://host:port")


def image_choices(host: Host) -> Choices:
    """Telink images, told by their content."""
    return offers.image_choices(host, _is_telink)


def backup_choices(host: Host) -> Choices:
    return offers.backup_choices(host, CHIPS)


OFFERS = {"port": port_choices, "image": image_choices, "backup": backup_choices}


def _is_telink(path: Path) -> bool:
    with suppress(OSError):
        if path.is_file() and path.stat().st_size <= LARGEST:
            with path.open("rb") as file:
                return file.read(MAGIC_AT + len(MAGIC))[MAGIC_AT:] == MAGIC
    return False


def first_fields(host: Host) -> dict[str, Field]:
    """The form as it opens: last time's choices, and what there is only one of."""
    last = host.store.settings.get
    fields = (
        Field("port", "Programmer", offers.likely_port(last("module_port"), port_choices(host))),
        Field("image", "Image", offers.likely_file(last("module_image"), image_choices(host))),
        Field("backup", "Backup", NEW_BACKUP[0], choices=(NEW_BACKUP,)),
        Field("baud", "Speed", last("module_baud", AUTO[0]), choices=SPEEDS),
    )
    return {field.name: shown(field) for field in fields}


def shown(field: Field) -> Field:
    """The field with the words that stand for its value."""
    return offers.shown(field, "choose the kit's port: Enter")
