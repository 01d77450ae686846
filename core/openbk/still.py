"""Is it still the device that was read, and is it as it was read?

Asked after the last question and right before the first change: meanwhile the address may have
gone to another device, and somebody else may have configured this one.
"""

from __future__ import annotations

from core.openbk import faults
from core.openbk.client import Client
from core.openbk.difference import changes, complete
from core.openbk.read import Device, read_device
from core.openbk.standing import some
from core.profile.model import Profile

NOT_COMPARED = ("drivers", "calibration.")
"""What a running device changes by itself, or a calibration changed on purpose."""


async def require_same(client: Client, device: Device) -> None:
    """Raise OBK-OTHER-DEVICE when another device answers now."""
    info = await client.info()
    require_who(client.host, info.mac, info.chip, device)


def require_who(host: str, mac: str, chip: str, device: Device, state: str = "") -> None:
    """Raise OBK-OTHER-DEVICE unless MAC and chip are those of `device`; a MAC that neither says
    proves nothing and is let pass."""
    if mac == device.mac and (chip or device.chip) == device.chip:
        return
    raise faults.OTHER_DEVICE(
        what=f"At {host} answers {mac or 'a device without a MAC'} ({chip or 'no chip named'}), "
        f"not {device.mac or 'the device without a MAC'} ({device.chip}) any more.",
        cause="The router gave the address to another device, or two plugs were exchanged.",
        next="Search again and choose the device by its MAC.",
        state=state or "Nothing was sent to it.",
        command=("wattbench", "openbk", "find"),
    )


async def require_still(client: Client, device: Device) -> None:
    """Read the device once more.  Raises OBK-OTHER-DEVICE, OBK-CHANGED, and what reading raises."""
    now = await read_device(client)
    require_who(client.host, now.mac, now.chip, device)
    require_unchanged(now, device.profile)


def require_unchanged(device: Device, expected: Profile) -> None:
    """Raise OBK-CHANGED when the device is no longer what somebody looked at."""
    wrong = [
        change.path
        for change in changes(device.profile, complete(expected))
        if not change.path.startswith(NOT_COMPARED)
    ]
    if wrong:
        raise faults.CHANGED(
            what=f"{device.host} was changed since it was read: {some(wrong)}.",
            cause="Somebody else configured it meanwhile.",
            next="Read it again, then decide.",
            command=("wattbench", "openbk", "show", device.host),
        )
