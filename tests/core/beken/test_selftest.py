"""The loop-back self-test against adapters that hear themselves well, badly, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from core.beken.tasks.selftest import PATTERN, SelftestOptions, selftest
from core.events import Failed, Finished
from core.fault import FaultError
from core.job import Job
from core.link import faults
from core.link.api import Link
from core.link.memory import MemoryLink
from tests.core.beken.bench import Given, fault_of, result_of
from tests.virtual_clock import run


class Loop:
    """A wire from TX to RX; `hurt` changes what passes."""

    def __init__(self, hurt: Callable[[bytes, int], bytes]) -> None:
        self.hurt = hurt

    def attach(self, send: Callable[[bytes], None]) -> None:
        self.send = send

    def received(self, data: bytes, baud: int) -> None:
        late = asyncio.get_running_loop().call_later
        late(len(data) * 10 / baud, self.send, self.hurt(data, baud))


class Adapter(MemoryLink):
    """Makes no speed above `ceiling`."""

    ceiling = 2_000_000

    async def set_baud(self, baud: int) -> None:
        if baud > self.ceiling:
            raise faults.bad_baud("loop", baud, "it makes 9600 instead")
        await super().set_baud(baud)


def loop_back(
    hurt: Callable[[bytes, int], bytes], ceiling: int = 2_000_000, answer: str = "yes", **more: int
) -> Finished | Failed:
    async def scene() -> Finished | Failed:
        async def open_port(port: str, baud: int, holder: str) -> Link:
            link = Adapter(Loop(hurt), port, baud)
            link.ceiling = ceiling
            links.append(link)
            return link

        links: list[Adapter] = []
        options = SelftestOptions(port="loop", **more)
        job = Job(
            "j", "test", "a test", lambda r: selftest(r, options, ports=open_port),
            answers=Given({"loop-back": answer}),
        )  # fmt: skip
        outcome = await job.run()
        for link in links:
            with pytest.raises(FaultError):
                await link.write(b"x")
        return outcome

    return run(scene())


def same(data: bytes, baud: int) -> bytes:
    return data


def test_a_good_adapter_is_good_at_every_speed() -> None:
    result = result_of(loop_back(same))
    assert (result["best"], result["bad"]) == (2_000_000, {})
    assert "the plug's side" in str(result["summary"])


def test_the_highest_speed_can_be_given() -> None:
    assert result_of(loop_back(same, baud=460800))["good"] == [115200, 230400, 460800]


def test_an_adapter_that_refuses_a_speed_is_asked_for_the_next() -> None:
    result = result_of(loop_back(same, ceiling=921600))
    assert result["best"] == 921600
    assert set(result["bad"]) == {"1500000", "2000000"}  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("hurt", "why"),
    [
        (lambda data, baud: data[1:] if baud > 500000 else data, "1 bytes lost"),
        (lambda data, baud: b"\xfe" + data[1:] if baud > 500000 else data, "1 bytes changed"),
        (lambda data, baud: data + b"!" if baud > 500000 else data, "too many"),
    ],
)
def test_a_line_that_is_too_fast_is_found(hurt: Callable[[bytes, int], bytes], why: str) -> None:
    result = result_of(loop_back(hurt))
    assert result["best"] == 460800
    assert why in str(result["bad"])


@pytest.mark.parametrize(
    ("hurt", "said"),
    [
        (lambda data, baud: b"", "not one byte came back"),
        (lambda data, baud: data[:100], "156 bytes lost"),
        (lambda data, baud: bytes(256), "255 bytes changed"),
    ],
)
def test_an_adapter_that_does_not_hear_itself(
    hurt: Callable[[bytes, int], bytes], said: str
) -> None:
    fault = fault_of(loop_back(hurt))
    assert (fault.code, fault.touched) == ("BK-LOOP-BACK", "nothing")
    assert said in fault.what


def test_nothing_is_sent_before_the_wires_are_right() -> None:
    def fail(data: bytes, baud: int) -> bytes:
        raise AssertionError("bytes were sent")

    assert fault_of(loop_back(fail, answer="no")).code == "DECLINED"


def test_the_pattern_is_no_request_to_a_chip() -> None:
    assert b"\x01\xe0" not in PATTERN * 2
