"""The simulated bench behind --demo: devices on a thread and loop of their own.

Nothing here touches real ports, radios or the user's folder; the data folder is a temporary one
that is removed at the end.
"""

from __future__ import annotations
