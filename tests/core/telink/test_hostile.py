"""Whatever lies on a flash or comes over the line: an answer or a named fault, never a crash."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from core.events import Failed
from core.link.memory import MemoryLink
from core.sim.module_images import settings_page
from tests.core.telink.bench import Bench, bench, fault_of, result_of, stock
from tests.virtual_clock import virtual

HEADER = stock()[:0x20]


def with_bytes(at: int, data: bytes) -> bytes:
    return stock()[:at] + data + stock()[at + len(data) :]


def noise(seed: int) -> bytes:
    return random.Random(seed).randbytes(0x80000)


FLASHES = {
    "noise": noise(1),
    "header of 4 GiB": with_bytes(0x18, b"\xff\xff\xff\xff"),
    "header of nothing": with_bytes(0x18, bytes(4)),
    "image longer than the bank": with_bytes(0x18, (0x20004).to_bytes(4, "little")),
    "whole ring in one run": with_bytes(
        0x40000, b"".join(settings_page(n) for n in range(0x34000 // 256))
    ),
    "escapes in the ring": with_bytes(0x4002B, b"\x1b]0;x\x07\x1b[2J[/red]"),
    "two banks": with_bytes(0x20000, stock()[:12340]),
    "boot mark only": with_bytes(0x20008, b"\x4b"),
}


@pytest.mark.parametrize("name", FLASHES)
def test_any_flash_is_identified_and_backed_up(name: str, tmp_path: Path) -> None:
    @virtual
    async def run() -> None:
        table = bench(tmp_path, flash=FLASHES[name])
        result_of(await table.job("info"))
        kept = result_of(await table.job("backup"))
        assert Path(str(kept["file"])).read_bytes() == FLASHES[name]  # noqa: ASYNC240
        assert "\x1b" not in table.texts() and table.unchanged

    run()


class Babbler:
    """Something else on the port: answers every request with bytes of its own."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self._answer = answer

    def attach(self, send: Callable[[bytes], None]) -> None:
        self._send = send

    def received(self, data: bytes, baud: int) -> None:
        self._send(self._answer(data))


RNG = random.Random(77)
OTHERS: dict[str, Callable[[bytes], bytes]] = {
    "noise": lambda _: RNG.randbytes(RNG.randrange(1, 60)),
    "one byte": lambda _: b"\x00",
    "text": lambda _: b"U-Boot 2014.10\r\n=> ",
    "a plug's loader": lambda _: bytes.fromhex("040e0501e0fc0100"),
    "version without checksum": lambda _: bytes.fromhex("00000d00" + "00" * 15),
    "flood": lambda _: b"\x55" * 5000,
}


@pytest.mark.parametrize("name", OTHERS)
def test_whoever_else_answers_is_no_programmer(name: str, tmp_path: Path) -> None:
    @virtual
    async def run() -> None:
        table: Bench = bench(tmp_path)

        async def open_other(port: str, baud: int, holder: str) -> MemoryLink:
            return MemoryLink(Babbler(OTHERS[name]), port, baud)

        table.open_port = open_other  # type: ignore[assignment,method-assign]
        outcome = await table.job("info")
        assert isinstance(outcome, Failed)
        assert fault_of(outcome).code in ("TL-SPEED", "TL-NO-PROGRAMMER")
        assert "bytes came back" in fault_of(outcome).what

    run()
