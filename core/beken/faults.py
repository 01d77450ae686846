"""Ways in which a BK7231 on a serial line fails or is refused, each with its help page."""

from core.beken.wiring import ORDERED_REMEDIES, SUPPLY_TEXT
from core.fault import Exit, FaultKind

_IN_ORDER = "\n".join(f"{n}. {text}" for n, text in enumerate(ORDERED_REMEDIES, 1))

# -- no link ---------------------------------------------------------------------------------

LINK_SILENT = FaultKind(
    "LINK-SILENT",
    "The plug sent nothing at all",
    "The chip listens for a few milliseconds after it gets power. The program asks all the time; "
    "you interrupt the reset lead. Not one byte came back. In this order:\n\n"
    f"{_IN_ORDER}\n\nTX2 and RX2 never answer; they only carry the log.",
)
LINK_ECHO = FaultKind(
    "LINK-ECHO",
    "Only our own bytes came back",
    "What was sent is what was heard, so the adapter hears itself. TX and RX touch each other, "
    "both wires are on one pad, or the adapter is set to echo.\n\n"
    "1. Take the two data wires off: the echo must stop. If not, look at the adapter.\n"
    "2. Adapter TX goes to module RX1, adapter RX to module TX1, each on its own pad.",
)
LINK_TEXT = FaultKind(
    "LINK-TEXT",
    "The chip starts and talks, but does not hear us",
    "Readable text came back: the boot log. It comes from TX2, which never carries the loader.\n\n"
    "1. Move the wire from TX2 to TX1.\n"
    "2. If it is on TX1: adapter TX must reach RX1; a part of the board may hold RX1.\n"
    "3. Lift that part or the module's GND pin from the main board and try again.",
)
LINK_NOISE = FaultKind(
    "LINK-NOISE",
    "Bytes came back, but none that make sense",
    "Something drives the line, but not as the loader does. Wrong level, a missing ground or "
    "another speed look like this.\n\n"
    "1. GND of adapter and module joined directly, at the module.\n"
    "2. Level jumper of the adapter at 3.3 V.\n"
    "3. Short wires; no other part of the board on RX1 and TX1.",
)
LINK_MCU = FaultKind(
    "LINK-MCU",
    "The stock firmware is running and talks to its own controller",
    "The heartbeat of a Tuya module with a second controller came back (55 AA ...). The wires are "
    "right, the chip was only not restarted while the program asked.\n\n"
    "1. Interrupt the reset lead again, for 2 s.\n"
    "2. If the heartbeat never stops meanwhile, the module is still fed, often through TX. "
    "Take the adapter's TX off during the interruption.\n"
    "3. The second controller may hold RX1: lift its wire.",
)
LINK_RUNNING = FaultKind(
    "LINK-RUNNING",
    "A firmware is running; it was not restarted while the program asked",
    "About one edge a second is what OpenBeken sends with the metering plug's pins: TX1 is the "
    "meter chip's SEL then. It cannot be restarted over the wires, only by the reset lead.\n\n"
    "1. Interrupt the reset lead for 2 s and reconnect.\n"
    "2. Each failed try is a short boot; five in a row make OpenBeken start in safe mode. After "
    "some tries let it run for 6 s, then try again.",
)
LINK_PROGRAMMER = FaultKind(
    "LINK-PROGRAMMER",
    "This port is the module programmer, not a plug",
    "The answer is that of a TLSR programmer. Choose the other port; the list of ports shows both.",
)
LINK_UNSTABLE = FaultKind(
    "LINK-UNSTABLE",
    "The chip answered, then stopped",
    "At least one right answer came, then none to the question that confirms it. The chip lost "
    f"power or the line is marginal.\n\n1. {SUPPLY_TEXT}\n"
    "2. GND directly at the module, short wires, firm contacts.\n"
    "3. Hold still while reconnecting: bouncing contacts restart the chip.",
)

# -- conversation ----------------------------------------------------------------------------

LOST = FaultKind(
    "BK-LOST",
    "The link to the chip was lost",
    "The chip answered before and does not answer any more, not even to the simplest question. "
    "Most often its supply sagged while the flash drew current, or a wire moved.\n\n"
    f"1. {SUPPLY_TEXT}\n2. Check GND and both data wires at the module.\n"
    "3. Start again. The loader in the chip's mask ROM cannot be overwritten, so the chip can "
    "always be reached again.",
)
NO_ANSWER = FaultKind(
    "BK-NO-ANSWER",
    "The chip is there, but does not answer one request",
    "The link is alive, yet one request got no usable answer in several tries. Bytes are lost or "
    "damaged on the line.\n\n1. Use a lower speed with --baud.\n2. Shorter wires, GND at the "
    "module.\n3. Another adapter.",
)
STATUS = FaultKind(
    "BK-STATUS",
    "The chip refused a request",
    "The loader answered with an error status. Flash errors point to supply or to the flash chip; "
    "an unknown command points to a loader this program does not know.",
)
BAUD = FaultKind(
    "BK-BAUD",
    "The chip or the adapter cannot use this speed",
    "After the change of speed there was no answer at the new speed, but there is one at the old. "
    "Choose another with --baud; 115200 always works.",
)
ECHO = FaultKind(
    "BK-ECHO",
    "A register write came back changed",
    "Frames to the loader carry no checksum, and a register write could do harm if it arrives "
    "damaged. The echo differs from what was sent, so the program stopped at once.\n\n"
    "1. GND at the module, short wires.\n2. No other part on RX1 and TX1.\n3. Try again.",
)
OUT_OF_BOUNDS = FaultKind(
    "BK-OUT-OF-BOUNDS",
    "A range that the plan does not name",
    "Only what the plan shows may be erased or written. This is a guard inside the program; it "
    "stopped before a byte was sent. Keep the job folder, it shows how it came to this.",
    exit=Exit.REFUSED,
)

OUT_OF_REACH = (LOST.code, BAUD.code)
"""The chip is gone, or at a speed from which it does not come back: only linking again helps."""

# -- identity --------------------------------------------------------------------------------

NOT_YET = FaultKind(
    "BK-NOT-YET",
    "This chip is recognised, but not supported yet",
    "BK7231N and BK7231T can be backed up and flashed. A BK7238 (newer plugs of the same model) "
    "can be backed up only. Other chips of the family speak the same language with other rules, "
    "and treating them alike could damage them. Nothing was changed.",
    exit=Exit.REFUSED,
)
OTHER_CHIP = FaultKind(
    "BK-OTHER-CHIP",
    "Another chip than you expected",
    "--chip states what you expect; it never overrides what is detected. Look at the marking on "
    "the module, and leave --chip away if you are not sure.",
    exit=Exit.REFUSED,
)
DEAD_FLASH = FaultKind(
    "BK-DEAD-FLASH",
    "The chip answers, its flash memory does not",
    "The flash reads as zeros only. That is not a backup, whatever other programs say.\n\n"
    f"1. {SUPPLY_TEXT}\n"
    "2. Connect P24 to GND during reset: on some boards that frees the flash pins.\n"
    "3. Otherwise the flash is read-protected or damaged.",
)
ERASED = FaultKind(
    "BK-ERASED",
    "The flash is erased",
    "The flash holds only FF: there is nothing to back up. Somebody erased this chip before. "
    "To bring it back, restore a backup of this very device.",
)
FLASH_ID = FaultKind(
    "BK-FLASH-ID",
    "The size of this flash chip cannot be told",
    "The id of the flash chip is not in the table, states no likely size, and the flash does not "
    "repeat itself at any usual distance. Without its size nothing can be read or proven. Please "
    "report the id with the marking on the chip.",
    exit=Exit.REFUSED,
)
SIZE = FaultKind(
    "BK-SIZE",
    "The flash has an unusual size",
    "Only modules with 2 MiB of flash have the layout that is written here. Backup works; "
    "writing is refused.",
    exit=Exit.REFUSED,
)
KEY_READ = FaultKind(
    "BK-KEY-READ",
    "The flash key could not be read reliably",
    "The key is read three times and all must agree. They did not: that is noise or supply, not "
    "a property of the chip.\n\n1. GND at the module, short wires.\n"
    f"2. {SUPPLY_TEXT}\n3. Try again.",
)
KEY_DAMAGED = FaultKind(
    "BK-KEY-DAMAGED",
    "The key is Tuya's with damaged bytes",
    "All but some bytes are those of the usual key, and the rest are knocked to zero. This is a "
    "wiring or supply fault, not another chip: do not choose another image for it.\n\n"
    f"1. GND at the module, short wires.\n2. {SUPPLY_TEXT}\n3. Try again.",
)
KEY_UNKNOWN = FaultKind(
    "BK-KEY-UNKNOWN",
    "No public firmware starts with this key",
    "The chip decrypts its program with a key burnt into it. This one is not a key for which "
    "firmware exists, so whatever is written would run as garbage. Make a backup and leave it.",
    exit=Exit.REFUSED,
)

# -- backup ----------------------------------------------------------------------------------

UNPROVEN = FaultKind(
    "BK-UNPROVEN",
    "Part of the flash could not be proven",
    "Every block that is read is compared with a checksum that the chip computes itself. One "
    "block did not agree in several tries, so there is no backup. What was read is kept as "
    ".part and never counts as one.\n\n1. Use a lower speed with --baud.\n"
    f"2. {SUPPLY_TEXT}\n3. Shorter wires, another adapter.",
)
NOT_TRUE = FaultKind(
    "BK-NOT-TRUE",
    "This backup does not prove anything",
    "Only a backup in which the chip's own checksum proved every byte allows an erase. Make a new "
    "backup of this device over the wires.",
    exit=Exit.REFUSED,
)
FOREIGN = FaultKind(
    "BK-FOREIGN",
    "The backup is of another device",
    "Chip, size, MAC, and the chip's checksums of bootloader and RF sector must all equal the "
    "backup's. One does not. Make a new backup of the device that is connected.",
    exit=Exit.REFUSED,
)

# -- writing ---------------------------------------------------------------------------------

PROTECTED = FaultKind(
    "BK-PROTECTED",
    "The flash stays protected",
    "The protection bits of the flash chip did not clear, or another bit changed with them. "
    "Nothing was erased. The write-protect pin of the flash may be tied low, or the supply is "
    f"weak.\n\n1. {SUPPLY_TEXT}\n2. Try again.\n3. Report the flash id and the status values.",
)
NO_ERASE = FaultKind(
    "BK-NO-ERASE",
    "A sector does not erase",
    "The chip acknowledged the erase, but its own checksum says that the sector is not blank. "
    "The flash is still protected, worn out, or its supply sags.\n\n"
    f"1. {SUPPLY_TEXT}\n2. Try again; the first sector is always tested before the rest.",
)
NO_WRITE = FaultKind(
    "BK-NO-WRITE",
    "A sector does not keep what is written",
    "A sector was erased and written three times and its checksum is still wrong. The supply "
    f"sags while writing, or the flash is worn out.\n\n1. {SUPPLY_TEXT}\n2. A lower speed with "
    "--baud.\n3. Start again: the chip can always be reached.",
)
NOT_AS_PLANNED = FaultKind(
    "BK-NOT-AS-PLANNED",
    "The flash is not what the plan says",
    "After the last write the chip's checksum over the whole range, the bootloader or the RF "
    "sector differs from the plan. Do not connect mains. Start the job again.",
)
RF_OWN = FaultKind(
    "BK-RF-OWN",
    "The plug has its own radio calibration and keeps it",
    "Calibration and MAC belong to one device. A block of another device is only written where "
    "the plug's own is missing, and the same block only where it was damaged.",
    exit=Exit.REFUSED,
)
NO_RF = FaultKind(
    "BK-NO-RF",
    "The backup has no radio calibration",
    "The RF sector of the backup holds no block with a MAC, so there is nothing to restore from "
    "it. Take another backup of this plug.",
    exit=Exit.REFUSED,
)
RESUME = FaultKind(
    "BK-RESUME",
    "This job cannot be resumed",
    "A job is resumed from what lies in its folder: the plan and the exact bytes that were to be "
    "written, and the backup that was made before. One of them is missing or damaged, or the job "
    "ended before its first erase. Start it again; what is written already is found by checksum "
    "and not written twice.",
    exit=Exit.REFUSED,
)

# -- after the write -------------------------------------------------------------------------

NO_BOOT = FaultKind(
    "BK-NO-BOOT",
    "The plug does not come up",
    "The boot log on TX2 shows that the firmware does not stay up.\n\n"
    "1. The banner (V:BK7231...) comes again and again, often right when the radio starts: the "
    f"supply sags. {SUPPLY_TEXT}\n"
    "2. `J 0x10000` and then `undefined instruction`, or nothing: the chip decrypts the program "
    "with another key than it was made for. Flash the image for this key.\n"
    "3. A crash later on: flash again; then write a new configuration, or restore the backup.",
)
LOOPED = FaultKind(
    "BK-LOOP-BACK",
    "The adapter does not hear what it sends",
    "In the self-test the adapter's TX and RX are joined, and nothing else is connected. What "
    "does not come back unchanged is a fault of port, adapter or cable, not of the plug.\n\n"
    "1. Is TX really joined to RX? Some boards name the pins for the other side.\n"
    "2. Another USB socket and cable, no hub.\n3. Another adapter.",
)
