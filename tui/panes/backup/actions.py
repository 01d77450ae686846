"""The Backup pane's keys."""

from tui.actions import Action, PaneInfo

PANE = PaneInfo(
    name="backup",
    digit="2",
    title="Backup",
    about=(
        "Every backup that is kept, and what is in it. Left are regions, values and pins, right "
        "their bytes or what they mean; Enter goes between the two, Tab between left and right, "
        "Esc back. Below: how much each part of the flash holds, and what the byte under the "
        "cursor is. ** is a secret, -- was not read yet."
    ),
    actions=(
        Action("open", "enter", "Open", "Open the backup; in it, go between value and bytes."),
        Action("file", "o", "File", "Open any dump by its path."),
        Action("reload", "l", "Reload", "Look through the folder of backups again."),
        Action("goto", "g", "Go to", "Go to an address, a region or a value."),
        Action("find", "slash", "Find", "Find text, x 55 AA ?? 03, u16 513 or u32be 7."),
        Action("next", "n", "Next", "The next place that was found."),
        Action("view", "v", "Raw/plain", "Change between raw bytes and decrypted ones."),
        Action("compare", "d", "Compare", "Compare with another dump, or end that."),
        Action("hand", "h", "Hand over", "Give the OpenBeken configuration to Flash or OpenBK."),
        Action("mark", "m", "Mark", "Mark from here to the cursor; again drops the mark."),
        Action("save", "e", "Export", "Save what is marked or shown as a file."),
        Action("copy", "y", "Copy", "Copy what is marked or shown; a file keeps it too."),
        Action("wide", "t", "Wide", "Hide the left side, or show it.", shown=False),
        Action("reveal", "s", "Secrets", "Show the secrets of this dump, or hide them.",
               shown=False),
        Action("flip", "f", "Polarity", "Turn the polarity of a pin over.", shown=False),
        Action("previous", "N", "Previous", "The place found before.", shown=False),
        Action("difference", "j", "Next difference", "The next place where two dumps differ.",
               shown=False),
        Action("before", "J", "Difference before", "The difference before this one.",
               shown=False),
        Action("chip", "c", "Chip", "Compare with the chip at the port of the Flash pane, by its "
               "checksums.", shown=False),
        Action("redact", "r", "Redact", "Save a copy without secrets, to share.", shown=False),
    ),
)  # fmt: skip
