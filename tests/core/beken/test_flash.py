"""Flashing a simulated plug: what is written, what is kept, what is refused."""

from dataclasses import replace
from pathlib import Path

from core.beken.tasks.flash import FlashOptions, flash
from core.bkimage.flashmap import APP_END_MAX, APP_START
from core.job import Failed, Finished
from core.sim.plug import Plug, PlugOptions
from tests.core.beken.bench import Bench, fault_of, faulty, qio, result_of, stock
from tests.virtual_clock import virtual

MAX = PlugOptions(rate="max")


def a_bench(folder: Path, options: PlugOptions = MAX, flash: bytes | None = None) -> Bench:
    (folder / "image.bin").write_bytes(qio())
    return Bench(folder, Plug(flash or stock(), options))


async def write(bench: Bench, **changes: object) -> Finished | Failed:
    options = FlashOptions(
        port="sim", image=bench.folder / "image.bin", supply="external", link_timeout=2.0
    )
    options = replace(options, **changes)  # type: ignore[arg-type]
    return await bench.run(
        lambda report: flash(report, options, ports=bench.open_port, store=bench.store)
    )


def expected(before: bytes) -> bytes:
    app = qio()[APP_START:APP_END_MAX].ljust(APP_END_MAX - APP_START, b"\xff")
    return before[:APP_START] + app + before[APP_END_MAX:]


@virtual
async def test_flash_writes_the_application_and_nothing_else(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    result = result_of(await write(bench))
    assert bytes(bench.plug.flash) == expected(stock())
    assert result["booted"] == "booted"
    assert min(change.address for change in bench.plug.changes) == APP_START
    assert max(c.address + c.size for c in bench.plug.changes) == APP_END_MAX
    assert not bench.files("jobs/*/target.bin")
    assert bench.files("jobs/*/plan.json")


@virtual
async def test_a_sector_that_does_not_erase(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, faulty("stuck:0x20000"))
    fault = fault_of(await write(bench))
    assert (fault.code, fault.touched) == ("BK-NO-ERASE", "partial")
    assert "0x11000-0x1FFFF is written and proven" in fault.state
