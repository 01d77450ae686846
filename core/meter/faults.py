"""Codes of the meter module, each with the page that explains it without a network."""

from core.fault import Exit, FaultKind

_HEAD = (
    "The optical head must sit over the meter's window, with its magnet seated; its TX goes to "
    "PD7 and its RX to PB7 of the module."
)
_SWS = (
    "Take the module off the meter and out of the cabinet, feed it 5 V from a power bank, then "
    "connect its pin SWS (PA7) to GND for 10 s and take the wire away. It acts after 6 to 7 s and "
    "shows nothing; no light, no sound. Never do this inside the open cabinet. Address, period "
    "and key stay as they are."
)

TYPE = FaultKind(
    "METER-TYPE",
    "This is no kind of meter that the module knows",
    "The module reads KASKAD-1-MT (and others with the MIRTEK protocol), KASKAD-11-C1, "
    "Mercury-206 and Energomera CE-102M. Choose the kind that is printed on the meter.",
    exit=Exit.USAGE,
)
ADDRESS = FaultKind(
    "METER-ADDRESS",
    "This cannot be the address of the meter",
    'KASKAD meters show it on the display after "ID-": the last five digits of the serial number, '
    "without leading zeros, so 07943 is 7943. A Mercury-206 is asked by its whole serial number. "
    "A CE-102M has no address.",
    exit=Exit.USAGE,
)
PERIOD = FaultKind(
    "METER-PERIOD",
    "The period must be 1 to 255 minutes",
    "How often the module asks the meter, in minutes. 0 would make it ask without a pause.",
    exit=Exit.USAGE,
)
KEY = FaultKind(
    "METER-KEY",
    "A bind key has exactly 32 hex digits",
    "The key encrypts what the module sends into the air. Type all 32 digits; spaces, colons and "
    "dashes between them do not matter. `--new-key` makes one and stores it.",
    exit=Exit.USAGE,
)
SCALE = FaultKind(
    "METER-SCALE",
    "This is no scale",
    "Give four factors for power, voltage, current and tariffs, each one of 0.001 0.01 0.1 1 10 "
    '100 or 1000, for example "1000 0.1 1 10" as it stands. The word of the module does as well, '
    "as in 0x0A0F, and `right` stands for the values that fit the kind of meter.",
    exit=Exit.USAGE,
)
OLD = FaultKind(
    "METER-OLD",
    "This firmware does not know the setting",
    "The kind of meter can be set from the V1.3 of 5 March 2023 on, the scale from the V1.3 of "
    "12 March 2023 on. Older firmware is for KASKAD-1-MT only. Update the module (`meter ota`), "
    "or leave the setting out.",
    exit=Exit.REFUSED,
)
NO_METER = FaultKind(
    "METER-NOT-ONE",
    "This device is no meter module",
    "It does not have the configuration service 1F10. Choose a device that is called "
    "Electricity_meter_ and six letters or digits.",
    exit=Exit.REFUSED,
)
SILENT = FaultKind(
    "METER-SILENT",
    "Connected, but the module says nothing",
    "It was asked again and again and sent no status. It may be busy with a meter that does not "
    "answer, or its firmware hangs: take its supply away for 5 s and repeat.",
)
STATUS = FaultKind(
    "METER-STATUS",
    "The module's status has a length that no known firmware sends",
    "Known are 8, 10, 11 and 13 bytes, from V1.1 to V1.7. This firmware is newer or another one; "
    "nothing is written to what is not understood.",
    exit=Exit.REFUSED,
)
LOST = FaultKind(
    "METER-LOST",
    "The connection broke",
    "Out of range, the five minutes of a connection were over, or the module lost its supply. Go "
    "nearer and repeat; what was confirmed before stays set.",
)
UNCHANGED = FaultKind(
    "METER-UNCHANGED",
    "The module kept its old setting",
    "The setting was written and read back, and it is still the old one. The module does not "
    "acknowledge commands, so reading back is the only proof. Repeat; if it stays so, take the "
    "module's supply away for 5 s.",
)
NO_ANSWER = FaultKind(
    "METER-NO-ANSWER",
    "The module is set, but the meter does not answer",
    "Three causes look the same from here. The address: the meter keeps silent for any but its "
    "own. The optical head: " + _HEAD + " The kind: a KASKAD-11 speaks at 2400 baud, the others "
    "at 9600; a three-phase KASKAD-11 is not read at all.",
)
NOTHING = FaultKind(
    "METER-NOTHING",
    "Nothing was asked for",
    "`meter set` writes what is given: --type, --meter-address, --period, --scale, --key-file, "
    "--new-key, --no-key, or --undo for the settings before the last set. What is not given stays.",
    exit=Exit.USAGE,
)
NO_UNDO = FaultKind(
    "METER-NO-UNDO",
    "There is nothing to undo",
    "Before each `set` the old settings of the module are kept. None are kept for this module.",
    exit=Exit.USAGE,
)
TWINS = FaultKind(
    "METER-TWINS",
    "Several modules fit this name",
    "Choose one by its address. Compare the tariff readings with the meter's display.",
    exit=Exit.USAGE,
)
NOT_RELEASED = FaultKind(
    "METER-NOT-RELEASED",
    "The module did not confirm the release",
    'The proof is the line "Reset whitelist" in its log; it did not come. Repeat. If it stays so: '
    + _SWS,
)
NOT_BOUND = FaultKind(
    "METER-NOT-BOUND",
    "The pairing was not made",
    "Binding is a pairing without a question (Just Works). Another program may hold the agent of "
    "this computer, or the connection was too weak. Repeat near the module.",
)
IMAGE = FaultKind(
    "METER-IMAGE",
    "This image cannot be sent over the air",
    "Over the air the module takes images of 16384 to 126976 bytes, and only ones with their "
    "checksum. Choose the release file, electricity_meter_V1.7.bin.",
    exit=Exit.REFUSED,
)
SAME = FaultKind(
    "METER-SAME",
    "The module already runs this version",
    "After an update to the same version nobody could tell whether it worked. Take the image of "
    "another version; nothing was changed.",
    exit=Exit.REFUSED,
)
FAR = FaultKind(
    "METER-FAR",
    "Too weak for an update",
    "An update must be through within 40 s. Below -80 dBm it is not. Open the door of the "
    "cabinet, or go nearer.",
    exit=Exit.REFUSED,
)
UPDATE = FaultKind(
    "METER-UPDATE",
    "The update did not take; the old firmware is still active",
    "The module writes the new firmware beside the old one and changes over only when all of it "
    "has arrived and its checksum is right. So nothing is lost: repeat the update. It must be "
    "through within 40 s, and no pause may be longer than 5 s: go nearer.",
)
UPDATE_UNSEEN = FaultKind(
    "METER-UPDATE-UNSEEN",
    "The update was sent, but the module was not seen again",
    "It restarts after an update and is back within some seconds. Wait a minute, then look at its "
    "version with `meter show`. An interrupted update leaves the old firmware active.",
)
