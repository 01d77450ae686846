"""Pictures of the screens that say most: colours and attributes as they were kept."""

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from core.events import Event
from tests.tui import scenes
from tests.tui.stage import StageApp, StageHost

SCENES = {
    "linking": (*scenes.BEGUN, *scenes.LINKING, scenes.listening(12.2, 1234, "text")),
    "writing": (*scenes.BEGUN, *scenes.LINKED, *scenes.WRITING),
    "plan": (*scenes.BEGUN, *scenes.LINKED, *scenes.PLANNED),
    "fault": (*scenes.BEGUN, *scenes.LINKED, *scenes.FAILED),
}


def told(*bodies: object) -> Callable[[Pilot[None]], Awaitable[None]]:
    """What is done with the app before its picture is taken."""

    async def tell(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, StageApp)
        await pilot.pause()
        for body in bodies:
            app.mailbox.put(Event("20261120T140233Z-plug-flash-01", 83.0, body))
        app.tick()
        await pilot.pause()

    return tell


@pytest.mark.parametrize("scene", SCENES)
def test_the_bench_theme(host: StageHost, snap_compare: Callable[..., bool], scene: str) -> None:
    app = StageApp(host)
    assert snap_compare(app, terminal_size=(80, 24), run_before=told(*SCENES[scene]))


def test_the_mono_theme(folder: object, snap_compare: Callable[..., bool], host: StageHost) -> None:
    mono = StageHost(host.store.home, mono=True)
    app = StageApp(mono)
    assert snap_compare(app, terminal_size=(80, 24), run_before=told(*SCENES["writing"]))
