"""The speed is found alone, proven at each step, remembered, and lowered where it must be."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from core.beken.client import Client
from core.beken.linker import link_up
from core.beken.tasks.backup import BackupOptions, backup
from core.events import Failed, Finished
from core.link.api import Link
from core.sim.plug import Plug, PlugOptions
from tests.core.beken.bench import Bench, Wired, fault_of, faulty, file_of, result_of, stock
from tests.virtual_clock import virtual

OPTIONS = BackupOptions(port="sim", link_timeout=2.0, adapter="usb-1")
MAX = PlugOptions(rate="max")


@dataclass
class Adapter(Wired):
    """One through which bytes from the chip get lost above `good` baud."""

    good: int = 10_000_000

    def __init__(self, plug: Plug, baud: int, good: int) -> None:
        super().__init__(plug, baud)
        self.good = good

    def _arrived(self, data: bytes) -> None:
        super()._arrived(data[:-1] if self.baud > self.good and len(data) > 64 else data)


@dataclass
class Table(Bench):
    """A bench with such an adapter."""

    good: int = field(default=10_000_000)

    async def open_port(self, port: str, baud: int, holder: str) -> Link:
        self.links.append(Adapter(self.plug, baud, self.good))
        return self.links[-1]

    def speeds(self) -> list[int]:
        """The speeds at which sectors were read, in order, each once but for the last."""
        reads = [
            b for b, data in self.links[-1].frames if data[3:5] == b"\xff\xf4" and data[7] == 9
        ]
        found = list(dict.fromkeys(reads))
        return found if found[-1] == reads[-1] else [*found, reads[-1]]


async def take(bench: Bench, options: BackupOptions = OPTIONS) -> Finished | Failed:
    return await bench.run(
        lambda report: backup(report, options, ports=bench.open_port, store=bench.store)
    )


@virtual
async def test_the_ladder_goes_up_step_by_step(tmp_path: Path) -> None:
    bench = Table(tmp_path, Plug(stock(), MAX))
    assert file_of(result_of(await take(bench))) == stock()
    assert bench.speeds() == [460800, 921600, 1_500_000, 2_000_000]
    assert bench.store.settings.get("baud_usb-1") == "2000000"
    assert bench.links[-1].frames[-1][0] == 2_000_000
    assert bench.plug.baud == 115200, "put back at the end"


@pytest.mark.parametrize(("good", "last"), [(1_000_000, 921600), (500_000, 460800), (9, 115200)])
@virtual
async def test_a_step_that_loses_bytes_is_taken_back(tmp_path: Path, good: int, last: int) -> None:
    bench = Table(tmp_path, Plug(stock(), PlugOptions(rate="line")), good=good)
    if good == 9:
        bench.good = 115200
    assert file_of(result_of(await take(bench))) == stock()
    assert bench.store.settings.get("baud_usb-1") == str(last)
    assert bench.speeds()[-1] == last


@virtual
async def test_the_adapter_is_remembered(tmp_path: Path) -> None:
    bench = Table(tmp_path, Plug(stock(), MAX), good=1_000_000)
    result_of(await take(bench))
    result_of(await take(bench))
    assert bench.speeds() == [921600], "straight to what was proven last time"


@virtual
async def test_a_remembered_speed_that_fails_is_given_up(tmp_path: Path) -> None:
    bench = Table(tmp_path, Plug(stock(), MAX), good=500_000)
    bench.store.settings.set("baud_usb-1", "2000000")
    assert file_of(result_of(await take(bench))) == stock()
    assert bench.speeds()[-1] == 460800
    assert bench.store.settings.get("baud_usb-1") == "460800"


@pytest.mark.parametrize("remembered", ["", "rubbish", "-5", "99999999999", "300"])
@virtual
async def test_any_remembered_text_is_survived(tmp_path: Path, remembered: str) -> None:
    bench = Table(tmp_path, Plug(stock(), MAX))
    bench.store.settings.set("baud_usb-1", remembered)
    result_of(await take(bench))
    assert bench.plug.baud == 115200


@virtual
async def test_the_ceiling_of_the_adapter_holds(tmp_path: Path) -> None:
    bench = Table(tmp_path, Plug(stock(), MAX))
    result_of(await take(bench, replace(OPTIONS, ceiling=921600)))
    assert max(bench.speeds()) == 921600


@virtual
async def test_a_speed_that_is_asked_for_is_not_remembered(tmp_path: Path) -> None:
    bench = Table(tmp_path, Plug(stock(), MAX))
    result_of(await take(bench, replace(OPTIONS, baud=460800)))
    assert bench.speeds() == [460800]
    assert bench.store.settings.get("baud_usb-1") == ""


@virtual
async def test_an_adapter_that_feeds_the_module_stays_slow_and_says_so(tmp_path: Path) -> None:
    bench = Table(tmp_path, Plug(stock(), MAX))
    result_of(await take(bench, replace(OPTIONS, supply="adapter")))
    assert bench.speeds() == [115200]
    assert "SLOW-SUPPLY" in bench.texts()


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@virtual
async def test_a_lost_reply_to_the_change_of_speed(tmp_path: Path, n: int) -> None:
    """The chip is at the new speed all the same: it is found there."""
    bench = Table(tmp_path, Plug(stock(), faulty(f"lost:baud:{n}")))
    assert file_of(result_of(await take(bench))) == stock()
    assert max(bench.speeds()) == 2_000_000


@pytest.mark.parametrize("baud", [460800, 750_000, 921600, 1_000_000, 1_500_000, 2_000_000])
@virtual
async def test_a_chip_left_fast_by_a_crash_is_found(tmp_path: Path, baud: int) -> None:
    plug = Plug(stock(), PlugOptions())
    link = Wired(plug, 115200)
    client = Client(link)
    await link_up(link, tell=lambda _view: None)
    await client.set_baud(baud)
    await link.close()
    again = Wired(plug, 115200)
    await link_up(again, timeout=3.0, also=750_000, tell=lambda _view: None)
    assert (plug.baud, again.baud, plug.power_cycles) == (115200, 115200, 0)
    await again.close()


@pytest.mark.parametrize("cen", ["rts", "dtr"])
@virtual
async def test_a_cen_on_a_modem_line_restarts_the_chip(cen: str) -> None:
    """BK7231 sheet 1.6: nobody has to touch the lead; the LinkChecks run while it is let go."""
    plug = Plug(stock(), PlugOptions(window=0.005, cen=cen))  # type: ignore[arg-type]
    link = Wired(plug, 115200)
    await link_up(link, timeout=5.0, tell=lambda _view: None)
    assert plug.linked
    assert plug.power_cycles >= 1
    await link.close()


@virtual
async def test_a_speed_that_nothing_forms_is_no_fault(tmp_path: Path) -> None:
    bench = Table(tmp_path, Plug(stock(), faulty("silent:baud:20")))
    outcome = await take(bench)
    if isinstance(outcome, Failed):
        assert fault_of(outcome).touched == "nothing"
    else:
        assert file_of(result_of(outcome)) == stock()
