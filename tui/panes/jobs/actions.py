"""The Jobs pane's keys."""

from tui.actions import Action, PaneInfo

PANE = PaneInfo(
    name="jobs",
    digit="6",
    title="Jobs",
    about=(
        "Every job of this data folder, newest first, and what it said. An interrupted job was "
        "cut off by a crash or power cut; a running one may belong to another wattbench."
    ),
    actions=(
        Action("open", "enter", "Log", "Read the whole log of the job under the cursor."),
        Action("resume", "g", "Go on", "Resume the job under the cursor, if it was cut off."),
        Action("reload", "r", "Reload", "Read the list from disk again."),
        Action("save", "m", "Markdown", "Save the job's record as Markdown in its folder."),
    ),
)
