"""Codes that the simulated bench can end with."""

from core.fault import FaultKind

ORDER = FaultKind(
    "SIM-ORDER",
    "A fault on order could not be read",
    "Faults on order are written as words with colons: `drop:host:1234` loses the 1234th byte "
    "sent to the plug, `silent:erase:3` leaves three requests unanswered from the first erase "
    "on, `vanish:change:40` pulls the adapter after the 40th change of the flash. "
    "`wattbench sim plug --help` lists all of them.",
)
PTY = FaultKind(
    "SIM-PTY",
    "The simulated port could not be made",
    "A simulated device is reached through a pseudo terminal, which the kernel gives out. "
    "Check that /dev/pts is mounted, that the limit in /proc/sys/kernel/pty/max is not reached, "
    "and that the place of the link exists and may be written.",
)
FLASH = FaultKind(
    "SIM-FLASH",
    "The content given to the simulated plug is not a flash image",
    "The simulated plug is loaded with a complete dump: every byte of the flash chip from "
    "address 0. Take the .bin file of a backup, or leave it out for a built-in image.",
)
DBUS = FaultKind(
    "SIM-DBUS",
    "The simulated Bluetooth service could not be started",
    "It needs a message bus of its own: `sudo apt install dbus-daemon`. The bus is private; the "
    "real one of this computer is not touched.",
)
