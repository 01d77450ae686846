"""OpenBeken's configuration sector over the serial loader: read it, or put a profile on top.

The same proofs as for flashing stand before the write: a true backup of this device, a plan that
names this sector alone, consent.  Secrets come from keys.toml or are asked for before the plug is
linked; they are in no event and no result.  Source: rulings P5, P14, P15, P18 and P20.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.beken.board import board_in, require_board
from core.beken.config import (
    block_in,
    change_lines,
    config_region,
    read_sector,
    sector_with,
    set_values,
)
from core.beken.grounds import question_if_not_whole, require_layout
from core.beken.identify import Device
from core.beken.planning import make_config_plan
from core.beken.tasks.flash import Configure, Secured, agree_to, load, result_of, secure
from core.beken.tasks.gate import boot_check, safety
from core.beken.tasks.session import PlugOptions, Session, session
from core.beken.tasks.write import (
    PHASES,
    carry_out,
    left_to_do,
    restart,
    runs_openbeken,
    takes_uart,
)
from core.bkimage.image import identify
from core.events import Question
from core.job import Reporter, Result
from core.link.api import OpenPort
from core.profile import toml_file
from core.profile.check import require_possible, warnings
from core.profile.model import Profile, flat
from core.profile.secrets import filled, needed, secret_paths, shown
from core.store.store import Store

Reveal = Callable[[Profile], None]
"""Gets the profile with its secrets, outside of every event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadConfigOptions(PlugOptions):
    """Nothing more than how to reach the plug."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteConfigOptions(PlugOptions):
    """`profile` is a file, or the name of one among the user's and the shipped profiles; `backup`
    an existing backup of this device, None: make one."""

    profile: Path
    backup: Path | None = None


async def read_config(
    report: Reporter,
    options: ReadConfigOptions,
    *,
    ports: OpenPort,
    store: Store,
    reveal: Reveal | None = None,
) -> Result:
    """What is configured; changes nothing.

    Result: `configured`, `version` of the block (None without one), `toml` (what differs from the
    firmware's defaults, without secrets), `secrets` (where one is set), chip, mac, summary.
    """
    async with session(
        report, options, ports, "Configuration: read", (1, 3), memory=store.settings
    ) as plug:
        require_layout(plug.device)
        report.phase("Read", 3, 3)
        sector = await read_sector(plug.client, plug.device.chip)
        device = plug.device
    block, found = block_in(sector), set_values(sector)
    report.facts("config", lines=profile_lines(found))
    if reveal is not None:
        reveal(found)
    said = "nothing beyond the defaults" if block and not flat(found) else "no configuration"
    if flat(found):
        said = f"{len(flat(found))} values beyond the firmware's defaults"
    return {
        "chip": device.chip,
        "mac": device.mac,
        "configured": block is not None,
        "version": block.version if block else None,
        "toml": toml_file.dump(found),
        "secrets": secret_paths(found),
        "summary": f"{device.chip.upper()} {device.mac or 'without MAC'}: {said}",
    }


def profile_lines(profile: Profile, *, reveal: bool = False) -> list[str]:
    """Everything that a profile names, one line each, secrets masked."""
    return [f"{path}: {shown(value, reveal=reveal)}" for path, value in flat(profile).items()]


async def write_config(
    report: Reporter, options: WriteConfigOptions, *, ports: OpenPort, store: Store
) -> Result:
    """Put a profile on top of what is configured.  Result: as that of flashing, and `changed`.

    Raises PROFILE-*, what linking, identifying and backing up raise, and what writing raises.
    """
    report.will_change()
    began = asyncio.get_running_loop().time()
    report.phase("Profile", 1, PHASES)
    profile = await prepare(report, store, options.profile)
    report.phase("Safety", 2, PHASES)
    options = await safety(report, options)
    old = None if options.backup is None else await load(store, options.backup)
    async with session(
        report, options, ports, "Configuration: write", (3, PHASES), memory=store.settings
    ) as plug:
        require_layout(plug.device)
        secured = await secure(plug, store, old)
        before = await read_sector(plug.client, plug.device.chip)
        await _say_if_stock(plug, secured.data)
        async with plug.awake():
            after = await configure_with(report, profile)(plug.device, secured.data, before)
        plan, now = await _agree(plug, secured, after)
        wrong = left_to_do(plan, now)
        if wrong:
            await carry_out(plug, plan, now, store)
        await restart(plug, plan)
    openbeken = await runs_openbeken(plan)
    booted = await boot_check(report, wires_off=takes_uart(plan), openbeken=openbeken)
    spent = asyncio.get_running_loop().time() - began
    lines = change_lines(before, after)
    changed = [line.partition(": ")[0] for line in lines if ": " in line]
    return {**result_of(plan, wrong, booted, spent), "changed": changed}


async def _agree(plug: Session, secured: Secured, sector: bytes) -> tuple[Any, Any]:
    plug.report.phase("Plan", 7, PHASES)
    question = question_if_not_whole(secured.backup)
    if question is not None:
        await plug.confirm(question)
    plan = make_config_plan(
        plug.device,
        sector,
        secured.backup,
        secured.data,
        secured.identity,
        confirmed=question is not None,
    )
    return plan, await agree_to(plug, plan)


async def prepare(report: Reporter, store: Store, path: Path) -> Profile:
    """The profile with its secrets, ready to be applied; asks for those that are not kept.

    Raises PROFILE-TEXT, PROFILE-BASE, PROFILE-VALUE, and UNANSWERED for a secret that nobody
    gives.
    """
    found = await asyncio.to_thread(find_profile, store, path)
    profile = await asyncio.to_thread(toml_file.load, found, store.profiles_folder)
    keys = await asyncio.to_thread(lambda: store.keys)
    for text in (keys.problem, keys.too_open):
        if text:
            report.warn("KEYS", text)
    values = {}
    for name in needed(profile):
        kept = keys.secret(name)
        values[name] = kept if kept is not None else await report.ask(_secret_question(name))
    profile = filled(profile, values)
    require_possible(profile)
    report.facts("profile", name=found.name, lines=profile_lines(profile))
    return profile


def find_profile(store: Store, path: Path) -> Path:
    """The file itself, or one of its name among the user's and the shipped profiles."""
    places = (path, store.profiles_folder / path.name, toml_file.SHIPPED / path.name)
    return next((place for place in places if place.is_file()), path)


def _secret_question(name: str) -> Question:
    return Question(
        key=f"secret-{name}",
        text=f"The profile needs the secret '{name}', which keys.toml does not hold.",
        choices=(),
        flag=f"{name} under [secrets] of keys.toml",
        secret=True,
    )


def configure_with(report: Reporter, profile: Profile) -> Configure:
    """What `flash` and `write_config` call for the sector: checks board and chip, says what
    changes.  Raises PROFILE-BOARD, PROFILE-CHIP, PROFILE-VALUE."""

    async def configure(device: Device, backup: bytes, before: bytes) -> bytes:
        board = await asyncio.to_thread(board_in, backup)
        if board is not None:
            require_board(profile, board)
        after = sector_with(before, profile, device.chip, device.mac)
        for text in warnings(profile):
            report.warn("PROFILE", text)
        lines = change_lines(before, after)
        report.facts("config", lines=lines or ["The configuration is as the profile has it."])
        return after

    return configure


async def _say_if_stock(plug: Session, data: bytes) -> None:
    """A configuration without OpenBeken has no effect until that is flashed."""
    image = await asyncio.to_thread(identify, data)
    if image.product != "OpenBeken":
        at = config_region(plug.device.chip).start
        plug.report.warn(
            "NOT-OPENBEKEN",
            "The backup's firmware is not OpenBeken: it does not read this configuration, and what "
            f"it keeps at {at:#x} is lost. `plug flash --profile` writes both.",
        )
