"""Log lines of the libraries: to the log file, never to the terminal.

Without a handler of its own, Python prints a library's warnings to stderr, into the screen.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

LIBRARIES = ("bleak", "dbus_fast")


class _Lines(logging.Handler):
    def __init__(self, log: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log(self.format(record))


class LibraryLogs:
    """Warnings of the radio's libraries go to `log` until `close`."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._handler = _Lines(log)
        self._handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        self._before: dict[str, tuple[bool, list[logging.Handler]]] = {}
        for name in LIBRARIES:
            logger = logging.getLogger(name)
            self._before[name] = logger.propagate, logger.handlers
            logger.propagate, logger.handlers = False, [self._handler]

    def close(self) -> None:
        """Leave the libraries as they were."""
        for name, (propagate, handlers) in self._before.items():
            logger = logging.getLogger(name)
            logger.propagate, logger.handlers = propagate, handlers
        self._before.clear()
