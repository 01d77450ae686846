"""The Flash pane's keys."""

from tui.actions import Action, PaneInfo

PANE = PaneInfo(
    name="flash",
    digit="1",
    title="Flash",
    about=(
        "Back up a plug's flash over its serial port, then write OpenBeken to it. Nothing is "
        "erased before a backup of this very plug is proven byte for byte. The fields above say "
        "what is connected; Enter changes the one under the cursor."
    ),
    actions=(
        Action("flash", "f", "Flash", "Back up, show the plan, ask, then write and verify."),
        Action("backup", "b", "Back up", "Read the whole flash and prove every byte."),
        Action("identify", "i", "Identify", "Link and say which chip, flash and MAC this is."),
        Action("restore", "r", "Restore", "Write the backup of the field Backup to this very plug.",
               shown=False),
        Action("configure", "c", "Configure", "Write the configuration of the field Profile, and "
               "nothing else.", shown=False),
        Action("listen", "l", "Boot log", "Listen to the boot log on TX2 and say what it means; "
               "again to end.", shown=False),
        Action("selftest", "t", "Self-test", "Does the adapter hear itself, TX joined to RX?",
               shown=False),
        Action("stop", "x", "Stop", "Stop the job: at once, or at a safe place after the erase."),
        Action("view", "w", "Wires/map", "Change between the wiring, the map of the flash, the "
               "log, the plan and the fault."),
        Action("explain", "e", "Explain", "The help page of the fault that is shown.",
               shown=False),
    ),
)  # fmt: skip
