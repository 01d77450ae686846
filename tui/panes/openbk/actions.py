"""The OpenBK pane's keys."""

from tui.actions import Action, PaneInfo

PANE = PaneInfo(
    name="openbk",
    digit="5",
    title="OpenBK",
    about=(
        "The configuration of an OpenBeken device as a form.  Left and right change the section, "
        "Enter edits a field; a changed field is marked with * and nothing is sent before a. "
        "What was read last is shown at once and read again in the background."
    ),
    actions=(
        Action("host", "h", "Host", "Type the address of a device."),
        Action("find", "f", "Find", "Search the network; the section Devices lists what answers."),
        Action("diff", "d", "Diff", "What would change, and the requests that do it."),
        Action("apply", "a", "Apply", "Send what changed, in the safe order, and read it back."),
        Action("undo", "u", "Undo", "Back to a configuration that was kept."),
        Action("calibrate", "c", "Calib", "Set the meter of the closed plug with a known load."),
        Action("profile", "p", "Profile", "Load a profile into the form."),
        Action("reveal", "v", "Reveal", "Show the secrets, or hide them again."),
        Action("relay", "t", "Relay", "Switch a relay; asks what hangs on it.", shown=False),
        Action("channels", "k", "Channels", "Type the channels of the pin under the cursor.",
               shown=False),
        Action("back", "z", "Put back", "The field under the cursor as the device has it.",
               shown=False),
        Action("empty", "delete,backspace", "Empty", "Empty the field under the cursor.",
               shown=False),
        Action("mark", "space", "Mark", "In Devices: apply goes to all that are marked.",
               shown=False),
        Action("read", "r", "Read", "Read the device again now.", shown=False),
        Action("console", "n", "Console", "Type commands to the device.", shown=False),
        Action("save", "s", "Save", "Write the form as a profile, without secrets.", shown=False),
        Action("password", "w", "Password", "Type the web password of this device.",
               shown=False),
        Action("update", "o", "OTA", "Update the firmware over the network.", shown=False),
        Action("backup", "b", "Back up", "Copy the whole flash over the network.", shown=False),
        Action("left", "left", "Section", "The section to the left.", shown=False),
        Action("right", "right", "Section", "The section to the right.", shown=False),
        Action("stop", "x", "Stop", "Stop the job at a safe place."),
        Action("explain", "e", "Explain", "The help page of the fault that is shown.",
               shown=False),
    ),
)  # fmt: skip
