"""Show: everything that the module says, and what is odd about it.  Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import Private
from core.job import Reporter, Result
from core.meter import adverts, models, ota, scale
from core.meter.reach import Reach
from core.meter.session import MeterOptions, Visit, visit
from core.store.store import Store

SCRAMBLED = (
    "An update from V1.2 has scrambled the settings (period 0x656C): clear them (meter clear), "
    "then set address, period and key anew."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowOptions(MeterOptions):
    """`keep_key` stores the module's key in keys.toml; `reveal` puts it into the result."""

    keep_key: bool = False
    reveal: bool = False


async def show(report: Reporter, options: ShowOptions, *, reach: Reach, store: Store) -> Result:
    """Result: the fields of the status, live values, serial number, date and `summary`."""
    async with visit(report, options, reach=reach, store=store) as here:
        await texts(here)
        here.tell()
        for code, text in oddities(here):
            report.warn(code, text)
        key = await _key(here, options, store)
        revision = await here.client.version_text()
        found = here.result()
    return {**found, **key, "software_revision": revision, "summary": summary(here)}


async def _key(here: Visit, options: ShowOptions, store: Store) -> dict[str, object]:
    if not here.status.encrypted or not (options.keep_key or options.reveal):
        return {}
    await here.client.until(lambda: here.client.key is not None, 5.0)
    key = here.client.key
    if key is None:
        here.report.warn("METER-KEY", "The module did not send its key; repeat.")
        return {"key_stored": False}
    if options.keep_key:
        store.keys.set_bind_key(here.address, key)
        here.report.note("METER-KEY", "The module's key is stored: its values are readable now.")
    shown = {"key": Private(key.hex())} if options.reveal else {}
    return {"key_stored": options.keep_key, **shown}


async def texts(here: Visit, timeout: float = 5.0) -> None:
    """Wait for serial number and date, which follow the status."""
    await here.client.until(lambda: here.client.texts >= 2, timeout)


def oddities(here: Visit) -> list[tuple[str, str]]:
    """What a technician should know: code and sentence."""
    found = []
    status, client = here.status, here.client
    model = models.model_of(status.model)
    if model.has_address and not status.address:
        found.append(("METER-NEW", "The meter's address is not set up yet."))
    elif not client.serial:
        found.append(("METER-NO-SERIAL", "The meter has not answered since the module started."))
    right = scale.correction(status.model, status.scale)
    if right is not None:
        found.append(("METER-SCALE", wrong_scale(status.model, status.scale, right)))
    if status.period == ota.SCRAMBLED_PERIOD:
        found.append(("METER-SCRAMBLED", SCRAMBLED))
    if status.generation.length == 8 and status.version == 0x11:
        found.append(("METER-OLD", "V1.1 advertises the voltage ten times too high."))
    if not status.generation.has_scale:
        found.append(("METER-OLD", "Firmware before the V1.3 of 12 March 2023 has no scale: power "
                      "may be advertised 1000 times too low. Update the module."))  # fmt: skip
    if status.encrypted and here.store.keys.bind_key(here.address) is None:
        found.append(("METER-KEY", "The module encrypts, and its key is not stored here."))
    if not status.encrypted and here.store.keys.bind_key(here.address) is not None:
        found.append(("METER-PLAIN", "A key is stored here, but the module does not encrypt."))
    if adverts.blank(here.heard):
        found.append(("METER-BLANK", adverts.BLANK_NOTE))
    else:
        odd = adverts.disagreements(here.heard, client.live, status.scale)
        found += [("METER-ADVERT", text) for text in odd]
    return found


def wrong_scale(model: int | None, word: int | None, right: int) -> str:
    """The sentence about a scale that firmware loads by itself and that is wrong."""
    title = models.model_of(model).title
    return (
        f"The scale {scale.Scale.of(word or 0).text} (0x{word or 0:04X}) gives wrong values for "
        f"{title}; right is {scale.Scale.of(right).text} (0x{right:04X})."
    )


def summary(here: Visit) -> str:
    """One line for the list of jobs."""
    status = here.status
    who = f"meter {here.client.serial}" if here.client.serial else "no answer from the meter"
    address = f"address {status.address}" if status.address else "no address"
    return f"{status.release}, {models.model_of(status.model).name}, {address}, {who}"
