"""The Meter pane's keys."""

from tui.actions import Action, PaneInfo

PANE = PaneInfo(
    name="meter",
    digit="4",
    title="Meter",
    about=(
        "Set up an electricity meter's module over Bluetooth. What is set is read back. A field "
        "that says keep is not changed."
    ),
    actions=(
        Action("address", "a", "Address", "Type the meter's address; Enter sets the module up."),
        Action("set", "s", "Set", "Write what the form says, and read it back."),
        Action("release", "w", "Release", "Take the whitelist's lock off."),
        Action("read", "i", "Read", "Show all that the module says; changes nothing."),
        Action("live", "v", "Live", "Live values, raw and with units, and the module's log."),
        Action("stop", "x", "Stop", "Stop the job; the connection is ended properly."),
        Action("bind", "b", "Bind", "From now on only this computer may connect.", shown=False),
        Action("undo", "u", "Undo", "Back to the settings before the last set.", shown=False),
        Action("unlock", "g", "SWS", "Guided release at the module itself, with a stopwatch.",
               shown=False),
        Action("update", "o", "OTA", "New firmware over the air.", shown=False),
        Action("reboot", "r", "Reboot", "Restart the module.", shown=False),
        Action("clear", "c", "Clear", "Factory settings; asks and says what is lost.",
               shown=False),
        Action("explain", "e", "Explain", "The help page of the fault that is shown.",
               shown=False),
    ),
)  # fmt: skip
