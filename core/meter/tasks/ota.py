"""OTA: new firmware over the air.  Whatever goes wrong, the old one stays until all has arrived."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from core.events import Question
from core.fault import FaultError, Touched
from core.job import Reporter, Result
from core.meter import faults, ota, whitelist, wire
from core.meter.reach import Reach
from core.meter.records import Before
from core.meter.session import MeterOptions, Visit, visit
from core.meter.tasks.care import factory
from core.meter.wanted import checked, of_before, steps
from core.meter.writing import ANSWER, write_all
from core.store.files import read
from core.store.store import Store
from core.tlimage.image import Image

PHASES = 8
BACK = 30.0
LAST_WORD = 8.0
"""Seconds until the module hangs up after the last message."""
OLD_ACTIVE = "The old firmware is still active."


@dataclass(frozen=True, slots=True, kw_only=True)
class OtaOptions(MeterOptions):
    """`read_every` blocks a read makes the module keep up."""

    image: Path
    read_every: int = ota.READ_EVERY


@dataclass(frozen=True, slots=True)
class Sent:
    """How far the sending came: blocks, seconds, and whether it was all."""

    blocks: int
    seconds: float
    whole: bool


async def update(report: Reporter, options: OtaOptions, *, reach: Reach, store: Store) -> Result:
    """Send the image, wait for the restart, compare the version, mend the settings.

    Result: mac, `before`, `firmware`, `blocks`, `seconds`, `mended`, `summary`.  Raises the
    TLIMG-* faults and METER-IMAGE, -SAME, -FAR before anything is sent, METER-UPDATE and
    METER-UPDATE-UNSEEN after it.
    """
    report.will_change()
    data = await asyncio.to_thread(read, options.image, 1 << 20)
    image = ota.image_of(data)
    async with visit(report, options, reach=reach, store=store, steps=(1, PHASES)) as here:
        report.phase("Ask", 3, PHASES)
        _fit(here, image)
        if here.status.encrypted:
            await here.client.until(lambda: here.client.key is not None, ANSWER)
        old, key = here.status, here.client.key
        await report.confirm(
            Question(
                "ota",
                f"Replace {old.release} by {image.title}? The settings are kept or written back. "
                "Stay near the module.",
            )
        )
        here.records.keep_before(old, key)
        report.phase("Send", 4, PHASES)
        await report.point_of_no_return(f"{OLD_ACTIVE} Nothing is lost; repeat the update.")
        sent = await _send(here, image, options.read_every)
        was_bonded, address = here.was_bonded, here.address
        if sent.whole:
            state = "All of the image was sent; the module restarts and takes it if it is whole."
            await report.point_of_no_return(state, ("wattbench", "meter", "show", address))
        await here.link.forget()  # the attribute table may be another one afterwards
    report.phase("Wait for it", 5, PHASES)
    if not await report.waiting(reach.listen(address, BACK)):
        raise _unseen(sent)
    again = replace(options, address=address)
    async with visit(report, again, reach=reach, store=store, steps=(6, PHASES)) as here:
        if here.status.release != image.version:
            raise _not_taken(sent, here.status.release, image)
        report.note("METER-UPDATED", f"The module runs {here.status.release} now.")
        report.phase("Settings", 8, PHASES)
        mended = await _mended(here, Before.of(old), key)
        if was_bonded:
            await whitelist.bind(here)
        found = here.result()
    return {
        **found,
        "before": old.release,
        "blocks": sent.blocks,
        "seconds": round(sent.seconds, 1),
        "mended": mended,
        "summary": f"{old.release} to {image.version} in {sent.seconds:.0f} s",
    }


def _fit(here: Visit, image: Image) -> None:
    """Refuse what cannot work.  Raises METER-SAME, METER-FAR."""
    if here.status.release == image.version:
        raise faults.SAME(
            what=f"The module runs {here.status.release}, and so does the image.",
            cause="It was updated before.",
            next="Nothing needs to be done.",
        )
    rssi = here.reach.rssi(here.address)
    if rssi is not None and rssi < ota.WEAKEST:
        raise faults.FAR(
            what=f"The module is heard at {rssi} dBm; an update needs {ota.WEAKEST} or better.",
            cause="Too far away, or the metal door is closed.",
            next="Open the door or go nearer, then repeat.",
        )


async def _send(here: Visit, image: Image, read_every: int) -> Sent:
    """Send everything; ends early when the link does, which the version tells apart later."""
    loop = asyncio.get_running_loop()
    left = ota.SETTLED - (300.0 - here.client.seconds_left)
    await asyncio.sleep(max(left, 0))
    began, count, total = loop.time(), 0, ota.block_count(image.data)

    async def all_of_it() -> bool:
        nonlocal count
        link = here.link
        await link.write(wire.OTA, ota.START, service=wire.OTA_SERVICE)
        await asyncio.sleep(0.3)
        for block in ota.blocks(image.data):
            await link.write(wire.OTA, block, service=wire.OTA_SERVICE)
            count += 1
            if count % read_every == 0:
                await link.read(wire.OTA, service=wire.OTA_SERVICE)
                here.report.progress(count, total, "blocks")
        here.report.progress(count, total, "blocks")
        await link.write(wire.OTA, ota.end(image.data), service=wire.OTA_SERVICE)
        return True

    try:
        whole = await here.report.waiting(all_of_it())
    except FaultError as error:
        if not error.fault.code.startswith("RADIO-"):
            raise
        whole = False
    try:
        async with asyncio.timeout(LAST_WORD):
            await here.link.lost.wait()
    except TimeoutError:
        here.report.warn("METER-UPDATE", "The module did not hang up after the last block.")
    return Sent(count, loop.time() - began, whole)


async def _mended(here: Visit, before: Before, key: bytes | None) -> list[str]:
    """`_mend`; a fault of it says what runs and how the settings come back."""
    state = (
        f"The module runs {here.status.release}; its settings of before the update are kept here."
    )
    undo = ("wattbench", "meter", "set", here.address, "--undo")
    await here.report.point_of_no_return(state, undo)
    try:
        mended = await _mend(here, before, key)
    except FaultError as error:
        if error.fault.code == "STOPPED":
            raise
        raise FaultError(
            replace(error.fault, state=state, touched=Touched.PARTIAL, command=undo)
        ) from error
    here.records.settled()
    return mended


async def _mend(here: Visit, before: Before, key: bytes | None) -> list[str]:
    """Write back what the new firmware made of the settings (sheet 9.3)."""
    status = here.status
    if status.period == ota.SCRAMBLED_PERIOD:
        here.report.warn(
            "METER-SCRAMBLED",
            "The new firmware has misread the old settings, as it does after V1.2. They are "
            "cleared and written anew.",
        )
        await here.client.send(wire.CLEAR)
        await here.client.read_back(factory)
    wanted = of_before(before, key)
    now = here.status
    changed = [
        step
        for step in steps(checked(wanted, now), now)
        if not step.shows(now) or (step.key is not None and here.client.key != step.key)
    ]
    undo = ("wattbench", "meter", "set", here.address, "--undo")
    return await write_all(here, changed, undo)


def _not_taken(sent: Sent, release: str, image: Image) -> FaultError:
    total = ota.block_count(image.data)
    if sent.seconds > ota.TOTAL:
        cause = f"It took {sent.seconds:.0f} s; the module gives up after {ota.TOTAL:.0f} s."
    elif not sent.whole:
        cause = "The connection broke, or the module refused a block."
    else:
        cause = "The module refused the image at its end."
    return faults.UPDATE(
        what=f"{sent.blocks} of {total} blocks were sent in {sent.seconds:.0f} s; the module still "
        f"runs {release}.",
        cause=cause,
        next="Go nearer and repeat the update.",
        state=f"{OLD_ACTIVE} Its settings are as before.",
        touched=Touched.UNKNOWN,
    )


def _unseen(sent: Sent) -> FaultError:
    return faults.UPDATE_UNSEEN(
        what=f"{sent.blocks} blocks were sent; then no advert came for {BACK:.0f} s.",
        cause="The module is out of range or without supply, or somebody else is connected.",
        next="Look at its version in a minute: meter show.",
        state="Either the new firmware runs, or the old one is still active."
        if sent.whole
        else f"{OLD_ACTIVE} The image was not sent to its end.",
        touched=Touched.UNKNOWN,
    )
