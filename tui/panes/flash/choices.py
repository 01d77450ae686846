"""What the fields of the Flash pane offer: ports, leads, supplies, images, backups."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tui.host import Host
from tui.text import size
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
NEW_BACKUP = ("new", "make a new one first")
NO_PROFILE = ("", "keep what is there")
TYPE = "type"


def port_choices(host: Host) -> tuple[tuple[str, str], ...]:
    """Every port, and typing a path or an address."""
    ports = [(p.device, f"{p.device}  {p.description}  {p.state}") for p in host.tools.list_ports()]
    return (*ports, (TYPE, "type a path, or socket:// or rfc2217://host:port"))


def image_choices(host: Host) -> tuple[tuple[str, str], ...]:
    """Images in the data folder's firmware/ and in the folder the program was started in."""
    found: list[tuple[str, str]] = []
    for folder in (host.store.home / "firmware", Path.cwd()):
        for path in sorted(folder.glob("*.bin")) if folder.is_dir() else ():
            found.append((str(path), f"{path.name}  {size(path.stat().st_size)}"))
    return (*found, (TYPE, "type a path"))


def backup_choices(host: Host) -> tuple[tuple[str, str], ...]:
    """A new backup, or one that was made before."""
    kept = [
        (str(b.path), f"{b.path.parent.name}  {b.when}  {'true' if b.facts.true else 'not proven'}")
        for b in reversed(host.store.backups.all())
    ]
    return (NEW_BACKUP, *kept)


def profile_choices(host: Host) -> tuple[tuple[str, str], ...]:
    """None, the user's own profiles, those that come with the program, and typing a path."""
    from core.profile.toml_file import SHIPPED

    found = [NO_PROFILE]
    for folder, whose in ((host.store.profiles_folder, ""), (SHIPPED, "  comes with wattbench")):
        for path in sorted(folder.glob("*.toml")):
            found.append((str(path), f"{path.name}{whose}"))
    return (*found, (TYPE, "type a path"))


def first_fields(host: Host) -> dict[str, Field]:
    """The form as it opens: last time's choices, and what there is only one of."""
    remember = host.store.settings.get
    fields = {
        "port": Field("port", "Port"),
        "supply": Field("supply", "Supply", choices=SUPPLIES),
        "lead": Field("lead", "Reset lead", choices=LEADS),
        "image": Field("image", "Image"),
        "backup": Field("backup", "Backup", "new", choices=(NEW_BACKUP,)),
        "baud": Field("baud", "Speed", choices=SPEEDS),
        "profile": Field("profile", "Profile", choices=(NO_PROFILE,)),
    }
    defaults = {"supply": "external", "lead": "gnd", "baud": AUTO[0]}
    for name in ("port", "supply", "lead", "image", "profile", "baud"):
        value = remember(f"plug_{name}", defaults.get(name, ""))
        fields[name] = replace(fields[name], value=value)
    if not there(fields["port"].value):
        ports = [value for value, _text in port_choices(host)[:-1]]
        fields["port"] = replace(fields["port"], value=ports[0] if len(ports) == 1 else "")
    if not Path(fields["profile"].value).is_file():
        fields["profile"] = replace(fields["profile"], value="")
    images = [value for value, _text in image_choices(host)[:-1]]
    if not Path(fields["image"].value).is_file():
        fields["image"] = replace(fields["image"], value=images[0] if len(images) == 1 else "")
    return {name: shown(field) for name, field in fields.items()}


def there(port: str) -> bool:
    """Whether last time's port is worth offering: a path that exists, or an address."""
    return "://" in port or (bool(port) and Path(port).exists())


def shown(field: Field) -> Field:
    """The field with the words that stand for its value."""
    if field.name == "image":
        return replace(field, shown=Path(field.value).name if field.value else "choose one: Enter")
    if field.name == "profile":
        return replace(field, shown=Path(field.value).name if field.value else NO_PROFILE[1])
    if field.name == "backup" and field.value != "new":
        path = Path(field.value)
        return replace(field, shown=f"{path.parent.name} {path.name}")
    if field.name == "port":
        return replace(field, shown=field.value or "none found: plug the adapter in, Enter")
    return replace(field, shown=dict(field.choices).get(field.value, field.value))
