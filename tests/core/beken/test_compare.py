"""The chip against a dump, by checksums: nothing is read, nothing is changed."""

import pytest

from core.beken.tasks.compare import CompareOptions, compare
from core.fault import Exit
from core.sim.plug import Plug
from tests.core.beken.bench import Bench, fault_of, faulty, result_of, stock


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, Plug(stock(), faulty()))


def job(bench, dump, **options):
    return bench.run(
        lambda report: compare(
            report, CompareOptions(port="sim", dump=dump, **options), ports=bench.open_port
        )
    )


def sent(bench):
    """Bytes that the host wrote, frame by frame."""
    return [frame for link in bench.links for _, frame in link.frames]


async def test_a_chip_that_equals_its_dump(bench):
    result = result_of(await job(bench, stock()))
    assert (result["equal"], result["exit"], result["ranges"]) == (True, Exit.DONE, [])
    assert result["compared"] == 0x200000
    assert bench.unchanged


async def test_differences_are_found_by_sector_and_named(bench):
    dump = bytearray(stock())
    for at in (0x1EE123, 0x1EF000, 0x20000):
        dump[at] ^= 1
    named = await job(bench, bytes(dump), name=lambda start, end: f"area {start >> 16:#x}")
    result = result_of(named)
    assert result["ranges"] == [[0x20000, 0x21000], [0x1EE000, 0x1F0000]]
    assert result["areas"] == ["area 0x2", "area 0x1e"]
    assert (result["equal"], result["exit"]) == (False, Exit.DIFFERENT)
    assert "area 0x1e" in result["summary"]
    assert bench.unchanged


async def test_it_asks_for_checksums_and_reads_nothing(bench):
    await job(bench, stock())
    reads = {frame[8:12] for frame in sent(bench) if frame[4:5] == b"\xf4" and frame[7] == 0x09}
    assert len(reads) <= 2  # what identification and the trial of each speed look at


async def test_a_part_of_a_dump_is_compared_where_it_lies(bench):
    result = result_of(await job(bench, stock()[0x1EE000:], base=0x1EE000))
    assert result["equal"]
    assert result["compared"] == 0x12000


async def test_a_dump_of_another_size_is_not_equal(bench):
    result = result_of(await job(bench, stock()[:0x100123]))
    assert (result["equal"], result["ranges"]) == (False, [])
    assert "2097152" in result["summary"]


async def test_one_damaged_answer_makes_no_difference(tmp_path):
    bench = Bench(tmp_path, Plug(stock(), faulty("lie:4")))
    assert result_of(await job(bench, stock()))["equal"]


async def test_a_silent_chip_is_a_fault(tmp_path):
    bench = Bench(tmp_path, Plug(stock(), faulty("silent:link")))
    fault = fault_of(await job(bench, stock(), link_timeout=0.5))
    assert fault.code.startswith("LINK-")
