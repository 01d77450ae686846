"""Show, against every generation of the firmware."""

from pathlib import Path

from core.meter.tasks.show import ShowOptions, show
from tests.core.meter.bench import MAC, bench
from tests.virtual_clock import virtual


@virtual
async def test_all_that_a_module_says(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        found = await b.result(show, ShowOptions(address=MAC))
        print(found)
        print(b.said())
