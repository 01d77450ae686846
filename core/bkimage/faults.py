"""Ways in which a firmware image is not what may be written to this chip."""

from core.fault import Exit, FaultKind

WRONG_CHIP = FaultKind(
    "IMG-WRONG-CHIP",
    "The image is for another chip",
    "Images for BK7231N and BK7231T begin with the same bytes and look alike, but one does not "
    "run on the other. What the image is for was read from its contents, never from its name: "
    "the partition table in its bootloader, addresses in its code, product names.\n\n"
    "1. Look at the chip that the link found: BK7231N or BK7231T.\n"
    "2. Take the file of the same name: OpenBK7231N_QIO_... or OpenBK7231T_UA_...\n"
    "3. `wattbench firmware list` shows the files that are already here.",
    exit=Exit.REFUSED,
)
OTA = FaultKind(
    "IMG-OTA",
    "An update file for the network cannot be written over the wires",
    "A file that begins with RBL is a packed update. A running OpenBeken unpacks it; the chip "
    "cannot start it. Over the wires take the QIO file (BK7231N) or the UA file (BK7231T) of the "
    "same version. To use this file, update the running device from the OpenBK pane.",
    exit=Exit.REFUSED,
)
UG = FaultKind(
    "IMG-UG",
    "A Tuya update package cannot be written over the wires",
    "A file that begins with 55 AA 55 AA is an update package for a running Tuya firmware. The "
    "chip cannot start it. Over the wires take the QIO file (BK7231N) or the UA file (BK7231T).",
    exit=Exit.REFUSED,
)
TRUNCATED = FaultKind(
    "IMG-TRUNCATED",
    "The image ends too early",
    "The file is shorter than what it says of itself, or ends in the middle of a 34-byte stride. "
    "Usually a download or a copy was cut off.\n\n"
    "1. Compare the size with the release page (OpenBK7231N_QIO files have 1,220,464 bytes).\n"
    "2. Get the file again and check it with `wattbench firmware check FILE`.",
    exit=Exit.REFUSED,
)
DAMAGED = FaultKind(
    "IMG-DAMAGED",
    "The image is damaged",
    "Code for this chip carries a checksum after every 32 bytes, and a container header with a "
    "checksum of the whole. One of them does not match, so at least one byte changed since the "
    "file was built. The chip would stop at that place.\n\n"
    "1. Get the file again; prefer a copy by network over an old USB stick.\n"
    "2. If it is a backup, read the chip again with a shorter lead or a lower speed.\n"
    "3. A decrypted or 'plain' binary is not damaged, but cannot be written either.",
    exit=Exit.REFUSED,
)
UNKNOWN = FaultKind(
    "IMG-UNKNOWN",
    "This is no firmware for BK7231",
    "None of the marks of a BK7231 image was found: no bootloader, no partition table, no code "
    "that decrypts to ARM start-up instructions. Check that you chose the file you meant; an "
    "archive has to be unpacked first.",
    exit=Exit.REFUSED,
)
TOO_BIG = FaultKind(
    "IMG-TOO-BIG",
    "The image does not fit the application area",
    "The application area ends at 0x12A000. Behind it lie Tuya's file system, the radio "
    "calibration and the MAC, which are never overwritten. Take a smaller build.",
    exit=Exit.REFUSED,
)
KEY = FaultKind(
    "IMG-KEY",
    "The image is encrypted for another key",
    "The chip decrypts its code with a key burnt into it. An image made for another key runs as "
    "garbage and the plug stays dead until it is written again.\n\n"
    "- Tuya's key: OpenBK7231N_QIO or OpenBK7231T_UA files.\n"
    "- No key (modules called M): OpenBK7231M_QIO files.\n"
    "- UASCENT key: OpenBK7231N_UASCENT files.\n"
    "- Any other key: no public image starts. Make a backup and leave the plug as it is.",
    exit=Exit.REFUSED,
)
BLANK = FaultKind(
    "IMG-BLANK",
    "The file holds nothing but one repeated byte",
    "A file of only FF or only 00 is the picture of an erased or silent flash chip, not an image "
    "and not a backup. If it came from a read, check supply and wiring and read again.",
    exit=Exit.REFUSED,
)
