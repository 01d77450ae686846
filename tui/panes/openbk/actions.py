"""The OpenBK pane's keys."""

from tui.actions import Action, PaneInfo

PANE = PaneInfo(
    name="openbk",
    digit="5",
    title="OpenBK",
    about=(
        "The configuration of an OpenBeken device as a form. Left and right change the section, "
        "Enter edits, Space switches a flag, * marks a change; only a sends. In Devices Space "
        "marks, * marks all that answer, - none, Delete takes a row off the list; d and a are for "
        "those marked then."
    ),
    actions=(
        Action("host", "h", "Host", "Type the address of a device, or the path of a flash dump."),
        Action("find", "f", "Find", "Search the network; Devices lists what answers."),
        Action("diff", "d", "Diff", "What would change, and the requests that do it."),
        Action("apply", "a", "Apply", "Send what changed, in the safe order; read it back."),
        Action("undo", "u", "Undo", "Back to a configuration that was kept."),
        Action("calibrate", "c", "Calib", "Set the meter of the closed plug with a known load."),
        Action("profile", "p", "Profile", "Load a profile into the form.", shown=False),
        Action("report", "r", "Report", "What became of each of the marked devices.",
               shown=False),
        Action("reveal", "v", "Reveal", "Show the secrets, or hide them again.", shown=False),
        Action("channels", "k", "Channels", "Type the channels of this pin.", shown=False),
        Action("back", "z", "Put back", "This field as the device has it.", shown=False),
        Action("more", "m", "More", "Relay, console, password, read, save, update, back up, "
               "restore, dump.", shown=False),
        Action("stop", "x", "Stop", "Stop the job at a safe place."),
        Action("explain", "e", "Explain", "The help page of the fault that is shown.",
               shown=False),
    ),
)  # fmt: skip

MORE = (
    ("relay", "switch a relay; asks what hangs on it"),
    ("console", "type commands to the device"),
    ("password", "type the web password of this device"),
    ("read", "read the device again now"),
    ("forget", "put every field back as the device has it"),
    ("save", "keep the form as a profile, template or script, without secrets"),
    ("update", "update the firmware over the network"),
    ("backup", "copy the whole flash over the network"),
    ("restore", "a configuration out of a backup into the form"),
    ("restore_raw", "restore raw: its sector byte for byte; needs a power cut"),
    ("dump", "open the configuration in a flash dump"),
)
"""What is needed now and then: method and text."""
