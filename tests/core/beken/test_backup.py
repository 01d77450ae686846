"""Backups from a simulated plug: what is read, how long it takes, what is refused."""

from pathlib import Path

from core.beken.tasks.backup import BackupOptions, backup
from core.sim.plug import Plug, PlugOptions
from tests.core.beken.bench import Bench, real_dump, result_of, stock
from tests.virtual_clock import virtual

OPTIONS = BackupOptions(port="sim", link_timeout=2.0)


async def take(bench: Bench, options: BackupOptions = OPTIONS):
    return await bench.run(
        lambda report: backup(report, options, ports=bench.open_port, store=bench.store)
    )


@virtual
async def test_a_backup_is_true_and_whole(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Plug(stock(), PlugOptions(rate="max")))
    result = result_of(await take(bench))
    assert Path(str(result["file"])).read_bytes() == stock()
    assert (result["true"], result["whole"], result["mac"]) == (True, True, "A4:C1:38:5C:94:FA")
    assert bench.unchanged


@virtual
async def test_a_real_dump_at_line_speed_takes_three_quarters_of_the_usual_time(
    tmp_path: Path,
) -> None:
    dump = real_dump()
    bench = Bench(tmp_path, Plug(dump))
    result = result_of(await take(bench))
    assert Path(str(result["file"])).read_bytes() == dump
    assert float(str(result["seconds"])) <= 0.75 * 23.9
