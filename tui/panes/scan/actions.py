"""The Scan pane's keys."""

from tui.actions import Action, PaneInfo

PANE = PaneInfo(
    name="scan",
    digit="3",
    title="Scan",
    about=(
        "Every BTHome device in the air, electricity meters first. The last column has a letter "
        "for what happened; the details say it in words."
    ),
    actions=(
        Action("open", "enter", "Show", "Show the device byte by byte; Esc goes back."),
        Action("filter", "slash", "Filter", "Find words in names and values; Esc shows all again."),
        Action("key", "k", "Key", "Enter the device's bind key, tried at once, or drop it."),
        Action("everything", "a", "All", "BTHome devices only, or everything in the air."),
        Action(
            "walk", "w", "Walk", "Walk test: where must this Pi sit? Space: next place, z: end."
        ),
        Action("record", "r", "Record", "Write every advert to a file, or end that.", shown=False),
        Action("play", "o", "Play", "Play a recording, or hear the radio again.", shown=False),
        Action("sort", "s", "Sort", "Sort by the next column.", shown=False),
        Action("pause", "p", "Pause", "Hold the table still; nothing is lost.", shown=False),
        Action("pin", "t", "Pin", "Keep the device on top, whatever comes.", shown=False),
        Action("export", "e", "Export", "The table, or the shown device, as files.", shown=False),
        Action("meter", "m", "Set up", "Set up the module of this meter (pane 4).", shown=False),
    ),
)
