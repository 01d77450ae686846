"""Codes of Tuya backups."""

from core.fault import Exit, FaultKind

NO_STORE = FaultKind(
    "TUYA-NO-STORE",
    "No Tuya settings were found in the file",
    "The key-value store is found by what its sectors decrypt to, anywhere in the file, with the "
    "key in the file and with keys that several devices share. None of them opened a block.\n\n"
    "- The file may not be a dump of a Tuya device, or is cut off before 0x1EE000.\n"
    "- Flashers that erase the whole chip also erase the store; OpenBeken itself leaves it.\n"
    "- Devices with TuyaOS 3 may keep it elsewhere under another key.",
)
NO_KEY = FaultKind(
    "TUYA-NO-KEY",
    "The store has no value of that name",
    "`wattbench backup show F` lists the names. Deleted and older values are listed there too; "
    "they are not given out under their old name.",
)
NO_PINS = FaultKind(
    "TUYA-NO-PINS",
    "The dump does not say what is wired to which pin",
    "Pins stand in `user_param_key`, in a file beside the store, or in the firmware itself. None "
    "of these places has them. Newer firmware (TuyaOS 3) often carries no such text, and a device "
    "with a second controller (TuyaMCU) has no pins of its own: its start-up line is proposed "
    "instead where the store names the speed of that line.",
)
SECRET = FaultKind(
    "TUYA-SECRET",
    "What was asked for holds secrets",
    "Wi-Fi passwords, keys and ids of the device would be written out. Add --reveal if that is "
    "what you want; keep the output to yourself.",
    exit=Exit.REFUSED,
)
RANGE = FaultKind(
    "TUYA-RANGE",
    "The range is not in the file",
    "A range is A:B, flash addresses in hex (0x1EE000:0x200000) or decimal, B not included. It "
    "has to lie in what the file holds; `wattbench backup show F` says what that is.",
    exit=Exit.USAGE,
)
DOUBT = FaultKind(
    "TUYA-DOUBT",
    "This is not a backup to rely on",
    "A backup is worth trusting when it has the size of the flash, begins with a known "
    "bootloader, its code agrees with its own checksums, it holds an RF block with the MAC, and "
    "no part of it is a failed read. The message says which of these does not hold. What can be "
    "read from the file can still be used; `wattbench backup show F` lists it.",
)
LEAK = FaultKind(
    "TUYA-LEAK",
    "A secret would have stayed in the shareable copy",
    "After everything private was blanked, the copy was searched for every secret that the "
    "original holds, in plain, Base64, hex and masked form. One was still there, in a part that "
    "cannot be blanked without breaking it. No file was written. Share the pins instead: "
    "`wattbench backup extract F --template`.",
    exit=Exit.REFUSED,
)
EXISTS = FaultKind(
    "TUYA-EXISTS",
    "A file of that name is there already",
    "Nothing is overwritten. Choose another name with --out, or move the old file away.",
    exit=Exit.REFUSED,
)
CHANGING = FaultKind(
    "TUYA-CHANGING",
    "The file changed while it was read",
    "Another program is writing to it, or a share went away. Wait until that has ended, copy the "
    "file, and open the copy.",
)
ARGUMENT = FaultKind(
    "TUYA-ARGUMENT",
    "The command line is not complete",
    "`wattbench backup --help` lists the forms of the command. `compare` takes a second dump or "
    "`--port`, not both; `--baud` is `auto` or a number.",
    exit=Exit.USAGE,
)
