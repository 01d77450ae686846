"""The record of a meter's job, as the Jobs pane shows and saves it: what was set, and no secret."""

from __future__ import annotations

from pathlib import Path

from core.meter.wanted import Wanted
from tests.tui.meter_stage import MAC, AirHost, other
from tests.tui.stage import Stage, staged
from tui.verbs import meter as verb
from tui.work import Work

OLD_KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")
SUMMARY = "address 20109 set, read back, meter serial 3171112520109"


async def run(stage: Stage, work: Work, end: str) -> None:
    """Run a job to the end that the job bar says."""
    stage.app.start(work)
    await stage.until(end)


def everything(home: Path) -> str:
    """All that jobs have written down, as text."""
    files = [path for path in (home / "jobs").rglob("*") if path.is_file()]
    assert files
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


async def test_a_set_is_on_record_with_what_was_confirmed_and_without_its_keys(
    tmp_path: Path,
) -> None:
    host = AirHost(tmp_path, other(key=OLD_KEY))
    host.store.keys.set_bind_key(MAC, OLD_KEY)
    wish = Wanted(model=1, address=20109, period=5)
    async with staged(host) as stage:
        await stage.press("4")
        work = verb.set_work({"address": MAC}, wanted=wish, new_key=True, leave="open")
        await run(stage, work, SUMMARY)
        text = await stage.press("6")
        assert f"Set up: {MAC}" in text and text.splitlines()[1].startswith("ok")
        assert f"Done: {SUMMARY}" in text
        seen = text + await stage.press("enter")
        for _ in range(8):
            seen += await stage.press("pagedown")
        for name in ("kind of meter", "address", "period", "bind key"):
            assert f"{name}: written and read back." in seen, seen
        assert "Meter answered: serial 3171112520109, made 04.10.2017." in seen
        assert "[4/6] Write and read back" in seen
        await stage.press("escape")
        seen += await stage.press("m")
        assert "Saved " in seen
        new_key = host.module.settings.key
        assert new_key and new_key == host.store.keys.bind_key(MAC) != OLD_KEY
    (record,) = (tmp_path / "jobs").glob("*/record.md")
    told = record.read_text(encoding="utf-8")
    assert MAC in told and SUMMARY in told and "address: written and read back." in told
    for key in (OLD_KEY, new_key):
        for secret in (key.hex(), key.hex().upper(), key.hex(" "), repr(key)[2:-1]):
            assert secret not in seen + everything(tmp_path)


async def test_a_set_that_failed_is_on_record_with_what_was_confirmed(tmp_path: Path) -> None:
    host = AirHost(tmp_path)
    wish = Wanted(model=1, address=20108)  # the meter's own is 20109
    async with staged(host) as stage:
        await stage.press("4")
        await run(stage, verb.set_work({"address": MAC}, wanted=wish, leave="open"), "METER-NO-")
        text = await stage.press("6")
        assert text.splitlines()[1].startswith("FAIL")
        seen = text + await stage.press("enter")
        for _ in range(8):
            seen += await stage.press("pagedown")
        assert "METER-NO-ANSWER" in seen and "Confirmed on the module:" in seen
