"""The boot log and the self-test on the Flash pane, over a real pty."""

from __future__ import annotations

import os
import tty
from collections.abc import Iterator

import pytest

from tests.core.beken.test_bootlog import APP, BANNER, JUMP, OPENBEKEN
from tests.tui.stage import Stage, StageHost, a_port, staged


class Wire:
    """The near end is a port; the far end is the test's."""

    def __init__(self) -> None:
        self.far, self._near = os.openpty()
        tty.setraw(self._near)
        self.path = os.ttyname(self._near)

    def say(self, text: str) -> None:
        os.write(self.far, text.encode())


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    yield made
    os.close(made.far)
    os.close(made._near)


@pytest.fixture
def host(folder, wire: Wire) -> StageHost:  # type: ignore[no-untyped-def]
    return StageHost(folder / "home", [a_port(wire.path)])


async def listening(stage: Stage) -> None:
    await stage.press("l")
    await stage.until("Nothing: Not one byte came.")


async def test_the_boot_log_is_shown_and_judged_without_its_passwords(
    host: StageHost, wire: Wire
) -> None:
    host.store.keys.set_secret("home-wifi", "tops3cret")
    async with staged(host) as stage:
        await listening(stage)
        wire.say(BANNER + JUMP + APP + "Using Pass [tops3cret]\nit is tops3cret\x1b[2J\n")
        await stage.until("it is ****")
        wire.say(OPENBEKEN)
        text = await stage.until("Running: The application started and stays up.")
        assert "openbk find" in " ".join(text.split())
        assert "tops3cret" not in text and "\x1b" not in text
        assert "J 0x10000" in text
        assert not host.store.jobs.all()  # a stream leaves no journal


async def test_no_job_starts_while_the_log_has_the_port(host: StageHost, wire: Wire) -> None:
    async with staged(host) as stage:
        await listening(stage)
        for key in ("i", "b", "t"):
            assert "The boot log has the port: l ends it." in await stage.press(key)
        assert not host.running()
        await stage.press("l")
        await stage.until("moving")
        for _ in range(200):  # the port is let go off this thread
            await stage.press("t")
            if host.running():
                break
        assert [job.kind for job in host.running()] == ["plug-selftest"]


async def test_a_port_that_cannot_be_opened_is_a_sentence(host: StageHost, wire: Wire) -> None:
    host.tools._listed = [a_port("/dev/nowhere")]  # type: ignore[attr-defined]
    async with staged(host) as stage:
        await stage.press("l")
        await stage.until("LINK-NO-PORT")


async def test_w_brings_the_log_back(host: StageHost, wire: Wire) -> None:
    async with staged(host) as stage:
        await listening(stage)
        wire.say(BANNER)
        await stage.until("V:BK7231N_1.0.1")
        assert "V:BK7231N" not in await stage.press("w")
        for _ in range(3):
            if "V:BK7231N" in await stage.press("w"):
                return
    raise AssertionError("the log never came back")
