"""The stage table once more with real processes: SIGKILL everywhere, real signals, a closed pipe.

The simulated chip falls silent at the stage, so the program stands still there while it is hit.
"""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from core.bkimage.flashmap import APP_END_MAX, APP_START, SECTOR
from core.sim.firmware import openbeken_qio, openbeken_ua, stock_n, stock_t
from core.store.store import Store
from tests.live.processes import PATIENCE, flash_run, sim_plug, until, wattbench

LINK_CHECK, ERASE, WRITE = "01e0fc0100", "01e0fcfff406000f", "01e0fcfff4051007"
WHOLE_CRC = "01e0fc091000100100ff9f1200"  # 0x11000-0x129FFF, asked only by the last verify

# stage: (what the chip does, the request that shows that the stage is reached, how often)
STAGES = {
    "link": ("mute:link:1", LINK_CHECK, 3),
    "identify": ("mute:identify:2", LINK_CHECK, 3),
    "backup": ("mute:backup:20", LINK_CHECK, 3),
    "erase": ("mute:erase:5", ERASE, 5),
    "write": ("mute:write:5", WRITE, 5),
    "verify": ("", WHOLE_CRC, 1),
}


READ_REG, READ = "01e0fc0503", "01e0fcfff4050009"
T_STAGES = {
    "link": ("mute:link:1", LINK_CHECK, 3),
    "identify": ("mute:identify:1", READ_REG, 1),
    "backup": ("mute:backup:20", READ, 20),
    "erase": ("mute:erase:5", ERASE, 5),
    "write": ("mute:write:40", WRITE, 40),
}


@pytest.fixture(scope="module")
def stock() -> bytes:
    return stock_n()


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image.bin"
    path.write_bytes(openbeken_qio())
    return path


def new_content(stock: bytes, image: Path) -> bytes:
    app = image.read_bytes()[APP_START:].ljust(APP_END_MAX - APP_START, b"\xff")
    return stock[:APP_START] + app + stock[APP_END_MAX:]


@pytest.mark.parametrize("stage", STAGES)
def test_killed(tmp_path: Path, stock: bytes, image: Path, stage: str) -> None:
    order, request, count = STAGES[stage]
    if stage == "verify":
        order = f"mute:verify:{_checks_before_the_last(tmp_path / 'clean', stock, image)}"
    with sim_plug(tmp_path, stock, "--fault", order) as plug:
        with flash_run(tmp_path, plug.port, image) as run:
            until(lambda: run.sent(request) >= count, f"{stage} reached")
            run.process.kill()
            run.process.wait(PATIENCE)
        found = plug.flash()
    if stage in ("link", "identify", "backup"):
        assert found == stock
    assert found[:APP_START] == stock[:APP_START]
    assert found[APP_END_MAX:] == stock[APP_END_MAX:]
    wanted = new_content(stock, image)
    for at in range(APP_START, APP_END_MAX, SECTOR):
        part = slice(at, at + SECTOR)
        assert found[part] in (stock[part], wanted[part], b"\xff" * SECTOR)
    store = Store(tmp_path / "home")
    (job,) = store.jobs.all()
    assert job.state == "interrupted"
    assert job.resumable == (stage in ("erase", "write", "verify"))
    finished = store.backups.all()
    assert len(finished) == (stage in ("erase", "write", "verify"))
    assert all(b.path.suffix == ".bin" and b.read() == stock for b in finished)
    if job.resumable:
        assert resumed(tmp_path, found, job.id) == new_content(stock, image)


def resumed(folder: Path, flash: bytes, job: str, *options: str) -> bytes:
    """What the plug holds after the job was gone on with, on a fresh start of everything."""
    (folder / "again").mkdir()
    with sim_plug(folder / "again", flash, *options) as plug:
        command = wattbench(
            "jobs", "resume", job, "--port", plug.port, "--home", folder / "home", "--yes"
        )
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return plug.flash()


@pytest.mark.parametrize("stage", T_STAGES)
def test_a_t_killed(tmp_path: Path, stage: str) -> None:
    order, request, count = T_STAGES[stage]
    stock, path = stock_t(), tmp_path / "image.bin"
    path.write_bytes(openbeken_ua())
    with sim_plug(tmp_path, stock, "--chip", "t", "--fault", order) as plug:
        with flash_run(tmp_path, plug.port, path) as run:
            until(lambda: run.sent(request) >= count, f"{stage} reached")
            run.process.kill()
            run.process.wait(PATIENCE)
        found = plug.flash()
    (job,) = Store(tmp_path / "home").jobs.all()
    assert job.state == "interrupted"
    if stage in ("link", "identify", "backup"):
        assert found == stock
        return
    app = path.read_bytes().ljust(APP_END_MAX - APP_START, b"\xff")
    wanted = stock[:APP_START] + app + stock[APP_END_MAX:]
    assert found != wanted
    assert resumed(tmp_path, found, job.id, "--chip", "t") == wanted


def _checks_before_the_last(folder: Path, stock: bytes, image: Path) -> int:
    """The number of the last verify's first question, from a run in which nothing fails."""
    folder.mkdir()
    with (
        sim_plug(folder, stock) as plug,
        flash_run(folder, plug.port, image) as run,
    ):
        assert run.process.wait(PATIENCE) == 0
        text = run.tape.read_text()
    before, _found, _after = text.rpartition(WHOLE_CRC)
    return before.count('"dir": ">", "hex": "01e0fc0910') + 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_before_the_first_erase(
    tmp_path: Path, stock: bytes, image: Path, number: signal.Signals
) -> None:
    with sim_plug(tmp_path, stock, "--fault", "mute:backup:20") as plug:
        with flash_run(tmp_path, plug.port, image) as run:
            until(lambda: run.phase("Read and prove"), "backup reached")
            run.process.send_signal(number)
            assert run.process.wait(PATIENCE) == 130
            assert run.journal()[-1]["code"] == "CANCELLED"
        assert plug.flash() == stock


def test_hangup_while_writing_finishes_without_a_screen(
    tmp_path: Path, stock: bytes, image: Path
) -> None:
    with sim_plug(tmp_path, stock, "--fault", "silent:write:1") as plug:
        with flash_run(tmp_path, plug.port, image) as run:
            until(lambda: run.sent(WRITE) >= 1, "write reached")
            run.process.send_signal(signal.SIGHUP)
            assert run.process.wait(PATIENCE) == 0
            assert run.journal()[-1]["event"] == "result"
        assert plug.flash() == new_content(stock, image)


def test_terminate_while_writing_stops_resumable(tmp_path: Path, stock: bytes, image: Path) -> None:
    with sim_plug(tmp_path, stock, "--fault", "silent:write:1") as plug:
        with flash_run(tmp_path, plug.port, image) as run:
            until(lambda: run.sent(WRITE) >= 1, "write reached")
            run.process.send_signal(signal.SIGTERM)
            assert run.process.wait(PATIENCE) == 1
            end = run.journal()[-1]
        assert (end["code"], end["touched"]) == ("STOPPED", "partial")
        found = plug.flash()
    assert (
        found[APP_START : APP_START + SECTOR]
        == new_content(stock, image)[APP_START : APP_START + SECTOR]
    )
    assert found[APP_START + SECTOR :] == stock[APP_START + SECTOR :]


def test_reader_that_leaves_does_not_stop_the_write(
    tmp_path: Path, stock: bytes, image: Path
) -> None:
    with sim_plug(tmp_path, stock) as plug:
        command = wattbench(
            "plug", "flash", "--port", plug.port, "--image", image, "--supply", "external",
            "--home", tmp_path / "home", "--yes",
        )  # fmt: skip
        with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as run:
            assert run.stdout is not None
            run.stdout.readline()
            run.stdout.close()
            assert run.wait(PATIENCE) == 0
        assert plug.flash() == new_content(stock, image)
