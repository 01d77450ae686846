"""The Flash pane shows what core said, in each state of a job, whole at 80x24."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.beken.tasks.gate import NO_BOOT_STEPS
from core.beken.wiring import DRAWING, Lead
from core.events import Failed, Finished, Note, Phase, Progress, Started, Warned
from tests.tui import scenes
from tests.tui.scenes import MAC
from tests.tui.stage import Stage, StageHost, golden, staged

SIZES = [(80, 24), (120, 40)]


def scenes_in_order() -> Iterator[tuple[str, float, tuple[object, ...]]]:
    yield "gate", 1.0, (*scenes.BEGUN, *scenes.GATE_ASKED)
    yield "linking", 14.0, (*scenes.LINKING, scenes.listening(12.2, 0))
    yield "reading", 31.0, (*scenes.LINKED, *scenes.reading(140))
    yield "plan", 58.0, scenes.PLANNED
    yield "writing", 71.0, scenes.WRITING
    yield "boot-check", 93.0, scenes.BOOTING
    yield "done", 120.0, scenes.DONE


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
async def test_every_state_of_a_job_looks_as_it_was_kept(
    host: StageHost, size: tuple[int, int]
) -> None:
    name = f"{size[0]}x{size[1]}"
    async with staged(host, size) as stage:
        golden(f"flash-idle-{name}", stage.text)
        for scene, t, bodies in scenes_in_order():
            golden(f"flash-{scene}-{name}", await stage.feed(*bodies, t=t))


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
async def test_a_fault_looks_as_it_was_kept(host: StageHost, size: tuple[int, int]) -> None:
    async with staged(host, size) as stage:
        bodies = (*scenes.BEGUN, *scenes.LINKED, *scenes.WRITING, *scenes.FAILED)
        golden(f"flash-fault-{size[0]}x{size[1]}", await stage.feed(*bodies, t=83.0))


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
async def test_what_to_do_with_a_plug_that_does_not_start_is_whole(
    host: StageHost, size: tuple[int, int]
) -> None:
    async with staged(host, size) as stage:
        await stage.feed(*scenes.BEGUN, *scenes.LINKED, *scenes.PLANNED, *scenes.WRITING)
        text = await stage.feed(*scenes.NOT_BOOTED, t=120.0)
        text = await stage.feed() if "4. The" not in text else text
        golden(f"flash-no-boot-{size[0]}x{size[1]}", text)
        seen = "".join(text.split())
        for number, step in enumerate(NO_BOOT_STEPS, 1):
            assert "".join(f"{number}. {step}".split()) in seen
        assert "kept - erased" not in stage.text
        assert "bootloader (yours)" in await stage.press("w")
        assert "module edge" in await stage.press("w")
        assert "kept - erased" in await stage.press("w")
        assert "4. The loader" in await stage.press("w")


async def test_before_the_first_job_the_wires_are_shown(stage: Stage) -> None:
    for line in DRAWING.splitlines():
        assert line in stage.text


async def test_while_linking_the_prompt_and_the_live_count_are_shown(stage: Stage) -> None:
    await stage.feed(*scenes.BEGUN, *scenes.LINKING)
    for seconds, count, kind in ((3.1, 0, "nothing"), (12.4, 1234, "text")):
        text = await stage.feed(scenes.listening(seconds, count, kind))
        assert "NOW: Pull GND for 2 s, then reconnect." in text
        assert f"Listening: {seconds:.0f} of 60 s, {count} bytes heard ({kind})" in text


@pytest.mark.parametrize("lead", Lead)
async def test_the_whole_prompt_is_shown_with_every_lead(stage: Stage, lead: Lead) -> None:
    text = await stage.feed(*scenes.BEGUN, *scenes.LINKING, scenes.listening(1, 0, lead=lead))
    assert lead.prompt in " ".join(text.split())
    assert "Listening: 1 of 60 s" in text


async def test_while_reading_the_map_has_a_cell_a_sector(stage: Stage) -> None:
    lines = (await stage.feed(*scenes.BEGUN, *scenes.LINKED, *scenes.reading(140))).splitlines()
    rows = [line for line in lines if line[1:7].endswith("0000") and line[1:3].isalnum()]
    assert [row[1:7] for row in rows] == [f"{n * 0x40000:06X}" for n in range(8)]
    cells = "".join(row[9:] for row in rows)
    assert cells == "▓" * 140 + "▒" * 16 + "·" * 356
    assert any("27 %" in line and "80 KiB/s" in line and "0:16" in line for line in lines)


async def test_the_plan_and_its_question_are_readable_together(stage: Stage) -> None:
    text = await stage.feed(*scenes.BEGUN, *scenes.LINKED, *scenes.PLANNED)
    lines = text.splitlines()
    for line in scenes.PLAN:
        assert f" {line}" in lines
    assert scenes.BACKUP in text.replace("\n   ", "")
    assert " Write this now?" in lines
    assert "  y  yes    n  no" in lines


async def test_a_fault_shows_code_cause_next_state_and_command_whole(stage: Stage) -> None:
    text = await stage.feed(*scenes.BEGUN, *scenes.LINKING, *scenes.FAILED)
    words = " ".join(text.split())
    fault = scenes.LONGEST
    assert f"{fault.code} in step 3/10, Link" in words
    for part in (fault.what, fault.cause, fault.next, fault.state):
        assert part in words
    await stage.press("end")
    assert "wattbench plug flash --port" in stage.text
    assert scenes.BACKUP in "".join(stage.text.split())


async def test_after_a_fault_the_form_comes_back(stage: Stage) -> None:
    await stage.feed(*scenes.BEGUN, *scenes.LINKING, *scenes.FAILED)
    assert "Reset lead" not in stage.text
    assert "Reset lead" in await stage.press("escape")
    assert "moving" in stage.lines[-1]
    while "LINK-SILENT  in step" not in stage.text:
        await stage.press("w")
    assert "fault" in stage.lines[-1]


async def test_the_help_page_of_the_fault_opens(stage: Stage) -> None:
    assert "No fault is shown." in await stage.press("e")
    await stage.feed(*scenes.BEGUN, *scenes.LINKING, *scenes.FAILED)
    text = await stage.press("e")
    assert "Esc closes this." in text
    assert "There is no page" not in text


async def test_the_result_is_shown_and_stays(stage: Stage) -> None:
    await stage.feed(*scenes.BEGUN, *scenes.LINKED, *scenes.WRITING, *scenes.DONE)
    text = await stage.feed()
    assert "✓ OpenBeken 1.18.100 N: written, proven, and it started" in text
    assert "✓ 9/10  Write" in text


async def test_the_next_job_does_not_show_the_last_ones_end(stage: Stage) -> None:
    await stage.feed(*scenes.BEGUN, *scenes.LINKING, *scenes.FAILED)
    stage.job = "20261120T150000Z-plug-backup-02"
    text = await stage.feed(Started("plug-backup", "Back up: /dev/ttyUSB0"), Phase("Link", 1, 4))
    assert "LINK-SILENT" not in text
    assert "▸ 1/4   Link" in text
    assert "Reset lead" in text


async def test_the_view_chosen_with_w_stays_until_something_else_matters(stage: Stage) -> None:
    await stage.feed(*scenes.BEGUN, *scenes.LINKED, *scenes.reading(3))
    assert "module edge" in await stage.press("w")
    assert "module edge" in await stage.feed(*scenes.reading(4))
    await stage.feed(*scenes.PLANNED)
    assert "module edge" not in stage.text


async def test_notes_and_warnings_are_in_the_log_newest_last(stage: Stage) -> None:
    text = await stage.feed(
        *scenes.BEGUN, Note("A", "first"), Warned("B", "second"), Note("C", "third"), t=61.0
    )
    log = [line for line in text.splitlines() if line.startswith("  1:01")]
    assert log == ["  1:01  first", "  1:01  ! second", "  1:01  third"]


async def test_a_long_note_is_folded_and_its_end_is_there(stage: Stage) -> None:
    text = await stage.feed(*scenes.BEGUN, Note("A", "word " * 30 + "end"), t=5.0)
    assert "end" in text.split()
    assert all(len(line) <= 80 for line in text.splitlines())


SIGNS = (
    "\x1b[31mred\x1b]0;title\x07 [red]x[/red] [@click=app.quit]y[/] abc\u202egnp.exe\u2066 "
    "one\ntwo\r\x85three\u2028four \ud800\udcff\x00\x9b31m e" + "\u0301" * 300
)
HOSTILE = {"signs": SIGNS, "long": "x" * 5000, "wide": "漢字" * 200}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_text_is_only_text_wherever_it_stands(stage: Stage, text: str) -> None:
    device = dict.fromkeys(("chip", "part", "flash_id", "mac"), text)
    fault = scenes.LONGEST
    said = [
        Started("plug-flash", text),
        Phase(text, 1, 2),
        Note(text, text),
        Warned(text, text),
        scenes.Facts("device", device),
        scenes.Facts("plan", {"lines": [text, text]}),
        scenes.Facts("link", {**scenes.listening(1, 0).values, "prompt": text, "kind": text}),
        Progress(text, 1, 2, text, 1.0, 1.0, text[:512]),
    ]
    for body in said:
        harmless(await stage.feed(body))
    question = scenes.Question("k", text, (scenes_choice(text), scenes_choice("no")))
    harmless(await stage.feed(scenes.Asked(question)))
    typed = scenes.Question("k", text, expect=text)
    harmless(await stage.feed(scenes.Answered(text, text, text), scenes.Asked(typed)))
    bad = type(fault)(text, text, text, text, text, command=(text,))
    harmless(await stage.feed(Failed(bad)))
    stage.job = "2"
    harmless(await stage.feed(Started("plug-info", text), Finished({"summary": text})))
    harmless(await stage.press("6"))


def scenes_choice(text: str) -> scenes.Choice:
    return scenes.Choice(text, text)


def harmless(screen: str) -> None:
    """No control, format or bidi character stands on the screen; every line fits."""
    for line in screen.splitlines():
        assert not set(line) & {*map(chr, range(32)), *map(chr, range(127, 160))}
        assert not set(line) & set("\u202e\u2066\u2028")
    assert len(screen.splitlines()) == 24


async def test_hostile_file_names_are_offered_as_text(folder: Path, host: StageHost) -> None:
    names = ["\x1b[31mred.bin", "[red]x[b].bin", "a\u202enib.bin", "n" * 200 + ".bin",
             "new\nline.bin", "\udcff.bin"]  # fmt: skip
    for name in names:
        (folder / name).write_bytes(b"x")
    async with staged(host) as stage:
        await stage.press("down", "down", "down")
        harmless(await stage.press("enter"))
        assert "[red]x[b].bin" in stage.text
        for _ in names:
            await stage.press("down")
        await stage.press("enter")
        harmless(stage.text)
        harmless(await stage.press("f"))


async def test_mac_stays_beside_the_job_on_the_bar(stage: Stage) -> None:
    await stage.feed(*scenes.BEGUN, *scenes.LINKED, *scenes.reading(140))
    assert MAC in stage.lines[-2]
    assert stage.lines[-2].rstrip().endswith("27 %  80 KiB/s  0:16 left")
