"""Ways in which a story across devices can fail."""

from core.fault import Exit, FaultKind

OFFLINE = FaultKind(
    "SHELF-OFFLINE",
    "The download server cannot be reached",
    "Only `firmware get` needs the internet, and there is none here. What is on the shelf already "
    "stays usable.\n\n"
    "1. `wattbench firmware list` shows what is here.\n"
    "2. Or download the file on another computer and copy it into the firmware folder; its "
    "contents are checked, not its name.\n"
    "3. Is this computer in the plug's own Wi-Fi? That one leads nowhere else.",
)
SERVER = FaultKind(
    "SHELF-SERVER",
    "The download server answered in an unexpected way",
    "The server was reached, but what it sent is not what was asked for. It may limit how often "
    "it is asked, or a log-in page of this network answered in its place.\n\n"
    "1. Wait an hour, or use another network.\n"
    "2. Or download the file on another computer and copy it into the firmware folder.",
)
NO_RELEASE = FaultKind(
    "SHELF-NO-RELEASE",
    "There is no such release or file",
    "The server knows no release of this name, or the release has no file for this chip. Leave "
    "the name away for the newest one.",
)
BROKEN = FaultKind(
    "SHELF-BROKEN",
    "The download is not what was announced",
    "Size or checksum of what arrived differ from what the server stated, so the file was thrown "
    "away. Get it again; an unstable network does this.",
)
EXISTS = FaultKind(
    "SHELF-EXISTS",
    "A different file of this name is already on the shelf",
    "Nothing on the shelf is ever written over. Look at the old file with `wattbench firmware "
    "check`, then move it away and repeat.",
    exit=Exit.REFUSED,
)
