"""Which adapter to use: by address, by name, or the first one that is on."""

from __future__ import annotations

from core.fault import FaultError
from core.radio import errors, faults
from core.radio.api import Adapter


def choose(adapters: list[Adapter], wanted: str, doing: str) -> Adapter:
    """The adapter to use.  `wanted` is an address, a name (hci0) or empty.

    Raises RADIO-NO-ADAPTER, RADIO-ADAPTER, RADIO-OFF or RADIO-BLOCKED.
    """
    if not adapters:
        raise errors.by_reason("NO_BLUETOOTH", doing)
    if wanted:
        named = [a for a in adapters if wanted.lower() in (a.address.lower(), a.name.lower())]
        if not named:
            raise _missing(adapters, wanted, doing)
        found = named[0]
    else:
        found = next((a for a in adapters if a.powered), adapters[0])
    if found.powered:
        return found
    raise _dark(found, doing)


def _dark(adapter: Adapter, doing: str) -> FaultError:
    name = f"{adapter.name} ({adapter.address})"
    return errors.blocked(doing, name) if adapter.blocked else errors.switched_off(doing, name)


def _missing(adapters: list[Adapter], wanted: str, doing: str) -> FaultError:
    there = ", ".join(f"{a.address} ({a.name})" for a in adapters)
    return faults.WRONG_ADAPTER(
        what=f"{doing} failed: there is no adapter {wanted}. There is: {there}.",
        cause="It was unplugged, or the adapters changed places at the last boot.",
        next="Plug it in, or choose one that is there, best by its address.",
    )
