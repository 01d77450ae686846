"""The doctor of the radio, against the simulated stack and made-up folders."""

import pytest

from core.radio.api import Adapter
from core.radio.doctor import Level, findings
from core.radio.errors import no_dbus

PI = Adapter("hci0", "B8:27:EB:00:00:01", powered=True, monitor=True)
USB = Adapter("hci1", "00:1A:7D:DA:71:13", powered=True, monitor=True)


class Stack:
    """A stack that knows its adapters, or fails."""

    def __init__(self, *adapters, error=None):
        self.found, self.error, self.closed = list(adapters), error, False

    async def adapters(self):
        if self.error is not None:
            raise self.error
        return self.found

    async def close(self):
        self.closed = True


async def look(tmp_path, *adapters, error=None, release="6.1.0"):
    stack = Stack(*adapters, error=error)
    found = await findings(stack, tmp_path, release)
    assert stack.closed
    return {finding.code: finding for finding in found}


async def test_all_well(tmp_path):
    found = await look(tmp_path, PI)
    assert {f.level for f in found.values()} == {Level.OK}
    assert set(found) == {"adapter-on", "monitor"}


async def test_experimental_drop_in_names_the_daemon_of_this_system(tmp_path):
    daemon = tmp_path / "usr/lib/bluetooth/bluetoothd"
    daemon.parent.mkdir(parents=True)
    daemon.touch()
    plain = Adapter("hci0", PI.address, powered=True)
    commands = (await look(tmp_path, plain))["monitor-experimental"].commands
    assert "ExecStart=\\nExecStart=/usr/lib/bluetooth/bluetoothd --experimental" in commands[1]
    assert commands[-1] == "sudo systemctl restart bluetooth"
    assert "monitor-kernel" in await look(tmp_path, plain, release="5.4.83-v7+")


async def test_off_and_blocked(tmp_path):
    off = Adapter("hci0", PI.address, powered=False, monitor=True)
    finding = (await look(tmp_path, off))["adapter-off"]
    assert finding.level is Level.PROBLEM
    assert finding.commands[-1] == "bluetoothctl power on"
    blocked = Adapter("hci0", PI.address, powered=False, blocked=True, monitor=True)
    finding = (await look(tmp_path, blocked))["adapter-blocked"]
    assert finding.commands[0] == "sudo rfkill unblock bluetooth"


async def test_two_adapters_are_chosen_by_address(tmp_path):
    finding = (await look(tmp_path, PI, USB))["adapters"]
    assert finding.commands[1] == "wattbench scan --adapter 00:1A:7D:DA:71:13"


async def test_built_in_radio(tmp_path):
    real = tmp_path / "sys/devices/soc/serial0/serial0-0/bluetooth/hci0"
    real.mkdir(parents=True)
    (tmp_path / "sys/class/bluetooth").mkdir(parents=True)
    (tmp_path / "sys/class/bluetooth/hci0").symlink_to(real)
    assert "USB adapter" in (await look(tmp_path, PI))["adapter-built-in"].do


@pytest.mark.parametrize("error", [None, no_dbus("Asking", FileNotFoundError("no socket"))])
async def test_no_bluetooth_is_a_note_for_who_only_flashes(tmp_path, error):
    found = await look(tmp_path, error=error)
    assert [f.level for f in found.values()] == [Level.NOTE]
    assert "Only scan and meter need it" in next(iter(found.values())).do
