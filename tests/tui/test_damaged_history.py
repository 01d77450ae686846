"""A history file that somebody or something damaged: the verb says it, and nothing is lost."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.job import Reporter, Result
from core.openbk.lost import MARK
from core.store import faults
from core.store.files import Files
from core.store.store import Store
from tests.tui.stage import Stage
from tui.cli import main
from tui.host import STOPS, Options
from tui.lines import run_verb
from tui.work import Tools, Work

MAC = "A4:C1:38:5C:94:FA"


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """A verb in this process takes the signals."""
    handlers = {number: signal.getsignal(number) for number in STOPS}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_a_job_that_meets_a_damaged_file_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(tmp_path)
    store.devices.add(MAC, "read", "h", "a = 1\n", {})
    damaged = store.devices.path(MAC).read_bytes() + b"x"
    store.devices.path(MAC).write_bytes(damaged)

    async def task(_report: Reporter, tools: Tools) -> Result:
        tools.store.devices.add(MAC, "read", "h", "a = 2\n", {})
        return {"summary": "read"}

    code = run_verb(
        lambda _args, bench: bench.run(Work("openbk-show", "Read", task)),
        None,  # type: ignore[arg-type]
        Options(home=str(tmp_path)),
    )
    said = capsys.readouterr().out
    assert code == 0 and "was damaged. It is kept as" in said
    (kept,) = store.devices.root.glob("*.damaged")
    assert kept.read_bytes() == damaged and str(kept) in said
    (journal,) = store.jobs.root.glob("*/journal.jsonl")
    assert "STORE-DAMAGED" in journal.read_text()


def test_the_list_of_a_damaged_history_names_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(tmp_path)
    store.devices.add(MAC, "read", "h", "a = 1\n", {})
    store.devices.path(MAC).write_bytes(store.devices.path(MAC).read_bytes() + b"x")
    assert main(["--home", str(tmp_path), "--json", "openbk", "history", MAC]) == 1
    fault = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert fault["code"] == "OBK-NO-HISTORY" and str(store.devices.path(MAC)) in fault["cause"]


async def test_what_a_pane_meets_is_said_in_the_app(stage: Stage) -> None:
    devices = stage.app.host.store.devices
    devices.add(MAC, "read", "h", "a = 1\n", {})
    devices.path(MAC).write_bytes(b"= =")
    devices.add(MAC, "read", "h", "a = 2\n", {})
    text = await stage.feed()
    assert "a4c1385c94fa.toml, the history of this device, was damaged." in text


def test_a_warning_that_cannot_be_taken_away_stops_no_verb(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(tmp_path).devices.remember(MAC, **{MARK: "plug1"})

    def refuse(_self: Files, path: Path, _data: bytes) -> None:
        raise faults.FULL(what=f"{path}: full.", cause="c", next="n")

    monkeypatch.setattr(Files, "write", refuse)
    for _ in range(2):  # at every start
        main(["--home", str(tmp_path), "openbk", "history", MAC])
        said = capsys.readouterr().err
        assert "The last job on plug1" in said and "OBK-NO-HISTORY" in said
        assert "STORE-FULL" not in said
