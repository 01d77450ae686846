"""Keys that arrive together are taken one after the other.

A key goes to the widget that has the focus when it arrives, and its binding runs once it bubbled up
to the app.  In a burst, as a slow line or a paste brings it, letters would overtake the Backspace
between them, and what follows Enter would go to the field that was just left.  So every key waits
until the one before it was dealt with.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Any, TypeVar

from textual.app import App
from textual.events import Event, Key, Paste
from textual.message import Message

T = TypeVar("T")

ROUNDS = 3
"""Times that a follower goes up from the focused widget: for the key, for the message of the widget
that took it, and for that of the form around it."""

PATIENCE = 0.5
"""Seconds until the next key is taken although the follower did not come: its widget is gone."""


class Follower(Message):
    """Takes the same way as the key before it, and comes to the app after it."""

    def __init__(self, turn: int, rounds: int) -> None:
        super().__init__()
        self.turn, self.rounds = turn, rounds


class TurnsApp(App[T]):
    """An app that takes one key at a time."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self._held: deque[Event] = deque()
        self._busy, self._turn = False, 0

    async def on_event(self, event: Event) -> None:
        typed = isinstance(event, Key | Paste) and not event.is_forwarded
        if not typed:
            await super().on_event(event)
        elif self._busy:
            if not self._held:
                self.set_timer(PATIENCE, partial(self._go_on, self._turn))
            self._held.append(event)
        elif not self.unheard(event):
            await self._take(event)

    def unheard(self, event: Event) -> bool:
        """True for a key or a paste that nobody is to get, asked when its turn has come."""
        return False

    async def _take(self, event: Event) -> None:
        self._busy = True
        self._turn += 1
        await super().on_event(event)
        await self._follow(ROUNDS)

    async def _follow(self, rounds: int) -> None:
        target = self.focused or self.screen
        if not rounds or not target.post_message(Follower(self._turn, rounds - 1)):
            await self._go_on(self._turn)

    async def on_follower(self, message: Follower) -> None:
        """The key was dealt with as far as the messages that it caused."""
        message.stop()
        if message.turn == self._turn:
            await self._follow(message.rounds)

    async def _go_on(self, turn: int) -> None:
        """The next one, unless it was taken already."""
        if turn != self._turn or not self._busy:
            return
        self._busy = False
        while self._held:
            event = self._held.popleft()
            if self.unheard(event):
                continue
            await self._take(event)
            if self._held:
                self.set_timer(PATIENCE, partial(self._go_on, self._turn))
            return
