"""The Scan pane's keys."""

from tui.actions import Action, PaneInfo

PANE = PaneInfo(
    name="scan",
    digit="3",
    title="Scan",
    about=(
        "Every BTHome device in the air, electricity meters first: their newest values, how strong "
        "and how often they are heard, and whether their key fits. Nothing is hidden by a number "
        "that repeats. Marks: R restarted, W numbers wrapped, < an old frame again, = other data "
        "under the same number, P plain although a key is kept, E energy register wrapped, e "
        "energy fell, V changed its version."
    ),
    actions=(
        Action("open", "enter", "Details", "Show the device frame by frame, byte by byte."),
        Action("filter", "slash", "Filter", "Show what has these words in its name or values."),
        Action("key", "k", "Key", "Enter the bind key of the device; it is tried at once."),
        Action("everything", "a", "All", "Show BTHome devices only, or everything in the air."),
        Action("sort", "s", "Sort", "Sort by the next column."),
        Action("walk", "w", "Walk", "Walk test with the device: where must this Pi sit?"),
        Action("record", "r", "Record", "Write every advert to a file, or end that."),
        Action("pause", "p", "Pause", "Hold the table still; nothing is lost meanwhile."),
        Action("pin", "t", "Pin", "Keep the device on top, whatever comes."),
        Action("play", "o", "Play", "Play back a recording, or listen to the radio again."),
        Action("export", "e", "Export", "Write the table as CSV and JSON into the data folder."),
        Action("copy", "c", "Copy", "Copy the device as JSON to the clipboard and to a file."),
        Action("forget", "d", "Drop key", "Forget the bind key of the device."),
        Action("place", "space", "Place done", "Walk test: take the sample of this place."),
        Action("door", "z", "Door closed", "Walk test: the last sample, with the door closed."),
        Action("back", "escape", "Back", "Back to the table; in the table, drop the filter.",
               shown=False),
    ),
)  # fmt: skip
