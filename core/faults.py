"""Codes that any job can end with, whatever the device."""

from core.fault import Exit, FaultKind

CANCELLED = FaultKind(
    "CANCELLED",
    "Cancelled before anything was changed",
    "You stopped the job, or the session ended, before the first erase or write. "
    "The device is as it was. Start the job again when you are ready.",
    exit=Exit.CANCELLED,
)
STOPPED = FaultKind(
    "STOPPED",
    "Stopped part-way",
    "The job was stopped after its first change of the device. What is already done stays. The "
    "message says what the device is now and how to go on; the job folder remembers how far it "
    "came.",
)
UNANSWERED = FaultKind(
    "UNANSWERED",
    "A question had nobody to answer it",
    "The job needs an answer before it goes on, and there is no terminal to ask at. "
    "Nothing was changed. Give the answer with the flag that the message names.",
    exit=Exit.REFUSED,
)
DECLINED = FaultKind(
    "DECLINED",
    "The question was answered with no",
    "A step that changes the device was declined, so the job ended there. Nothing was changed.",
    exit=Exit.REFUSED,
)
NOT_RESUMABLE = FaultKind(
    "NOT-RESUMABLE",
    "A job of this kind is not resumed",
    "Jobs that only read or ask leave nothing behind to go on with. Start such a job again; "
    "nothing was changed.",
    exit=Exit.REFUSED,
)
READ_ONLY = FaultKind(
    "READ-ONLY",
    "The program was started with --read-only",
    "In this mode nothing is ever erased or written. Start again without --read-only.",
    exit=Exit.REFUSED,
)
INTERNAL = FaultKind(
    "INTERNAL",
    "A fault in the program itself",
    "This should not have happened. The traceback is in the log folder; `wattbench info` says "
    "where that is. The job stopped where it was; its folder shows how far it came.",
)
