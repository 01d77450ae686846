"""Codes of the store: what can go wrong with files on disk."""

from core.fault import Exit, FaultKind

FULL = FaultKind(
    "STORE-FULL",
    "The disk is full",
    "A file could not be written because the disk (or a size limit) is full. Free some space "
    "(`df -h` shows how much is left, old files live in `backups/` and `jobs/`), then repeat. "
    "A backup that was not finished keeps the ending `.part` and is never taken for a backup.",
)
DENIED = FaultKind(
    "STORE-DENIED",
    "The data folder cannot be written",
    "The folder that keeps backups and jobs is read-only or belongs to somebody else. "
    "`wattbench info` shows which folder it is. Choose another with --home, or give yourself "
    "the right to write there.",
)
UNREADABLE = FaultKind(
    "STORE-UNREADABLE",
    "A file cannot be read",
    "The file is missing, is not a plain file, or you have no right to read it. "
    "Check the path; nothing was changed.",
)
IO = FaultKind(
    "STORE-IO",
    "The disk reported an error",
    "Reading or writing a file failed in the disk itself. SD cards that wear out do this. "
    "Copy the data folder to another disk before you go on.",
)
CHANGED = FaultKind(
    "STORE-CHANGED",
    "A backup is not what it was",
    "The file no longer has the checksum that its record (.toml beside it) states, so somebody "
    "or something changed it. It is not used. Take an unchanged copy or make a new backup.",
    exit=Exit.REFUSED,
)
NO_RECORD = FaultKind(
    "STORE-NO-RECORD",
    "A backup without its record",
    "Every backup has a .toml of the same name beside it that says what was proven. Without it "
    "nothing is known about the file. Copy both files, or make a new backup of the device.",
    exit=Exit.REFUSED,
)
NO_JOB = FaultKind(
    "STORE-NO-JOB",
    "There is no such job",
    "No job folder has this id. `wattbench jobs list` shows the ids.",
)
KEYS = FaultKind(
    "STORE-KEYS",
    "The file of keys cannot be understood",
    "keys.toml holds bind keys and secrets. It is not valid, so it is neither used nor written "
    "over. Correct it with an editor, or move it away; a new one is made when it is needed.",
    exit=Exit.REFUSED,
)
EXISTS = FaultKind(
    "STORE-EXISTS",
    "There is a file of that name already",
    "Nothing is ever written over, because it may be the only copy of another device. Choose "
    "another name for the copy, or move the old file away first.",
    exit=Exit.REFUSED,
)
