"""Connections of the simulated stack: connect, bond, read, write, notify (meter sheet 3)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from core.sim.air import Connected
from core.sim.bluez_host import StackHost
from core.sim.bluez_records import (
    ALREADY_CONNECTED,
    ALREADY_EXISTS,
    AUTHENTICATION_FAILED,
    FAILED,
    IN_PROGRESS,
    NOT_CONNECTED,
    NOT_READY,
    SimDevice,
    StackError,
)
from core.sim.peripheral import AttError

DISCOVERY = 0.2
"""Seconds that finding the services takes at least."""


async def connect(host: StackHost, device: SimDevice) -> None:
    """Device1.Connect.  A device that does not answer keeps this waiting until it is cancelled.

    Raises StackError.
    """
    host.obey("Connect")
    if not device.adapter.powered:
        raise StackError(NOT_READY, "Resource Not Ready")
    if device.link is not None:
        raise StackError(ALREADY_CONNECTED, "Already Connected")
    if device.connecting is not None:
        raise StackError(IN_PROGRESS, "Operation already in progress")
    task = asyncio.ensure_future(_connect(host, device))
    device.connecting = task
    try:
        await asyncio.wait([task])
    finally:
        device.connecting = None
        task.cancel()
    if task.cancelled():
        raise StackError(FAILED, "le-connection-abort-by-local")
    task.result()


async def _connect(host: StackHost, device: SimDevice) -> None:
    here = asyncio.get_running_loop()

    def across(call: Callable[..., None], *args: object) -> None:
        if here is host.air.loop:
            call(*args)
        else:
            with contextlib.suppress(RuntimeError):  # the program's loop has ended
                here.call_soon_threadsafe(call, *args)

    link = await host.air.here(
        host.air.connect(
            device.address,
            device.adapter.address,
            lambda handle, data: across(host.tell_notified, device, handle, data),
            lambda: across(_dropped, host, device),
        )
    )
    if not link.open:
        raise StackError(FAILED, "le-connection-abort-by-local")
    device.link = link
    host.change(device, Connected=True)
    if link.peripheral.wants_bond:
        await _secure(host, device, link)
    if device.link is link:
        here.call_later(DISCOVERY, _resolved, host, device, link)


async def _secure(host: StackHost, device: SimDevice, link: Connected) -> None:
    """The answer to the device's Security Request."""
    own = device.adapter.address
    if (own, device.address) in host.bonds:
        if not link.peripheral.knows(own):  # PIN or Key Missing: the kernel drops the link
            await host.air.here(_call(link.hang_up))
    elif host.pairable:
        await _bond(host, device, link)


async def _bond(host: StackHost, device: SimDevice, link: Connected) -> None:
    own = device.adapter.address
    await host.air.here(_call(lambda: link.peripheral.bonded(own)))
    host.bonds.add((own, device.address))
    host.change(device, Paired=True, Bonded=True)


async def _call(call: Callable[[], None]) -> None:
    call()


def _resolved(host: StackHost, device: SimDevice, link: Connected) -> None:
    if device.link is link and link.open:
        device.services = link.peripheral.services()
        host.change(device, ServicesResolved=True)


def _dropped(host: StackHost, device: SimDevice) -> None:
    device.link = None
    host.change(device, ServicesResolved=False, Connected=False)


async def disconnect(host: StackHost, device: SimDevice) -> None:
    """Device1.Disconnect; also ends an attempt to connect."""
    host.obey("Disconnect")
    if device.connecting is not None:
        device.connecting.cancel()
    if device.link is not None:
        await host.air.here(_call(device.link.hang_up))


async def pair(host: StackHost, device: SimDevice) -> None:
    """Device1.Pair: connects first where needed.  Raises StackError."""
    host.obey("Pair")
    if device.props["Paired"]:
        raise StackError(ALREADY_EXISTS, "Already Exists")
    if device.link is None:
        await connect(host, device)
    if device.link is None:
        raise StackError(AUTHENTICATION_FAILED, "Authentication Failed")
    if not device.props["Paired"]:  # the device may have asked for it itself
        await _bond(host, device, device.link)


async def forget(host: StackHost, device: SimDevice) -> None:
    """Adapter1.RemoveDevice: the bond, the connection and the object."""
    host.obey("RemoveDevice")
    host.bonds.discard((device.adapter.address, device.address))
    if device.link is not None:
        await disconnect(host, device)
    host.drop(device)


def _linked(device: SimDevice) -> Connected:
    if device.link is None:
        raise StackError(NOT_CONNECTED, "Not Connected")
    return device.link


async def read(host: StackHost, device: SimDevice, handle: int) -> bytes:
    """Read the characteristic declared at `handle`.  Raises StackError."""
    host.obey("ReadValue")
    link = _linked(device)

    async def answered() -> bytes:
        await asyncio.sleep(link.peripheral.delay)
        return await link.peripheral.read(handle)

    return bytes(await _att(host.air.here(answered()), link))


async def write(
    host: StackHost, device: SimDevice, handle: int, data: bytes, *, response: bool
) -> None:
    """Write it; a command without response has no errors.  Raises StackError."""
    host.obey("WriteValue")
    link = _linked(device)

    async def answered() -> bytes:
        await asyncio.sleep(link.peripheral.delay if response else 0)
        try:
            await link.peripheral.write(handle, data, response=response)
        except AttError:
            if response:
                raise
        return b""

    await _att(host.air.here(answered()), link)


async def subscribe(host: StackHost, device: SimDevice, handle: int, on: bool) -> None:
    """Write the CCCD of a characteristic.  Raises StackError."""
    host.obey("StartNotify" if on else "StopNotify")
    link = _linked(device)

    async def answered() -> bytes:
        await asyncio.sleep(link.peripheral.delay)
        link.peripheral.subscribe(handle, on)
        return b""

    await _att(host.air.here(answered()), link)


async def _att(answer: object, link: Connected) -> bytes:
    """Wait for the device's answer, in BlueZ's words when it is an error."""
    try:
        return await answer  # type: ignore[no-any-return, misc]
    except AttError as error:
        raise _bluez_error(error.code) from None


def _bluez_error(code: int) -> StackError:
    named = {
        0x02: ("org.bluez.Error.NotPermitted", "Read not permitted"),
        0x03: ("org.bluez.Error.NotPermitted", "Write not permitted"),
        0x07: ("org.bluez.Error.InvalidArguments", "Invalid offset"),
        0x0D: ("org.bluez.Error.InvalidArguments", "Invalid Length"),
        0x06: ("org.bluez.Error.NotSupported", "Operation is not supported"),
        0x08: ("org.bluez.Error.NotAuthorized", "Operation Not Authorized"),
    }
    name, text = named.get(code, (FAILED, f"Operation failed with ATT error: 0x{code:02x}"))
    return StackError(name, text)
