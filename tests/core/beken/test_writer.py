"""How a plan is carried out: units, what is left out, repair, and the last check."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from core.beken.permit import Permit
from core.beken.plan import Span, kept_regions
from core.beken.survey import blocks, differing, sectors_of
from core.bkimage.flashmap import APP_END_MAX, APP_START, CHIPS, SECTOR, SIZE
from core.events import Event
from core.job import Job
from core.sim.plug import Plug, PlugOptions
from tests.core.beken.bench import Bench, fault_of, faulty, result_of, stock
from tests.core.beken.test_flash import a_bench, write
from tests.core.beken.test_resume import expected
from tests.core.beken.test_survive_table import BOTH, CHANGED, asked, content, flash_it
from tests.core.beken.test_survive_table import a_bench as a_short_bench
from tests.virtual_clock import virtual


@pytest.fixture(scope="module", autouse=True)
def _prepared() -> None:
    for chip in BOTH:
        asked(chip)


# -- what is sent ------------------------------------------------------------------------------


@virtual
async def test_whole_blocks_are_erased_at_once(tmp_path: Path) -> None:
    """Issue 3, 5: 64 KiB where a block is wholly replaced, 4 KiB elsewhere."""
    bench = a_bench(tmp_path)
    result_of(await write(bench))
    erases = [(c.address, c.size) for c in bench.plug.changes if c.kind == "erase"]
    assert [e for e in erases if e[1] == 0x10000] == [
        (at, 0x10000) for at in range(0x20000, 0x110000, 0x10000)
    ]
    assert all(at < 0x20000 or at >= 0x110000 for at, size in erases if size == SECTOR)


@virtual
async def test_blank_sectors_are_erased_and_not_sent(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    result_of(await write(bench))
    target = expected("n")
    sent = {c.address for c in bench.plug.changes if c.kind == "program"}
    blank = [at for at in range(APP_START, APP_END_MAX, SECTOR)
             if target[at : at + SECTOR] == b"\xff" * SECTOR]  # fmt: skip
    assert blank
    assert sent.isdisjoint(blank)


@pytest.mark.parametrize("chip", BOTH)
@virtual
async def test_of_a_sector_with_few_pages_only_those_are_sent(tmp_path: Path, chip: str) -> None:
    """Issue 3, 5: FF pages are not sent."""
    bench = a_short_bench(tmp_path, chip)
    (path,) = bench.files("backups/*/*.bin")
    image = bytearray((tmp_path / "image.bin").read_bytes())
    start = APP_START if chip == "n" else 0
    filled = next(at for at in range(len(image) // SECTOR * SECTOR, start, -SECTOR)
                  if image[at : at + SECTOR].strip(b"\xff"))  # fmt: skip
    address = filled if chip == "n" else filled + APP_START
    pages = [at for at in range(address, address + SECTOR, 256)
             if expected(chip)[at : at + 256].strip(b"\xff")]  # fmt: skip
    bench.plug.flash[address : address + SECTOR] = bytes(SECTOR)
    result_of(await write(bench, backup=path))
    assert bytes(bench.plug.flash) == expected(chip)
    sent = [c.address for c in bench.plug.changes
            if c.kind == "program" and address <= c.address < address + SECTOR]  # fmt: skip
    assert sent == (pages if len(pages) <= 6 else [address])


@pytest.mark.parametrize("chip", BOTH)
@virtual
async def test_sectors_that_hold_the_target_are_left_alone(tmp_path: Path, chip: str) -> None:
    bench = a_short_bench(tmp_path, chip)
    result = result_of(await flash_it(bench))
    touched = {
        at
        for change in bench.plug.changes
        for at in range(change.address, change.address + change.size, SECTOR)
    }
    assert touched == set(CHANGED)
    assert result["sectors_written"] == len(CHANGED)


@pytest.mark.parametrize("chip", BOTH)
@virtual
async def test_what_is_there_already_is_proven_and_not_asked_about(
    tmp_path: Path, chip: str
) -> None:
    bench = a_short_bench(tmp_path, chip)
    bench.plug.flash[:] = expected(chip)
    result = result_of(await flash_it(bench))
    assert (result["sectors_written"], result["verified"]) == (0, True)
    assert not bench.plug.changes
    assert "write-plan" not in [q.key for q in bench.answers.asked]
    assert "was there already" in str(result["summary"])
    assert not bench.files("jobs/*/target.bin")


@virtual
async def test_sectors_erased_before_are_not_erased_again(tmp_path: Path) -> None:
    bench = a_short_bench(tmp_path, "n")
    for at in CHANGED:
        bench.plug.flash[at : at + SECTOR] = b"\xff" * SECTOR
    result_of(await flash_it(bench))
    assert bytes(bench.plug.flash) == expected("n")
    assert {c.kind for c in bench.plug.changes} == {"program"}


# -- repair ------------------------------------------------------------------------------------


@virtual
async def test_one_bad_sector_of_a_block_is_done_again_alone(tmp_path: Path) -> None:
    """Issue 3, 5: per-sector repair."""
    bench = a_bench(tmp_path, faulty("corrupt:host:write:90000"))
    result_of(await write(bench))
    assert bytes(bench.plug.flash) == expected("n")
    erases = [c for c in bench.plug.changes if c.kind == "erase"]
    again = [c for c in erases if c.size == SECTOR and 0x20000 <= c.address < 0x110000]
    assert len(again) == 1


class Lossy(Bench):
    """A bench on which frames of 4 KiB lose a byte above `good` baud once the write has begun."""

    good = 500_000
    writing = False

    async def open_port(self, port: str, baud: int, holder: str):  # type: ignore[no-untyped-def]
        link = await super().open_port(port, baud, holder)
        send = self.plug.received

        def received(data: bytes, baud: int) -> None:
            lost = self.writing and baud > self.good and len(data) > 4096
            send(data[:-1] if lost else data, baud)

        self.plug.received = received  # type: ignore[method-assign]
        return link


@virtual
async def test_a_line_that_is_too_fast_for_writing_is_slowed_down(tmp_path: Path) -> None:
    """Issue 3, 5: retry, lower speed, continue."""
    a_bench(tmp_path)
    bench = Lossy(tmp_path, Plug(stock(), PlugOptions(rate="max")))

    def watch(_job: Job, event: Event) -> None:
        bench.writing = bench.writing or event.body.to_json().get("name") == "Write"

    result_of(await write(bench, watch, baud=921600))
    assert bytes(bench.plug.flash) == expected("n")
    assert bench.texts().count("SLOWER") == 1
    assert "460800 baud" in bench.texts()


@virtual
async def test_an_erase_that_hit_a_written_sector_is_mended_by_the_last_check(
    tmp_path: Path,
) -> None:
    bench = a_short_bench(tmp_path, "n")
    done: list[int] = []

    def watch(_job: Job, event: Event) -> None:
        if event.body.to_json().get("name") == "Verify" and not done:
            done.append(1)
            bench.plug.flash[0x13000:0x14000] = b"\xff" * SECTOR

    (path,) = bench.files("backups/*/*.bin")
    result_of(await write(bench, watch, backup=path))
    assert bytes(bench.plug.flash) == expected("n")
    assert "WRITE-AGAIN" in bench.texts()


@pytest.mark.parametrize("at", [0x100, 0x12B000, 0x1D0080, 0x1D1000, 0x1F0000])
@virtual
async def test_the_last_check_covers_all_that_had_to_stay(tmp_path: Path, at: int) -> None:
    """Issue 3, 5: final CRC over what was written and what had to stay."""
    bench = a_short_bench(tmp_path, "n")

    def watch(_job: Job, event: Event) -> None:
        if event.body.to_json().get("name") == "Verify":
            bench.plug.flash[at] ^= 1

    (path,) = bench.files("backups/*/*.bin")
    fault = fault_of(await write(bench, watch, backup=path))
    assert (fault.code, fault.exit) == ("BK-NOT-AS-PLANNED", 1)


@virtual
async def test_a_bk7238_is_not_written_to(tmp_path: Path) -> None:
    """Rulings P18."""
    bench = a_bench(tmp_path, replace(faulty(), chip_id=0x7238))
    fault = fault_of(await write(bench))
    assert (fault.code, fault.exit) == ("BK-NOT-YET", 3)
    assert bench.unchanged


# -- data --------------------------------------------------------------------------------------


def test_a_permit_never_reaches_bootloader_or_rf() -> None:
    """Rulings P10: whatever a plan says."""
    from core.beken import permit

    def permit_for(*ranges: tuple[int, int]) -> Permit:
        return Permit("bk7231n", "", "", "", ranges, permit._SEAL)

    with pytest.raises(ValueError, match="bootloader"):
        permit_for((0x10000, 0x20000))
    everything = permit_for((APP_START, SIZE))
    assert not everything.covers(0x1D0000, 0x1E0000)
    assert not everything.covers(0x1CF000, 0x1D1000)
    assert everything.covers(0x1D0000, 0x1D1000)
    assert everything.covers(0x1C0000, 0x1D0000)
    with pytest.raises(TypeError):
        Permit("bk7231n", "", "", "", ((APP_START, SIZE),), object())


@pytest.mark.parametrize("chip", BOTH)
@pytest.mark.parametrize(
    "written",
    [
        [(APP_START, APP_END_MAX)],
        [(APP_START, 0x1D0000), (0x1D1000, SIZE)],
        [(0x1E0000, 0x1E1000)],
        [(APP_START, APP_END_MAX), (0x1E1000, 0x1E2000)],
    ],
)
def test_kept_and_written_are_the_whole_flash(chip: str, written: list[tuple[int, int]]) -> None:
    kept = [(r.start, r.end) for r in kept_regions(CHIPS[chip], written)]
    edges = sorted([*kept, *written])
    assert edges[0][0] == 0
    assert edges[-1][1] == SIZE
    assert all(a[1] == b[0] for a, b in pairwise(edges))


def test_blocks_and_differences() -> None:
    assert list(blocks(0x11000, 0x32000)) == [
        (0x11000, 0x20000),
        (0x20000, 0x30000),
        (0x30000, 0x32000),
    ]
    data = content("n")[0x11000:0x31000]
    span = Span("x", 0x11000, data)
    now = sectors_of(0x11000, data)
    assert differing(span, now) == []
    now[0x15000] ^= 1
    assert differing(span, now) == [0x15000]
