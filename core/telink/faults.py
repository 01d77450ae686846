"""Ways in which programmer and meter module fail or are refused, each with its help page."""

from core.fault import Exit, FaultKind
from core.telink.wiring import REMEDIES

_IN_ORDER = "\n".join(f"{n}. {text}" for n, text in enumerate(REMEDIES, 1))
_REPEAT = "Start again: the module can always be reached with RST and SWS, and a backup exists."

# -- the programmer --------------------------------------------------------------------------

NO_PROGRAMMER = FaultKind(
    "TL-NO-PROGRAMMER",
    "No programmer answers at this port",
    "The programmer is a TB-03F or TB-04 kit that runs TLSRPGM. Only its 19-byte version answer "
    "proves that it is there, and nothing came at any of its speeds.\n\n"
    "1. Is this the right port? The list of ports shows all of them.\n"
    "2. Is TLSRPGM (uart2swire.bin) on the kit? A new kit carries other firmware.\n"
    "3. Pull the kit out, wait 2 s, plug it in again.",
)
ECHO = FaultKind(
    "TL-ECHO",
    "Only our own bytes came back",
    "What was sent is what was heard: TX and RX of the adapter touch each other, or the adapter "
    "echoes. A programmer answers with 19 bytes.\n\n"
    "1. Choose the port of the kit.\n2. Take the wires off TX and RX of this adapter.",
)
SPEED = FaultKind(
    "TL-SPEED",
    "Something answers, but not at any known speed",
    "Bytes came back that are no answer of a programmer, at its usual speed and at all others. "
    "The programmer may have been left at a speed that is wrong in its own table, or another "
    "device is on this port.\n\n1. Pull the kit out, wait 2 s, plug it in again: it then starts "
    "at 230400.\n2. Check that this is the port of the kit.",
)
FLOADER = FaultKind(
    "TL-FLOADER",
    "This is a module with a loader in RAM, not a programmer",
    "The 6-byte answer is that of floader, which the two-stage method loads into the module "
    "itself. This program works with a kit that runs TLSRPGM. Restart the module to end it.",
)
UNSUPPORTED = FaultKind(
    "TL-UNSUPPORTED",
    "The programmer does not do this",
    "The programmer answered that it does not know a request or a value. Its firmware is older "
    "than the request, or is another one. Load the current uart2swire.bin onto the kit.",
)
LOST = FaultKind(
    "TL-LOST",
    "The programmer stopped answering",
    "It answered before, and now not at any speed. It lost its supply, hangs, or its USB adapter "
    "does.\n\n1. Pull the kit out, wait 2 s, plug it in again.\n2. Another USB cable and socket, "
    "no hub.\n3. A module that draws too much from 3V3 takes the kit down with it.",
)
REBOOTED = FaultKind(
    "TL-REBOOTED",
    "The programmer restarted during the job",
    "It is back at the speed it starts with, or swallowed a request after which the module was no "
    "longer stopped. So it lost its power for a moment or its reset pin was pulled, and the module "
    "was restarted with it.\n\n1. Another USB cable and socket, no hub.\n"
    "2. Nothing else may open this port meanwhile: opening pulls the kit's reset pin.\n"
    f"3. {_REPEAT}",
)
NO_ANSWER = FaultKind(
    "TL-NO-ANSWER",
    "The programmer is there, but one request fails",
    "The version question is answered, yet one request got no sound answer in several tries. "
    "Bytes are lost or damaged on the way.\n\n1. A lower speed: --baud 230400.\n"
    "2. Another USB cable and socket, no hub.",
)
BAUD = FaultKind(
    "TL-BAUD",
    "Not a speed of the programmer",
    "The programmer makes 115200, 230400, 500000, 921600, 1000000, 1500000, 2000000 and 3000000. "
    "What its table calls 460800 is 615385 in every published build, so it is never used. "
    "`--baud auto` finds the best.",
    exit=Exit.USAGE,
)
SELFTEST = FaultKind(
    "TL-SELFTEST",
    "The kit did not read itself",
    "With D4 on its own SWS pin the kit should read its own chip id over and over. It did not, "
    "so nothing can be said about a module yet.\n\n1. The wire from D4 to the kit's pin SWS.\n"
    "2. An LED or a resistor on that line loads it: some kits have one; take it off.\n"
    "3. Another kit.",
)

# -- the module ------------------------------------------------------------------------------

NO_TARGET = FaultKind(
    "TL-NO-TARGET",
    "No module answers over SWS",
    "The programmer works, but nothing at the end of its SWS wire answers, at any of the reset "
    f"and activation times. In this order:\n\n{_IN_ORDER}",
)
NOT_ACTIVATED = FaultKind(
    "TL-NOT-ACTIVATED",
    "The module answers, but its processor does not stop",
    "Some bytes came over SWS, then it fell silent or the processor went on running. While it "
    "runs it uses the flash itself, so nothing may be read or written.\n\n"
    "1. D3 to RST: without it the firmware wins the race.\n2. GND directly, short wires.\n"
    "3. Take LEDs and other loads off SWS.",
)
RST_HELD = FaultKind(
    "TL-RST",
    "The RST line does not follow",
    "The programmer reads back the level of its RST pin, and it is not what it drives. The line "
    "is shorted: low to GND, or high to 3.3 V.\n\n1. Look at J1 pins 4, 5 and 6 for a bridge.\n"
    "2. Take the wire off D3: if the fault stays, it is the kit.",
)
TARGET_LOST = FaultKind(
    "TL-TARGET-LOST",
    "The module stopped answering over SWS",
    "It answered before. It restarted, or SWS, GND or its supply came loose.\n\n"
    f"{_IN_ORDER}\n\n{_REPEAT}",
)
OTHER_CHIP = FaultKind(
    "TL-OTHER-CHIP",
    "The chip is not a TLSR825x",
    "The id of the chip is read twice and is stable, but is not 0x5562, revision 2. The meter "
    "firmware is made for that chip only. Nothing was changed.",
    exit=Exit.REFUSED,
)
GARBLED = FaultKind(
    "TL-GARBLED",
    "What is read over SWS changes from read to read",
    "SWS carries no checksum. Ids are read until two in a row agree and make sense; here they "
    "did not.\n\n1. GND directly from kit to module, short wires.\n2. Take LEDs and other loads "
    "off SWS.\n3. The supply: 3.3 V at the module.",
)
BUS = FaultKind(
    "TL-BUS",
    "The flash id reads as zeros",
    "The chip answers, but its flash memory does not: the bus to it is held low. The supply is "
    "far too low, or the chip is damaged.\n\n1. 3.3 V, measured at the module.\n2. Restart the "
    "module and try again.",
)
ASLEEP = FaultKind(
    "TL-ASLEEP",
    "The flash is asleep or has no supply",
    "The flash id reads as FF, also after the wake-up command, or it did so after having been "
    "right. All that is read then is FF, too, and looks like blank flash.\n\n"
    "1. Take the 3.3 V wire off for 2 s, reconnect, try again.\n2. 3.3 V at the module.",
)
SIZE = FaultKind(
    "TL-SIZE",
    "The meter firmware does not start on this flash",
    "It knows flash of 512 KiB and of 1 MiB only and hangs on every other size. A backup works; "
    "flashing is refused.",
    exit=Exit.REFUSED,
)

# -- reading ---------------------------------------------------------------------------------

UNPROVEN = FaultKind(
    "TL-UNPROVEN",
    "Part of the flash could not be proven",
    "Every KiB is compared with a checksum that is read separately, or is read twice. One did not "
    "agree in several tries, so there is no backup. What was read is kept as .part and never "
    "counts as one.\n\n1. GND directly, short wires, no LED on SWS.\n2. A lower speed: --baud "
    "230400.",
)
CONSTANT = FaultKind(
    "TL-CONSTANT",
    "The whole flash reads as one value",
    "A module always has its MAC at least. One value everywhere means that the flash does not "
    "answer, or was erased as a whole. That is not a backup.",
)
NOT_TRUE = FaultKind(
    "TL-NOT-TRUE",
    "This backup does not prove anything",
    "Only a backup whose every byte was proven allows an erase. Leave --backup away: a new one is "
    "made first.",
    exit=Exit.REFUSED,
)
FOREIGN = FaultKind(
    "TL-FOREIGN",
    "The backup is of another module",
    "Flash id, size and every byte of MAC and calibration must equal the backup's. Without a MAC "
    "no older backup can be told to be of this module: make a new one.",
    exit=Exit.REFUSED,
)

# -- writing ---------------------------------------------------------------------------------

LOCKED = FaultKind(
    "TL-LOCKED",
    "The flash stays locked",
    "The protection bits of the flash did not clear. Nothing was erased. The supply is too weak "
    "to write, or the part needs another way to unlock.\n\n1. 3.3 V at the module, while it "
    "works.\n2. Try again.\n3. Report the flash id and the status.",
)
BUSY = FaultKind(
    "TL-BUSY",
    "The flash stays busy too long",
    "A sector erase takes 50 ms, seldom more than 300. The flash still reports busy after "
    "seconds; the erase may yet complete.\n\n1. 3.3 V at the module.\n2. Wait, then resume the "
    "job.",
)
LOST_PAGE = FaultKind(
    "TL-LOST-PAGE",
    "A page write is not answered",
    "The programmer answers other requests, but this page write got no sound answer in several "
    "tries. Nothing is taken for written: resume writes the sector again.\n\n"
    "1. A lower speed: --baud 230400.\n2. Another USB cable and socket.",
)
LOST_ERASE = FaultKind(
    "TL-LOST-ERASE",
    "A sector erase is not answered",
    "The programmer answers other requests, but this erase got no sound answer in several tries. "
    "Resume erases the sector again.\n\n1. A lower speed: --baud 230400.\n2. Another USB cable "
    "and socket.",
)
VERIFY = FaultKind(
    "TL-VERIFY",
    "A sector does not hold what was written",
    "A sector was erased and written three times, and its content is still not what was sent. "
    "The supply sags while writing, SWS is noisy, or the flash is worn out.\n\n"
    "1. 3.3 V at the module.\n2. GND directly, short wires, no LED on SWS.\n"
    f"3. Resume the job. {_REPEAT}",
)
IDENTITY_CHANGED = FaultKind(
    "TL-IDENTITY",
    "MAC or calibration differ from the backup",
    "They are never erased or written, and are compared byte for byte at the end. They differ "
    "now: read noise, or a fault of the flash. Read again with `module backup` before anything "
    "else; keep the old backup.",
)
OUT_OF_BOUNDS = FaultKind(
    "TL-OUT-OF-BOUNDS",
    "A range that the plan does not name",
    "Only what the plan shows may be erased or written. This is a guard inside the program; it "
    "stopped before a byte was sent. Keep the job folder, it shows how it came to this.",
    exit=Exit.REFUSED,
)
NO_RESUME = FaultKind(
    "TL-NO-RESUME",
    "There is nothing to resume",
    "Only a job on a module that was interrupted after its first erase can go on. The list of "
    "jobs shows which ones can.",
    exit=Exit.REFUSED,
)
LOSABLE = frozenset((TARGET_LOST.code, REBOOTED.code, NO_ANSWER.code))
"""After these the module is reset and proven again, and the step is repeated."""
