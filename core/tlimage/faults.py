"""Why a file is not firmware for the meter module, each reason with its help page."""

from core.fault import Exit, FaultKind

NOT_IMAGE = FaultKind(
    "TLIMG-NOT-IMAGE",
    "This file is not Telink firmware",
    "A Telink image has the letters KNLT at offset 8. This file does not. Take the release file "
    "of the meter firmware, electricity_meter_V1.7.bin, from the shelf or a stick; a .zip must be "
    "unpacked, and a web page saved as .bin is no firmware.",
    exit=Exit.REFUSED,
)
UNMARKED = FaultKind(
    "TLIMG-UNMARKED",
    "A raw build, without checksum",
    "The bytes 5D 02 at offset 6 say that a checksum was added at the end. They are missing, so "
    "nothing proves that this file is complete. Release files have them.",
    exit=Exit.REFUSED,
)
LENGTH = FaultKind(
    "TLIMG-LENGTH",
    "The file is cut off, too long or of an impossible size",
    "The image states its own length, and a boot bank holds 128 KiB. Copy or download the file "
    "again and compare its size with the release.",
    exit=Exit.REFUSED,
)
DAMAGED = FaultKind(
    "TLIMG-DAMAGED",
    "The checksum over the whole file is wrong",
    "At least one byte differs from what was built. A module with this image may not start, or "
    "fail later. Copy or download the file again.",
    exit=Exit.REFUSED,
)
OTHER_PRODUCT = FaultKind(
    "TLIMG-OTHER",
    "Firmware for something else",
    "The file is a sound Telink image, but the name Electricity_meter or a single version such as "
    "V1.7 is not in it. Only the meter firmware keeps MAC, settings and pairing where this "
    "program protects them.",
    exit=Exit.REFUSED,
)
