"""Switch one relay of a device, after the question what hangs on it (rulings O1)."""

from __future__ import annotations

from dataclasses import dataclass

from core.job import Reporter, Result
from core.openbk import faults, wire
from core.openbk.client import Client, Connect
from core.openbk.fleet import on_host
from core.openbk.lost import may_switch, switching
from core.openbk.read import read_device
from core.openbk.still import require_same
from core.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchOptions:
    """`channel` is the relay's; None switches it to the other state."""

    host: str
    channel: int
    on: bool | None = None


async def switch(
    report: Reporter, options: SwitchOptions, *, connect: Connect, store: Store
) -> Result:
    """Switch it and ask the device what it is now.  Result: `channel`, `on`.

    Raises OBK-REFUSED for a channel without a relay, and what reading and sending raise.
    """
    return await on_host(
        connect, options.host, lambda client: _switch(report, client, options, store)
    )


async def _switch(report: Reporter, client: Client, options: SwitchOptions, store: Store) -> Result:
    report.phase("Read", 1, 2)
    device = await read_device(client)
    channel = options.channel
    if channel not in device.relays:
        raise faults.REFUSED(
            what=f"{device.name} has no relay on channel {channel}.",
            cause="The pins were changed meanwhile.",
            next="Read the device again.",
        )
    on = not await _is_on(client, channel) if options.on is None else options.on
    word = "on" if on else "off"
    starts = " What hangs on it may start." if on else ""
    await report.confirm(
        may_switch(
            "relay-switch",
            f"The relay of {device.name} (channel {channel}) will be switched {word}.{starts}",
        )
    )
    await require_same(client, device)
    await report.point_of_no_return("The relay may have been switched.")
    report.phase("Switch", 2, 2)
    with switching(store, device, (channel,)):
        await client.must(f"SetChannel {channel} {int(on)}")
        now = await _is_on(client, channel)
    if now is not on:
        raise faults.REFUSED(
            what=f"The relay of {device.name} did not go {word}.",
            cause="The firmware said OK and did something else.",
            next="Look at the plug, and at its pins.",
        )
    return {
        "summary": f"{device.name}: relay {channel} is {word}",
        "mac": device.mac,
        "channel": channel,
        "on": on,
    }


async def _is_on(client: Client, channel: int) -> bool:
    """The value of a channel, as the device has it now."""
    return wire.int_of((await client.must(f"GetChannel {channel}")).value) != 0
