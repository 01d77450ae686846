"""The pane's side of the feed: asks core for a snapshot each tick, and never waits for it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core.fault import FaultError

if TYPE_CHECKING:
    from core.air.feed import Feed, Snapshot, Source
    from tui.host import Host

T = TypeVar("T")


class Watch:
    """One feed for the life of the app.  All calls belong to the screen's thread; what they give
    comes with a later `tick`."""

    def __init__(self, host: Host, source: Callable[[Host], Source]) -> None:
        self._host, self._radio = host, source
        self._feed: Feed | None = None
        self._running: Future[None] | None = None
        self._asked: Future[Snapshot] | None = None
        self._answers: list[tuple[Future[Any], Callable[[Any], None], Callable[[str], None]]] = []

    def start(self) -> None:
        """Listen to the radio; does nothing when it listens already."""
        from core.air.feed import Feed

        if self._feed is None:
            self._feed = Feed(self._host.store)
            self._listen(self._radio(self._host))

    def listen_again(self) -> None:
        """Back from a recording to the radio."""
        self._switch(self._radio(self._host))

    def play(self, path: Path) -> None:
        """Play a recording in place of the radio.  Raises AIR-RECORDING and the store's faults."""
        from core.air.feed import Player
        from core.air.recording import Playback

        self._switch(Player(Playback(path)))

    def stop(self) -> None:
        """End the stream; a recording is closed."""
        if self._running is not None:
            self._running.cancel()

    def _switch(self, source: Source) -> None:
        if self._running is not None:
            self._running.cancel()
        feed = self.feed

        async def clear() -> None:
            feed.clear()

        self._host.stream(clear())
        self._listen(source)

    def _listen(self, source: Source) -> None:
        self._running = self._host.stream(self._run(source))

    async def _run(self, source: Source) -> None:
        """Kept as the feed's fault, so that the pane can show it."""
        try:
            await self.feed.run(source)
        except FaultError as error:
            self.feed.fault = error.fault

    @property
    def feed(self) -> Feed:
        assert self._feed is not None
        return self._feed

    # -- asking ------------------------------------------------------------------------------

    def ask(
        self, work: Callable[[Feed], T], then: Callable[[T], None], failed: Callable[[str], None]
    ) -> None:
        """Run `work` on core's loop; `then` or `failed` get its outcome at a later tick."""
        feed = self.feed

        async def run() -> T:
            return work(feed)

        self._answers.append((self._host.stream(run()), then, failed))

    def tick(self) -> Snapshot | None:
        """The newest snapshot, if core has answered; asks for the next one."""
        answers, self._answers = self._answers, []
        for future, then, failed in answers:
            if future.done():
                _tell(future, then, failed)
            else:
                self._answers.append((future, then, failed))
        found = None
        if self._asked is not None and self._asked.done():
            found = self._asked.result()
            self._asked = None
        if self._asked is None and self._feed is not None:
            self._asked = self._host.stream(_snapshot(self._feed))
        return found


def _tell(future: Future[Any], then: Callable[[Any], None], failed: Callable[[str], None]) -> None:
    try:
        value = future.result()
    except FaultError as error:
        fault = error.fault
        failed(f"{fault.code}: {fault.what} {fault.next}")
    except CancelledError:
        return
    else:
        then(value)


def _snapshot(feed: Feed) -> Coroutine[Any, Any, Snapshot]:
    async def take() -> Snapshot:
        return feed.snapshot()

    return take()
