"""What bleak, D-Bus and sockets raise, as faults with the command that mends it.

Source: bleak notes 4 and 5.  bleak is imported by whoever has an error of it.
"""

from __future__ import annotations

from core.fault import FaultError, FaultKind
from core.radio import faults

APT = ("sudo", "apt", "install", "dbus", "bluez")
ENABLE = ("sudo", "systemctl", "enable", "--now", "bluetooth")
RESTART = ("sudo", "systemctl", "restart", "bluetooth")
POWER_ON = ("bluetoothctl", "power", "on")
UNBLOCK = ("sudo", "rfkill", "unblock", "bluetooth")
GROUP = ("sudo", "usermod", "-aG", "bluetooth", "$USER")

_DBUS = "org.freedesktop.DBus.Error."
_BLUEZ = "org.bluez.Error."

# D-Bus error -> (fault, likely cause, next step, its command)
_NAMED: dict[str, tuple[FaultKind, str, str, tuple[str, ...]]] = {
    f"{_DBUS}ServiceUnknown": (
        faults.NO_BLUEZ,
        "The message bus runs, but bluetoothd does not.",
        "Start the Bluetooth service.",
        ENABLE,
    ),
    f"{_DBUS}AccessDenied": (
        faults.DENIED,
        "The policy of the message bus refuses this user.",
        "Add yourself to the group bluetooth, then log in anew.",
        GROUP,
    ),
    f"{_BLUEZ}NotReady": (
        faults.OFF,
        "The adapter is switched off.",
        "Switch the adapter on.",
        POWER_ON,
    ),
    f"{_BLUEZ}Blocked": (
        faults.BLOCKED,
        "rfkill keeps the radio off.",
        "Take the block away, then switch the adapter on.",
        UNBLOCK,
    ),
    f"{_BLUEZ}InProgress": (
        faults.BUSY,
        "An earlier operation of the adapter has not ended.",
        "Wait a moment; if it stays so, restart the Bluetooth service.",
        RESTART,
    ),
    f"{_DBUS}UnknownObject": (
        faults.WRONG_ADAPTER,
        "The adapter was unplugged.",
        "Plug the adapter in again.",
        (),
    ),
}
_NAMED[f"{_DBUS}NameHasNoOwner"] = _NAMED[f"{_DBUS}ServiceUnknown"]


def fault_of(error: BaseException, doing: str) -> FaultError:
    """The fault for an error that came while `doing` something ("Starting the scan").

    A FaultError is returned as it is.
    """
    if isinstance(error, FaultError):
        return error
    if isinstance(error, TimeoutError):
        return _stack(doing, "no answer in time", "The Bluetooth service hangs.")
    dbus_name = getattr(error, "dbus_error", "")
    if dbus_name:
        return _by_name(str(dbus_name), words(error), doing)
    reason = getattr(error, "reason", None)
    if reason is not None and hasattr(reason, "name"):
        return by_reason(str(reason.name), doing)
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return no_dbus(doing, error)
    text = words(error)
    if text.startswith("adapter '"):
        return faults.WRONG_ADAPTER(
            what=f"{doing} failed: {text}.",
            cause="The adapter was unplugged, or the adapters changed places.",
            next="Plug it in, or choose another adapter, best by its address.",
        )
    if isinstance(error, OSError | EOFError):
        return _stack(doing, text or type(error).__name__, "The message bus has gone away.")
    return _stack(doing, text or type(error).__name__, "The Bluetooth service did not do it.")


def words(error: BaseException) -> str:
    """What an error says.  bleak's own text of a D-Bus error reads numbers out of it and may
    stumble over them."""
    return " ".join(str(part) for part in error.args)


def _by_name(name: str, text: str, doing: str) -> FaultError:
    if name not in _NAMED:
        return _stack(doing, text, "The Bluetooth service did not do it.")
    kind, cause, step, command = _NAMED[name]
    return kind(what=f"{doing} failed: {text}.", cause=cause, next=step, command=command)


def by_reason(reason: str, doing: str) -> FaultError:
    """The fault for one of bleak's reasons why Bluetooth is not there."""
    if reason == "NO_BLUETOOTH":
        return faults.NO_ADAPTER(
            what=f"{doing} failed: this computer shows no Bluetooth adapter.",
            cause="None is built in or plugged in, or its firmware did not start.",
            next="Plug a USB adapter in, or see why the built-in one is missing.",
            command=("rfkill", "list"),
        )
    if reason == "NO_BLE_CENTRAL_ROLE":
        return faults.NO_CENTRAL(
            what=f"{doing} failed: no adapter can do Bluetooth Low Energy as a central.",
            cause="The adapter is too old.",
            next="Take another USB adapter.",
        )
    if reason == "POWERED_OFF":
        return switched_off(doing, "")
    if reason == "DENIED_BY_SYSTEM":
        return faults.AUTH(
            what=f"{doing} failed: the message bus refused to authenticate this user.",
            cause="A container or user namespace shows another user number than the bus knows.",
            next="Set BLEAK_DBUS_AUTH_UID to your user number outside.",
            command=("env", "BLEAK_DBUS_AUTH_UID=1000", "wattbench"),
        )
    return _stack(doing, f"Bluetooth is not available ({reason.lower()})", "Not known.")


def no_dbus(doing: str, error: BaseException) -> FaultError:
    """RADIO-NO-DBUS."""
    return faults.NO_DBUS(
        what=f"{doing} failed: the system's message bus is not there ({type(error).__name__}).",
        cause="D-Bus is not installed, does not run, or is not shared with this container.",
        next="Install and start D-Bus and BlueZ.",
        command=APT,
    )


def switched_off(doing: str, name: str) -> FaultError:
    """RADIO-OFF for the adapter `name`, or for all of them."""
    return faults.OFF(
        what=f"{doing} failed: {name or 'every adapter'} is switched off.",
        cause="It was switched off by hand or by a setting; rfkill does not block it.",
        next="Switch the adapter on.",
        command=POWER_ON,
    )


def blocked(doing: str, name: str) -> FaultError:
    """RADIO-BLOCKED for the adapter `name`."""
    return faults.BLOCKED(
        what=f"{doing} failed: {name} is off, and rfkill blocks it.",
        cause="Flight mode, a country setting of the Pi, or a switch on the case.",
        next="Take the block away, then switch the adapter on.",
        command=UNBLOCK,
    )


def _stack(doing: str, text: str, cause: str) -> FaultError:
    return faults.STACK(
        what=f"{doing} failed: {text}.",
        cause=cause,
        next="Restart the Bluetooth service.",
        command=RESTART,
    )
