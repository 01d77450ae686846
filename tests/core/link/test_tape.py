"""The tape: complete, private, readable again; and the evidence without payloads."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.fault import FaultError
from core.link import tape as tape_module
from core.link.leases import Leases
from core.link.memory import MemoryLink
from core.link.tape import Ring, Tape, TapedLink, TapeEntry, evidence, read_tape
from tests.virtual_clock import START, virtual


class Echo:
    """Answers every request with itself, 10 ms later."""

    def attach(self, send: Callable[[bytes], None]) -> None:
        self.send = send

    def received(self, data: bytes, baud: int) -> None:
        asyncio.get_running_loop().call_later(0.01, self.send, data)


@virtual
async def test_everything_is_on_the_tape_in_order(tmp_path: Path) -> None:
    path = tmp_path / "wire.tape"
    link = TapedLink(MemoryLink(Echo()), Tape.create(path))
    await link.write(b"\x01\xe0")
    assert await link.read_exactly(2, 1) == b"\x01\xe0"
    await link.set_baud(921600)
    await link.set_lines(dtr=False, rts=True)
    await link.send_break(2.0)
    await link.write(bytes(range(256)) * 4)
    thrown = await link.quiet(0.1, 1)
    await link.close()
    await link.close()
    assert thrown == bytes(range(256))
    assert read_tape(path) == [
        TapeEntry(START, "baud", b"", {"baud": 115200}),
        TapeEntry(START, ">", b"\x01\xe0"),
        TapeEntry(START + 0.01, "<", b"\x01\xe0"),
        TapeEntry(START + 0.01, "baud", b"", {"baud": 921600}),
        TapeEntry(START + 0.01, "lines", b"", {"dtr": False, "rts": True}),
        TapeEntry(START + 0.01, "break", b"", {"seconds": 2.0}),
        TapeEntry(START + 0.01, ">", bytes(range(256)) * 4),
        TapeEntry(START + 0.02, "<", bytes(range(256)) * 4),
        TapeEntry(START + 0.12, "close"),
    ]
    assert link.tape_problem == ""


@virtual
async def test_the_file_is_private_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "wire.tape"
    await TapedLink(MemoryLink(Echo()), Tape.create(path)).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = path.read_text().splitlines()[0]
    assert "PRIVATE" in first and "complete" in first and "keys and passwords" in first


@virtual
async def test_a_request_that_fails_is_still_on_the_tape(tmp_path: Path) -> None:
    path = tmp_path / "wire.tape"
    inner = MemoryLink(Echo())
    link = TapedLink(inner, Tape.create(path))
    inner.unplug()
    with pytest.raises(FaultError):
        await link.write(b"\x0f")
    await link.close()
    assert [entry.data for entry in read_tape(path) if entry.direction == ">"] == [b"\x0f"]


@virtual
async def test_closing_ends_the_lease() -> None:
    leases = Leases()
    link = TapedLink(MemoryLink(Echo()), lease=leases.take("/dev/a", "Test"))
    assert leases.holder("/dev/a") == "Test"
    await link.close()
    assert leases.holder("/dev/a") is None


def test_no_tape_over_an_existing_file(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("keep me")
    with pytest.raises(FaultError, match="LINK-TAPE"):
        Tape.create(path)
    assert path.read_text() == "keep me"
    with pytest.raises(FaultError, match="LINK-TAPE"):
        Tape.create(tmp_path / "no" / "folder")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@virtual
async def test_a_full_disk_ends_the_tape_and_not_the_job() -> None:
    link = TapedLink(MemoryLink(Echo()), Tape(Path("/dev/full").open("w")))  # noqa: ASYNC230, SIM115
    await link.write(b"abc")
    assert await link.read_exactly(3, 1) == b"abc"
    await link.close()
    assert "incomplete" in link.tape_problem


@virtual
async def test_evidence_shows_requests_and_elides_payloads() -> None:
    link = TapedLink(MemoryLink(Echo()))
    await link.write(b"\x01\xe0\xfc\x01\x00")
    await link.read_exactly(5, 1)
    await link.write(b"\x01\xe0\xfc\xff\xf4" + b"SECRET" * 700)
    lines = evidence(link).splitlines()
    assert lines[0].split() == ["-0.010", ">", "01", "e0", "fc", "01", "00"]
    assert lines[1].split() == ["+0.000", "<", "01", "e0", "fc", "01", "00"]
    assert lines[2].endswith("<4189 bytes>")
    assert b"SECRETSECRET".hex(" ") not in lines[2]
    assert evidence(MemoryLink(Echo())) == ""


def test_the_ring_forgets_but_keeps_the_last_of_both_directions() -> None:
    ring = Ring()
    for index in range(10_000):
        ring.add(">", bytes(5), index)
        ring.add("<", bytes(8), index + 0.5)
    lines = ring.text(10_000).splitlines()
    assert 256 // 8 <= len(lines) // 2 <= 256 // 5 + 2
    assert lines[-1].split()[:2] == ["-0.500", "<"]


def test_a_cut_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_text(json.dumps(tape_module.FIRST) + '\n{"t": 1, "dir": ">", "hex": "00"}\n{"t": 2')
    assert read_tape(path) == [TapeEntry(1.0, ">", b"\x00")]


@pytest.mark.parametrize("content", ["", "\n", "[]\n", '{"tape": 2}\n', "x" * 1000])
def test_what_is_no_tape(tmp_path: Path, content: str) -> None:
    path = tmp_path / "t"
    path.write_text(content)
    with pytest.raises(FaultError, match="first line"):
        read_tape(path)
    with pytest.raises(FaultError, match="LINK-TAPE"):
        read_tape(tmp_path / "missing")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["t", "dir", "hex", "x"]), inner, max_size=4)
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(body=st.binary(max_size=60) | JSON.map(lambda row: json.dumps(row).encode() + b"\n"))
def test_any_bytes_give_entries_or_a_fault(
    tmp_path_factory: pytest.TempPathFactory, body: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.tape"
    path.write_bytes(json.dumps(tape_module.FIRST).encode() + b"\n" + body)
    try:
        entries = read_tape(path)
    except FaultError as error:
        assert error.fault.code == "LINK-TAPE"
    else:
        assert len(entries) <= body.count(b"\n")


def test_a_time_beyond_all_numbers_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_text(json.dumps(tape_module.FIRST) + '\n{"t": 1' + "0" * 400 + ', "dir": ">"}\n')
    with pytest.raises(FaultError, match="line 2"):
        read_tape(path)
