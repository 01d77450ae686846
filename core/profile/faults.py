"""Codes of OpenBeken profiles."""

from core.fault import Exit, FaultKind
from core.profile.keys import key_list

TEXT = FaultKind(
    "PROFILE-TEXT",
    "The profile cannot be read",
    "The file is not valid TOML, or a key in it is unknown or has a value of the wrong kind. "
    "The message names the line. Nothing was changed; correct the file and repeat.\n\n"
    "These are all the keys of a profile. What is not named stays as it is on the device.\n\n"
    f"{key_list()}",
    exit=Exit.REFUSED,
)
VALUE = FaultKind(
    "PROFILE-VALUE",
    "A value that the firmware cannot hold",
    "The firmware would say OK and store something else: a role it does not have, a channel "
    "beyond 63, a text that is too long. Nothing was sent; correct the value and repeat.",
    exit=Exit.REFUSED,
)
BASE = FaultKind(
    "PROFILE-BASE",
    "The profile that this one builds on is not there",
    "`base` is looked for in the same folder, then in the data folder's profiles/, then among "
    "the profiles that come with the program. Copy the file to one of them.",
    exit=Exit.REFUSED,
)
BLOCK = FaultKind(
    "PROFILE-BLOCK",
    "This is no OpenBeken configuration",
    "A configuration sector begins with CFG and has a checksum that fits. This one has not, so "
    "the firmware would use its defaults. It is not edited; write a new one instead.",
)
SECRET = FaultKind(
    "PROFILE-SECRET",
    "A secret that the profile refers to is missing",
    "The profile names a secret that keys.toml does not hold. Add it under [secrets], or give "
    "it when asked.",
    exit=Exit.REFUSED,
)
CHIP = FaultKind(
    "PROFILE-CHIP",
    "The profile is for another chip",
    "A profile names pins by number, and another chip has other pins there. It is bound to the "
    "chip that it says. Take the profile of this plug; nothing was changed.",
    exit=Exit.REFUSED,
)
BOARD = FaultKind(
    "PROFILE-BOARD",
    "The profile is for another board",
    "The pins that the stock firmware of this plug used were found in its backup, and the profile "
    "gives them other roles. A wrong relay or button pin can switch the load or lock you out. "
    "Take the profile of this plug, or make one from its backup: `wattbench backup extract F "
    "--profile`.",
    exit=Exit.REFUSED,
)
