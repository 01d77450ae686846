"""What the fields of the Flash pane offer: ports, leads, supplies, images, backups."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tui.host import Host
from tui.panes import offers
from tui.panes.offers import NEW_BACKUP, TYPE, Choices
from tui.widgets.form import Field

SUPPLIES = (
    ("external", "own 3.3 V supply or regulator"),
    ("adapter", "adapter pin (often too weak)"),
)
LEADS = (
    ("gnd", "GND of the module"),
    ("vcc", "3.3 V of the module"),
    ("cen", "CEN touched to GND"),
)
AUTO = ("0", "the fastest that is proven")
SPEEDS = (
    AUTO,
    *((str(b), f"{b} baud") for b in (115200, 230400, 460800, 921600, 1000000, 2000000)),
)
NO_PROFILE = ("", "keep what is there")
CHIPS = "bk"


def port_choices(host: Host) -> Choices:
    return offers.port_choices(host, "type a path, or socket:// or rfc2217://host:port")


def image_choices(host: Host) -> Choices:
    return offers.image_choices(host)


def backup_choices(host: Host) -> Choices:
    return offers.backup_choices(host, CHIPS)


def profile_choices(host: Host) -> Choices:
    """None, the user's own profiles, those that come with the program, and typing a path."""
    from core.profile.toml_file import SHIPPED

    found = [NO_PROFILE]
    for folder, whose in ((host.store.profiles_folder, ""), (SHIPPED, "  comes with wattbench")):
        for path in sorted(folder.glob("*.toml")):
            found.append((str(path), f"{path.name}{whose}"))
    return (*found, (TYPE, "type a path"))


OFFERS = {
    "port": port_choices,
    "image": image_choices,
    "backup": backup_choices,
    "profile": profile_choices,
}


def first_fields(host: Host) -> dict[str, Field]:
    """The form as it opens: last time's choices, and what there is only one of."""

    def last(name: str, otherwise: str = "") -> str:
        return host.store.settings.get(f"plug_{name}", otherwise)

    profile = last("profile")
    fields = (
        Field("port", "Port", offers.likely_port(last("port"), port_choices(host))),
        Field("supply", "Supply", last("supply", "external"), choices=SUPPLIES),
        Field("lead", "Reset lead", last("lead", "gnd"), choices=LEADS),
        Field("image", "Image", offers.likely_file(last("image"), image_choices(host))),
        Field("backup", "Backup", NEW_BACKUP[0], choices=(NEW_BACKUP,)),
        Field("baud", "Speed", last("baud", AUTO[0]), choices=SPEEDS),
        Field("profile", "Profile", profile if Path(profile).is_file() else "",
              choices=(NO_PROFILE,)),
    )  # fmt: skip
    return {field.name: shown(field) for field in fields}


def shown(field: Field) -> Field:
    """The field with the words that stand for its value."""
    if field.name == "profile":
        return replace(field, shown=Path(field.value).name if field.value else NO_PROFILE[1])
    return offers.shown(field, "none found: plug the adapter in, Enter")
