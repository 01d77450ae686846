"""The Module pane's keys."""

from tui.actions import Action, PaneInfo

PANE = PaneInfo(
    name="module",
    digit="7",
    title="Module",
    about=(
        "Write the meter firmware to a TB-04 module through a TLSRPGM kit. A proven backup of this "
        "very module comes first; MAC and calibration are never touched. SWS low for more than "
        "5 s wipes the pairing of a running module."
    ),
    actions=(
        Action("flash", "f", "Flash", "Back up, show the plan, ask, write, verify, start."),
        Action("backup", "b", "Back up", "Read the whole flash and prove every KiB."),
        Action("identify", "i", "Identify", "Say which module, firmware, MAC and settings."),
        Action("selftest", "t", "Self-test", "D4 on the kit's own SWS pin: does it read itself?",
               shown=False),
        Action("restore", "r", "Restore", "Put the chosen backup of this very module back.",
               shown=False),
        Action("resume", "u", "Resume", "Go on with a job that was interrupted after its erase.",
               shown=False),
        Action("wipe", "z", "Wipe settings", "Erase configuration and pairing, nothing else.",
               shown=False),
        Action("stop", "x", "Stop", "Stop the job: at once, or at a safe place after the erase."),
        Action("view", "w", "Wires/map", "Turn between wiring, map of the flash, log, plan "
               "and fault."),
        Action("explain", "e", "Explain", "The help page of the fault that is shown.",
               shown=False),
    ),
)  # fmt: skip
