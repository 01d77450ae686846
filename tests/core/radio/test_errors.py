"""Errors of bleak, D-Bus and sockets as faults: the rows of the table, and whatever else comes."""

import pytest
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakError,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from core.fault import FaultError
from core.radio.errors import fault_of, no_dbus

REASON = BleakBluetoothNotAvailableReason


def reason(name):
    return BleakBluetoothNotAvailableError("no", REASON[name])


def dbus(name, *text):
    return BleakDBusError(name, list(text))


ROWS = [
    (FileNotFoundError(2, "No such file"), "RADIO-NO-DBUS", "sudo apt install dbus bluez"),
    (ConnectionRefusedError(), "RADIO-NO-DBUS", "sudo apt install dbus bluez"),
    (
        dbus("org.freedesktop.DBus.Error.ServiceUnknown"),
        "RADIO-NO-BLUEZ",
        "sudo systemctl enable --now bluetooth",
    ),
    (
        dbus("org.freedesktop.DBus.Error.AccessDenied", "Rejected send message"),
        "RADIO-DENIED",
        "sudo usermod -aG bluetooth $USER",
    ),
    (reason("DENIED_BY_SYSTEM"), "RADIO-AUTH", "env BLEAK_DBUS_AUTH_UID=1000 wattbench"),
    (reason("NO_BLUETOOTH"), "RADIO-NO-ADAPTER", "rfkill list"),
    (reason("NO_BLE_CENTRAL_ROLE"), "RADIO-NO-LE", ""),
    (reason("POWERED_OFF"), "RADIO-OFF", "bluetoothctl power on"),
    (dbus("org.bluez.Error.NotReady", "Not Ready"), "RADIO-OFF", "bluetoothctl power on"),
    (dbus("org.bluez.Error.Blocked"), "RADIO-BLOCKED", "sudo rfkill unblock bluetooth"),
    (BleakError("adapter 'hci7' not found"), "RADIO-ADAPTER", ""),
    (dbus("org.bluez.Error.InProgress"), "RADIO-BUSY", "sudo systemctl restart bluetooth"),
    (dbus("org.freedesktop.DBus.Error.UnknownObject"), "RADIO-ADAPTER", ""),
    (
        dbus("org.bluez.Error.Failed", "No discovery started"),
        "RADIO-STACK",
        "sudo systemctl restart bluetooth",
    ),
    (TimeoutError(), "RADIO-STACK", "sudo systemctl restart bluetooth"),
    (EOFError(), "RADIO-STACK", "sudo systemctl restart bluetooth"),
]


@pytest.mark.parametrize(("error", "code", "command"), ROWS, ids=lambda v: str(v)[:40])
def test_row(error, code, command):
    fault = fault_of(error, "Starting the scan").fault
    assert (fault.code, " ".join(fault.command)) == (code, command)
    assert fault.what.startswith("Starting the scan failed: ")
    assert all((fault.what, fault.cause, fault.next))


def test_a_fault_stays_what_it_is():
    error = no_dbus("Looking", FileNotFoundError())
    assert fault_of(error, "Starting") is error


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.builds(BleakError, st.text()),
        st.builds(BleakDBusError, st.text(min_size=1), st.lists(st.text(), max_size=2)),
        st.builds(OSError, st.integers(0, 200), st.text()),
        st.builds(ValueError, st.text()),
        st.builds(reason, st.sampled_from([r.name for r in REASON])),
    )
)
def test_anything_becomes_a_fault_of_the_radio(error):
    found = fault_of(error, "Starting the scan")
    assert isinstance(found, FaultError)
    assert found.fault.code.startswith("RADIO-")
