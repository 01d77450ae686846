"""Codes of OpenBeken devices over HTTP."""

from core.fault import Exit, FaultKind

SILENT = FaultKind(
    "OBK-SILENT",
    "The device does not answer",
    "Nobody took the connection, or nothing came back in time. Is the plug powered, and is this "
    "computer in the same network? Ask the router for the address that belongs to the MAC. A "
    "guest network or client isolation keeps devices apart; a 5 GHz-only name cannot be joined. "
    "A device that was given a wrong Wi-Fi password never opens its access point again by "
    "itself: unplug the load, then switch the plug on and off five times within a few seconds "
    "each. It then starts in safe mode with an open access point, where Wi-Fi can be corrected.",
)
BROKEN = FaultKind(
    "OBK-BROKEN",
    "The answer broke off",
    "The connection ended inside an answer, more than once. The device restarts, its Wi-Fi is "
    "weak, or another program talks to it at the same time: it serves one request at a time. "
    "Close its web page elsewhere, come closer to the access point, then repeat.",
)
NOT_OPENBEKEN = FaultKind(
    "OBK-OTHER-HOST",
    "This is no OpenBeken device",
    "Something answers at this address, but not as OpenBeken does. It may be a real Tasmota, a "
    "printer or a router. Nothing was sent that could change it. Check the address.",
    exit=Exit.REFUSED,
)
PASSWORD = FaultKind(
    "OBK-PASSWORD",
    "The web password is missing or wrong",
    "The device asks for a password; the user is always admin. Give the password in a file with "
    "--password-file, or as a secret of keys.toml. If nobody knows it, safe mode does not help: "
    "the password holds there too. Writing a new configuration over the serial line clears it.",
    exit=Exit.REFUSED,
)
SAFE_MODE = FaultKind(
    "OBK-SAFE-MODE",
    "The device is in safe mode",
    "Four or more starts in a row were cut short, so the firmware leaves pins, drivers and the "
    "programming interface off. Let it run for more than 5 seconds after each start, then "
    "restart it from its page, or leave safe mode there. Wi-Fi can be corrected in safe mode.",
)
NO_PATH = FaultKind(
    "OBK-NO-PATH",
    "This firmware does not know the request",
    "The firmware answers unknown addresses with a page and the code 200. This build is too old "
    "or too small for what was asked. An update of the firmware may help.",
)
REFUSED = FaultKind(
    "OBK-REFUSED",
    "The device refused a command",
    "The device understood the request and said no; its own words are in the message. Nothing "
    "was changed by that command. Commands of a metering driver exist only after the driver was "
    "started.",
)
RELAY_ON = FaultKind(
    "OBK-RELAY-ON",
    "Pins are not cleared while a relay is on",
    "Clearing the roles of the pins acts at once and leaves the relay in any state. Nothing was "
    "sent. Look what hangs on the plug, switch its relay off, then clear.",
    exit=Exit.REFUSED,
)
UNREADABLE = FaultKind(
    "OBK-UNREADABLE",
    "The answer cannot be understood",
    "The firmware does not escape names, so some answers are damaged; what can be repaired is "
    "repaired. This one could not be. Repeat; if it stays so, rename the device without quotes.",
)
CHANGED = FaultKind(
    "OBK-CHANGED",
    "The configuration changed meanwhile",
    "Between reading and applying somebody else changed the device. Nothing was sent. Read it "
    "again, look at the difference, then decide.",
    exit=Exit.REFUSED,
)
OTHER_DEVICE = FaultKind(
    "OBK-OTHER-DEVICE",
    "Another device answers at this address",
    "Since it was read the address was given to another device, or two plugs were exchanged. What "
    "was planned is for the first one, so nothing is sent to the second. A router gives addresses "
    "anew when devices restart; fix them there by MAC. Search again, then choose by the MAC.",
    exit=Exit.REFUSED,
)
TWICE = FaultKind(
    "OBK-TWICE",
    "The same device under another address",
    "Two of the addresses lead to devices with one MAC: it is one device with two names, such as "
    "a name and a number. It is set up once, under the first of them, and nothing is sent under "
    "the second. If they are two plugs, one has the flash contents of the other, and its MAC with "
    "them: write its own backup back, because a network cannot tell the two apart.",
    exit=Exit.REFUSED,
)
WRONG_CHIP = FaultKind(
    "OBK-CHIP",
    "The profile or file is for another chip",
    "Pins differ between the chips, and firmware of another chip can make the device unusable. "
    "Nothing was sent. Choose the profile or file that is made for this chip.",
    exit=Exit.REFUSED,
)
CANNOT = FaultKind(
    "OBK-CANNOT-SET",
    "This value cannot be set over HTTP",
    "The firmware has no request that does this, for example emptying the second Wi-Fi name. "
    "Nothing was sent. Set another value, or write the configuration over the serial line.",
    exit=Exit.REFUSED,
)
HALF = FaultKind(
    "OBK-HALF-SENT",
    "A plan was interrupted",
    "Some requests of the plan were answered and the next one was not. The message lists what "
    "was sent and what was not. Run the same command again: it reads the device and sends only "
    "what is missing.",
)
GONE = FaultKind(
    "OBK-NOT-BACK",
    "The device did not come back",
    "After its restart the device was not found again, neither at its old address nor by its MAC "
    "in this network. Ask the router by MAC; it may have a new address or another network. A "
    "wrong Wi-Fi password never brings its access point back: unplug the load, then switch the "
    "plug on and off five times within a few seconds each, and correct Wi-Fi in safe mode.",
)
DIFFERS = FaultKind(
    "OBK-DIFFERS",
    "The device keeps other values than were sent",
    "Everything was read back after sending, and some fields are not as wanted. The firmware "
    "says OK to values it cannot keep. The message names the fields; correct them in the profile.",
)
UNSAFE_DRIVER = FaultKind(
    "OBK-DRIVER-PINS",
    "The metering driver must not start without its pins",
    "Without roles for CF, CF1 and SEL the BL0937 driver takes P24, P7 and P8 for its own, and P8 "
    "is the relay of many plugs. Assign the three roles first and read them back.",
    exit=Exit.REFUSED,
)
FILE = FaultKind(
    "OBK-FILE",
    "The file is not what is needed",
    "An update is an .rbl file for the chip of the device, not larger than its update partition. "
    "A configuration restore takes exactly one sector with a checksum that fits. Nothing was "
    "sent.",
    exit=Exit.REFUSED,
)
SHORT = FaultKind(
    "OBK-SHORT",
    "The device returned another number of bytes",
    "An answer without a length can end early and look complete, so every length is compared. "
    "The device's Wi-Fi is weak, or its file system is full. Repeat closer to the access point.",
)
OLD_VERSION = FaultKind(
    "OBK-OLD-VERSION",
    "The device restarted into the old firmware",
    "The upload was complete, yet the version is the same as before. Stop the drivers (stopDriver "
    "*), which frees memory, and try once more; if it stays so, update over the serial line. The "
    "configuration is untouched.",
)
UNPROVEN = FaultKind(
    "OBK-UNPROVEN",
    "The update cannot be proven",
    "The device runs the same version and build before and after, because the file holds what ran "
    "already. Every byte of the update was read back, and the device restarted; whether its boot "
    "loader took the new copy cannot be told from outside.",
)
NO_METER = FaultKind(
    "OBK-NO-METER",
    "The device does not measure",
    "Calibration needs a running metering driver and plausible readings. The message says which "
    "pin is the likely reason: 0 W with a load means CF, voltage and current exchanged mean CF "
    "and CF1, a current that looks like a voltage means SEL and SEL_n.",
    exit=Exit.REFUSED,
)
UNSTABLE = FaultKind(
    "OBK-UNSTABLE",
    "The readings do not settle",
    "Three readings in a row must agree before a value is set. Use a resistive load, such as a "
    "heater without thermostat, and wait until it is warm.",
)
REFERENCE = FaultKind(
    "OBK-REFERENCE",
    "The reference value is not plausible",
    "The value typed is negative, not a number, or far from what the device shows. Voltage is "
    "between 80 and 270 V; power is close to voltage times current for a resistive load. Nothing "
    "was sent. Read the reference meter again.",
    exit=Exit.REFUSED,
)
NO_FACTORS = FaultKind(
    "OBK-NO-FACTORS",
    "No calibration factors to put back",
    "`openbk calibrate HOST --factors PROFILE` needs a profile whose [calibration] names voltage, "
    "current or power, as `openbk export` writes it. Nothing was sent. Without such a profile, "
    "calibrate with a reference meter.",
    exit=Exit.REFUSED,
)
SERIAL_BUSY = FaultKind(
    "OBK-OPEN-DEVICE",
    "The device may still be open",
    "A serial job of this device is running, so it is open on the bench. Mains on an open plug "
    "kills. Finish that job, close the case, then calibrate.",
    exit=Exit.REFUSED,
)
NOT_CALIBRATED = FaultKind(
    "OBK-NOT-IN-TOLERANCE",
    "The calibration did not reach its tolerance",
    "After five tries a quantity was still outside of its tolerance. The best factor was kept. A "
    "heavier resistive load gives more pulses a second and so finer steps: 500 W or more.",
)
NOBODY = FaultKind(
    "OBK-NOBODY",
    "No device was found",
    "No address of the range answered as OpenBeken. Check the range; ask the router by MAC. "
    "Client isolation or another subnet hides devices. A new device has an open access point "
    "named OpenBK7231N_xxxxxxxx and the address 192.168.4.1 there.",
)
NETWORK = FaultKind(
    "OBK-RANGE",
    "The range is not one",
    "Give an address with its prefix, as 192.168.1.0/24, a range as 192.168.1.10-60, or a host. "
    "Ranges of more than 1024 addresses are not searched.",
    exit=Exit.REFUSED,
)
NO_HISTORY = FaultKind(
    "OBK-NO-HISTORY",
    "Nothing is kept of this device",
    "Every configuration that is read or applied is kept by MAC. There is no such entry yet. Read "
    "the device once with `wattbench openbk show HOST`.",
)
