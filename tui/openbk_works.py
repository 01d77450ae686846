"""What verb and pane do with OpenBeken devices: the jobs, and how a host is reached.

All clients of one host share their turns, so that a job and a pane never talk to a device at the
same time.  On the simulated bench only this computer's own addresses are reached.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from core.fault import FaultError
from core.job import Reporter, Result
from tui.host import Host
from tui.work import Tools, Work

if TYPE_CHECKING:
    from core.openbk.client import Client, Connect
    from core.openbk.exchange import Turns
    from core.openbk.setting import Pace
    from core.profile.model import Calibration, Profile
    from core.store.store import Store

_turns: WeakKeyDictionary[Host, Turns] = WeakKeyDictionary()


def connect_of(
    host: Host, password: str = "", passwords: Mapping[str, str] | None = None
) -> Connect:
    """Clients for this host's jobs and panes.  `passwords` are those of single devices, by their
    address; `password` is for all others."""
    from core.openbk import faults
    from core.openbk.client import Client
    from core.openbk.exchange import Turns, normal_host

    turns = _turns.setdefault(host, Turns())

    def connect(address: str) -> Client:
        name = normal_host(address)
        if host.demo is not None and not name.startswith(("127.", "localhost")):
            raise faults.NETWORK(
                what=f"{name} is not on the simulated bench.",
                cause="With --demo only simulated devices are used.",
                next="Choose a device of the bench, or start without --demo.",
            )
        return Client(name, (passwords or {}).get(name, password), turn=turns.of(name))

    return connect


def demo_hosts(host: Host) -> tuple[str, ...]:
    """The simulated devices of the bench."""
    return tuple(host.store.settings.get("openbk_hosts").split()) if host.demo else ()


def read_password(path: Path | None) -> str:
    """The first line of a password file; nothing without one."""
    from core.store.files import read

    if path is None:
        return ""
    lines = read(path, 4096).decode("utf-8", "replace").splitlines()
    return lines[0].strip() if lines else ""


def find_profile(host: Host, name: str) -> Profile:
    """A profile by path, or by its name in profiles/ or among the shipped ones; `.json` is a
    device template.  Raises PROFILE-TEXT, PROFILE-BASE, STORE-*."""
    from core.profile import template_in
    from core.profile.toml_file import SHIPPED, load
    from core.store.files import read

    path = Path(name)
    folders = (host.store.profiles_folder, SHIPPED)
    if not path.exists() and path.name == name:
        path = next((f / name for f in folders if (f / name).is_file()), path)
    if path.suffix == ".json":
        return template_in.parse(read(path, 1 << 20).decode("utf-8", "replace"), path.name)
    return load(path, host.store.profiles_folder)


Task = Callable[[Reporter, Tools], Any]


def _title(word: str, hosts: tuple[str, ...]) -> str:
    return f"{word}: {hosts[0]}" if len(hosts) == 1 else f"{word}: {len(hosts)} devices"


def find_work(
    connect: Connect, targets: tuple[str, ...], port: int = 80, *, wifi: bool = False
) -> Work:
    """Search a network; with `wifi` also look for open access points of devices."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.openbk.tasks.find import FindOptions, find
        from core.openbk.wifi_tools import look

        known = await asyncio.to_thread(long_names, tools.store) if wifi else {}
        ssh = os.environ.get("SSH_CONNECTION", "")
        options = FindOptions(targets=targets, port=port, ssh=ssh, known=known)
        return await find(report, options, connect=connect, look=look if wifi else None)

    return Work("openbk-find", "Find OpenBeken devices", task)


def long_names(store: Store) -> dict[str, str]:
    """Long name -> MAC of the devices that were read before, as they were then."""
    from core.openbk.history import profile_of
    from core.openbk.wire import normal_mac

    found = {}
    for path in sorted(store.devices.root.glob("*.toml")):
        entries = store.devices.history(path.stem)
        with contextlib.suppress(FaultError):  # a file that somebody edited
            if entries and (name := profile_of(entries[-1]).names.long):
                found[name] = normal_mac(path.stem)
    return found


def show_work(connect: Connect, hosts: tuple[str, ...], *, reveal: bool = False) -> Work:
    """Read whole devices."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.openbk.tasks.show import show

        return await show(report, hosts, connect=connect, store=tools.store, reveal=reveal)

    return Work("openbk-show", _title("Read", hosts), task)


def export_work(connect: Connect, hosts: tuple[str, ...], *, reveal: bool, form: str) -> Work:
    """Read devices and give their configuration as a file."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.openbk.tasks.show import export

        return await export(
            report, hosts, connect=connect, store=tools.store, reveal=reveal, form=form
        )

    return Work("openbk-export", _title("Export", hosts), task)


def apply_work(
    connect: Connect,
    hosts: tuple[str, ...],
    profile: Profile,
    *,
    only_diff: bool = False,
    expected: Profile | None = None,
    source: str = "",
) -> Work:
    """Compare devices with a profile, or make them so; `source` names it in the question."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.openbk.secrets import resolved
        from core.openbk.tasks.apply import ApplyOptions, apply, diff

        keys = tools.store.keys
        options = ApplyOptions(
            hosts=hosts,
            profile=await resolved(report, profile, keys.secret),
            expected=expected,
            source=source,
        )
        run = diff if only_diff else apply
        return await run(report, options, connect=connect, store=tools.store)

    word = "diff" if only_diff else "apply"
    return Work(f"openbk-{word}", _title("Compare" if only_diff else "Apply", hosts), task)


def backup_work(connect: Connect, host: str, *, sector: bool = False) -> Work:
    """Copy the flash of a device."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.openbk.tasks.backup import BackupOptions, backup

        options = BackupOptions(host=host, sector=sector)
        return await backup(report, options, connect=connect, store=tools.store)

    return Work("openbk-backup", f"Back up: {host}", task)


def restore_work(connect: Connect, host: str, path: Path, *, raw: bool) -> Work:
    """Bring a configuration back out of a backup."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.openbk.tasks.restore import RestoreOptions, restore

        options = RestoreOptions(host=host, backup=path, raw=raw)
        return await restore(report, options, connect=connect, store=tools.store)

    return Work("openbk-restore", f"Restore: {host}", task)


def history_work(connect: Connect, who: str) -> Work:
    """What is kept of a device."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.openbk.tasks.past import past

        return await past(report, who, connect=connect, store=tools.store)

    return Work("openbk-history", f"History: {who}", task)


def undo_work(connect: Connect, host: str, number: int) -> Work:
    """Go back to a kept configuration."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.openbk.tasks.past import undo

        return await undo(report, host, number, connect=connect, store=tools.store)

    return Work("openbk-undo", f"Undo: {host}", task)


def ota_work(connect: Connect, host: str, image: Path) -> Work:
    """Update the firmware."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.openbk.tasks.ota import OtaOptions, ota

        options = OtaOptions(host=host, image=image)
        return await ota(report, options, connect=connect, store=tools.store)

    return Work("openbk-ota", f"Update: {host} with {image.name}", task)


def calibrate_work(
    connect: Connect,
    host: str,
    reference: Any,
    *,
    channel: int | None = None,
    reset_energy: bool = False,
    again: bool = True,
    bench_holder: Callable[[str], str] = lambda _mac: "",
    pace: Pace | None = None,
) -> Work:
    """Calibrate the meter; `reference` is a `core.openbk.tasks.calibrate.Reference`."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.openbk.setting import Pace
        from core.openbk.tasks.calibrate import CalibrateOptions, calibrate

        options = CalibrateOptions(
            host=host,
            channel=channel,
            reset_energy=reset_energy,
            again=again,
            pace=pace or Pace(),
        )
        return await calibrate(
            report,
            options,
            reference,
            connect=connect,
            store=tools.store,
            bench_holder=bench_holder,
        )

    return Work("openbk-calibrate", f"Calibrate: {host}", task)


def factors_work(
    connect: Connect,
    host: str,
    wanted: Calibration,
    source: str,
    *,
    channel: int | None = None,
    bench_holder: Callable[[str], str] = lambda _mac: "",
    pace: Pace | None = None,
) -> Work:
    """Put known factors back; `source` says where they are from."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.openbk.setting import Pace
        from core.openbk.tasks.factors import FactorsOptions, put_factors

        options = FactorsOptions(
            host=host, wanted=wanted, source=source, channel=channel, pace=pace or Pace()
        )
        return await put_factors(
            report, options, connect=connect, store=tools.store, bench_holder=bench_holder
        )

    return Work("openbk-calibrate", f"Put factors back: {host}", task)


def bench_holder(host: Host) -> Callable[[str], str]:
    """Names a serial job of a device that runs, here or in another wattbench (rulings O4)."""

    def holder(mac: str) -> str:
        for job in host.store.jobs.all():
            if job.state != "running" or not job.kind.startswith("plug-"):
                continue
            events = host.store.jobs.events(job.id)
            macs = {str(event.get("mac", "")).upper() for event in _device_facts(events)}
            if not macs or mac.upper() in macs:
                return job.title
        return ""

    return holder


def _device_facts(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = [e.get("values", {}) for e in events if e.get("key") == "device"]
    return [values for values in found if isinstance(values, dict) and values.get("mac")]


def client_of(host: Host, address: str, password: str = "") -> Client:
    """A client for a pane's own reads; close it."""
    return connect_of(host, password)(address)
