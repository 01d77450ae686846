"""Events from core's thread to the screen: merged where the newest says it all.

Progress and facts carry whole state, so only the newest per job and key is kept; everything else
is never dropped.  Order between what is kept is the order of arrival.
"""

from __future__ import annotations

import threading

from core.events import Event, Facts, Progress


class Mailbox:
    """Filled on core's thread, emptied by the screen's clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: dict[object, Event] = {}
        self._count = 0

    def put(self, event: Event) -> None:
        """Keep one event; a newer whole-state event replaces the older and moves to the end."""
        body = event.body
        with self._lock:
            self._count += 1
            key: object = self._count
            if isinstance(body, Progress):
                key = (event.job, "progress", body.phase)
            elif isinstance(body, Facts):
                key = (event.job, "facts", body.key)
            self._events.pop(key, None)
            self._events[key] = event

    def take(self) -> list[Event]:
        """Everything since the last call."""
        with self._lock:
            events, self._events = list(self._events.values()), {}
        return events
