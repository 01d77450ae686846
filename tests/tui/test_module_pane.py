"""The Module pane shows what core said, in each state of a job, whole at 80x24."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.events import Body, Failed
from core.sim.module_images import meter_image
from core.telink.wiring import DRAWING, SWS_TEXT
from tests.tui import module_scenes as scenes
from tests.tui.stage import Stage, StageHost, golden, staged

SIZES = [(80, 24), (160, 45)]
NAMES = ["80x24", "160x45"]


@pytest.fixture
def bench(host: StageHost) -> StageHost:
    """A host whose firmware folder has an image for the module beside that of the plug."""
    (host.store.home / "firmware" / scenes.IMAGE).write_bytes(meter_image())
    return host


def in_order() -> Iterator[tuple[str, float, tuple[Body, ...]]]:
    yield "gate", 1.0, scenes.BEGUN
    yield "reaching", 9.0, scenes.REACHING
    yield "by-hand", 12.0, scenes.BY_HAND
    yield "reading", 21.0, scenes.READING
    yield "plan", 33.0, scenes.PLANNED
    yield "writing", 41.0, scenes.WRITING
    yield "done", 52.0, scenes.DONE


async def opened(stage: Stage) -> Stage:
    stage.job = "20261120T140233Z-module-flash-01"
    await stage.press("7")
    return stage


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
async def test_every_state_of_a_job_looks_as_it_was_kept(
    bench: StageHost, size: tuple[int, int]
) -> None:
    name = f"{size[0]}x{size[1]}"
    async with staged(bench, size) as stage:
        await opened(stage)
        golden(f"module-idle-{name}", stage.text)
        for scene, t, bodies in in_order():
            golden(f"module-{scene}-{name}", await stage.feed(*bodies, t=t))


@pytest.mark.parametrize("size", SIZES, ids=NAMES)
@pytest.mark.parametrize("fault", [scenes.NO_TARGET, scenes.VANISHED], ids=["wire", "vanished"])
async def test_a_fault_is_whole_on_the_screen(
    bench: StageHost, size: tuple[int, int], fault: object
) -> None:
    async with staged(bench, size) as stage:
        await opened(stage)
        for _, t, bodies in list(in_order())[:2]:
            await stage.feed(*bodies, t=t)
        text = await stage.feed(Failed(fault), t=60.0)  # type: ignore[arg-type]
        golden(f"module-{fault.code.lower()}-{size[0]}x{size[1]}", text)  # type: ignore[attr-defined]
        squeezed = "".join(text.split())
        for field in ("code", "cause", "state"):
            assert "".join(getattr(fault, field).split()) in squeezed
        assert "Programmer" in await stage.press("escape")


async def test_the_last_words_are_whole_under_a_result_of_two_lines(bench: StageHost) -> None:
    """They warn of what wipes the pairing."""
    async with staged(bench) as stage:
        await opened(stage)
        for _, t, bodies in in_order():
            text = await stage.feed(*bodies, t=t)
        assert "".join(SWS_TEXT.split()) in "".join(text.split())


async def test_the_wiring_is_whole_and_the_image_is_told_by_its_content(bench: StageHost) -> None:
    async with staged(bench) as stage:
        await opened(stage)
        for line in DRAWING.splitlines():
            assert line.strip() in stage.text
        assert scenes.IMAGE in stage.text
        assert "OpenBK" not in stage.text.split("\n", 1)[1]


async def test_keys_start_the_jobs_of_their_names(
    bench: StageHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[str, str]] = []
    async with staged(bench) as stage:
        await opened(stage)
        monkeypatch.setattr(
            stage.app, "start", lambda work: started.append((work.kind, work.title))
        )
        await stage.press("i", "b", "f", "t", "u", "z")
        text = await stage.press("r")
        assert "choose the one to write back first" in text
    port = "/dev/ttyUSB0"
    assert started == [
        ("module-info", f"Module info: {port}"),
        ("module-backup", f"Module backup: {port}"),
        ("module-flash", f"Module flash: {scenes.IMAGE}"),
        ("module-selftest", f"Module selftest: {port}"),
        ("module-resume", f"Module resume: {port}"),
        ("module-wipe", f"Module wipe: {port}"),
    ]


async def test_without_a_port_nothing_starts_and_a_sentence_says_why(folder: Path) -> None:
    async with staged(StageHost(folder / "home", ports=[])) as stage:
        await opened(stage)
        assert "Programmer: choose one first" in await stage.press("i")
        assert not stage.app.host.running()


async def test_views_turn_and_the_help_page_opens(bench: StageHost) -> None:
    async with staged(bench) as stage:
        await opened(stage)
        for _, t, bodies in list(in_order())[:2]:
            await stage.feed(*bodies, t=t)
        assert "No fault is shown" in await stage.press("e")
        await stage.feed(*scenes.FAILED, t=20.0)
        assert "No module answers over SWS" in await stage.press("e")
        await stage.press("escape")
        assert "kit with TLSRPGM" in await stage.press("w")
        assert "not yet" in await stage.press("w")
        assert "TL-NO-TARGET" in await stage.press("w")
