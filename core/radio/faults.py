"""How the radio can fail, each way with its help page."""

from core.fault import FaultKind

NO_DBUS = FaultKind(
    "RADIO-NO-DBUS",
    "The system's message bus is not there",
    "Bluetooth on Linux is reached through D-Bus, and its socket is missing.\n"
    "1. `sudo apt install dbus bluez`, then restart the computer.\n"
    "2. In a container, share the host's /run/dbus/system_bus_socket.",
)
NO_BLUEZ = FaultKind(
    "RADIO-NO-BLUEZ",
    "The Bluetooth service does not run",
    "D-Bus answers, but bluetoothd does not.\n"
    "1. `sudo systemctl enable --now bluetooth`\n"
    "2. If there is no such service: `sudo apt install bluez` (on a Raspberry Pi also "
    "pi-bluetooth).\n"
    "3. `systemctl status bluetooth` tells why it ends.",
)
DENIED = FaultKind(
    "RADIO-DENIED",
    "You may not use Bluetooth",
    "The policy of the message bus refuses this user.\n"
    "1. `sudo usermod -aG bluetooth $USER`\n"
    "2. Log out and in again (a new SSH session); groups are read at log-in only.",
)
AUTH = FaultKind(
    "RADIO-AUTH",
    "The message bus does not know who you are",
    "The user number inside this container or namespace is another one than outside. Set "
    "BLEAK_DBUS_AUTH_UID to the number that the bus knows, for example "
    "`BLEAK_DBUS_AUTH_UID=1000 wattbench`.",
)
NO_ADAPTER = FaultKind(
    "RADIO-NO-ADAPTER",
    "There is no Bluetooth adapter",
    "1. USB adapter: plug it in; `lsusb` must show it.\n"
    "2. Raspberry Pi: a line `dtoverlay=disable-bt` in /boot/firmware/config.txt switches the "
    "built-in one off; `sudo systemctl status hciuart` tells about its start.\n"
    "3. `dmesg | grep -i blue` shows firmware that is missing.",
)
NO_CENTRAL = FaultKind(
    "RADIO-NO-LE",
    "The adapter cannot do Bluetooth Low Energy",
    "Adapters before Bluetooth 4.0 cannot hear meters. Take another USB adapter.",
)
WRONG_ADAPTER = FaultKind(
    "RADIO-ADAPTER",
    "The chosen adapter is not there",
    "Adapters are best named by address: hci0 and hci1 may change places at each boot. "
    "The message lists what is there. Plug the adapter in, or choose another one.",
)
OFF = FaultKind(
    "RADIO-OFF",
    "The Bluetooth adapter is switched off",
    "Nothing blocks it; it only has to be switched on.\n"
    "1. `bluetoothctl power on`\n"
    "2. To have it on after each boot, set `AutoEnable=true` under [Policy] in "
    "/etc/bluetooth/main.conf.",
)
BLOCKED = FaultKind(
    "RADIO-BLOCKED",
    "Bluetooth is blocked by rfkill",
    "A switch in software (or on the case) keeps the radio off.\n"
    "1. `sudo rfkill unblock bluetooth`\n"
    "2. `bluetoothctl power on`\n"
    "3. `rfkill list` shows a block in hardware, which only the switch takes away.",
)
BUSY = FaultKind(
    "RADIO-BUSY",
    "The adapter is busy with another operation",
    "BlueZ answers that an operation is in progress, again and again. An earlier scan may not "
    "have been ended properly.\n"
    "1. Close other programs that scan in this session.\n"
    "2. `bluetoothctl power off`, then `bluetoothctl power on`.\n"
    "3. `sudo systemctl restart bluetooth`",
)
SILENT = FaultKind(
    "RADIO-SILENT",
    "The radio hears nothing at all",
    "Not one advert came, from anybody.\n"
    "1. If `dmesg | grep -i hci` shows 'tx timeout' or 'Frame reassembly failed', the built-in "
    "radio of the Pi hangs: `bluetoothctl power off`, `bluetoothctl power on`, else restart.\n"
    "2. Metal cabinets keep everything in: open the door, or bring the antenna closer.\n"
    "3. A USB adapter on an extension lead hears far better than a built-in radio.",
)
STACK = FaultKind(
    "RADIO-STACK",
    "The Bluetooth service answered with an error",
    "The message shows its words.\n"
    "1. `sudo systemctl restart bluetooth`\n"
    "2. `journalctl -u bluetooth -n 30` shows what it says about it.\n"
    "3. BlueZ before 5.55 is too old: `bluetoothctl --version`.",
)
NOT_SEEN = FaultKind(
    "RADIO-NOT-SEEN",
    "The device is not heard",
    "1. Is it fed with power, and is the address right? Pane 3 shows what is in the air.\n"
    "2. A module that is connected to somebody does not advertise. The electricity meter hangs up "
    "after five minutes at the latest: wait so long.\n"
    "3. Go closer, open the metal door.",
)
ELSEWHERE = FaultKind(
    "RADIO-ELSEWHERE",
    "The device was here a moment ago and is now silent",
    "A module that is connected does not advertise, and the meter's module hangs up after five "
    "minutes at the latest. Somebody is probably connected to it: a phone, a browser page, another "
    "Pi. Close that connection, or wait five minutes.",
)
BOUND = FaultKind(
    "RADIO-BOUND",
    "The device is heard, but does not accept us",
    "Its adverts come in well, and twice it did not answer a connection. The meter's module "
    "answers only the central that it first bonded with, until it is released.\n"
    "1. Release it from that phone or Pi (whitelist release).\n"
    "2. Without it: take the module off the meter and out of the cabinet, feed it 5 V from a power "
    "bank, hold SWS to GND for 10 s, then remove old pairings on every host.",
)
WEAK = FaultKind(
    "RADIO-WEAK",
    "The connection did not come about, and the signal is weak",
    "It may be too far away, or bonded with somebody else: at a weak signal this cannot be told. "
    "Go closer or open the metal door until the signal is -75 dBm or better, then try again.",
)
STALE_BOND = FaultKind(
    "RADIO-STALE-BOND",
    "This computer holds a pairing that the device does not know any more",
    "The device was released or erased; this computer still tries its old key, and the link is "
    "dropped at once. Remove the pairing here: `bluetoothctl remove ADDRESS`. Then connect again.",
)
CONNECT = FaultKind(
    "RADIO-CONNECT",
    "The connection failed",
    "Radio connections fail now and then.\n"
    "1. Try again.\n"
    "2. Go closer; keep USB 3 devices and their leads away from the adapter.\n"
    "3. After a firmware update remove the device once: `bluetoothctl remove ADDRESS`.",
)
LOST = FaultKind(
    "RADIO-LOST",
    "The connection ended",
    "The device hung up or went out of range. The meter's module ends every connection after five "
    "minutes. Connect again; what was answered before that has been done.",
)
SLOW = FaultKind(
    "RADIO-SLOW",
    "The device did not answer in time",
    "The link is up, but an answer did not come. The meter's module is deaf for seconds while it "
    "polls its meter. Try again; if it stays so, connect anew.",
)
GATT = FaultKind(
    "RADIO-GATT",
    "The device refused a request",
    "It answered with an error, or does not have the value that was asked for. An older firmware "
    "may lack it. After a firmware update this computer may remember the old table: "
    "`bluetoothctl remove ADDRESS`, then connect again.",
)
TAKEN = FaultKind(
    "RADIO-TAKEN",
    "The radio is in use for another connection",
    "One connection at a time. The message names who has it; end that first.",
)
