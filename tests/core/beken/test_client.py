"""Deadlines, repeats and guards of the client, on a clock that jumps."""

import asyncio
from collections.abc import Callable

import pytest

from core.beken import wire
from core.beken.client import Client
from core.beken.permit import _SEAL, Permit
from core.beken.wire import Request, Unit
from core.fault import FaultError
from core.link.memory import MemoryLink
from core.sim.faults_on_order import parse_fault
from core.sim.plug import Plug, PlugOptions
from tests.core.beken.bench import stock
from tests.virtual_clock import virtual

PERMIT = Permit("bk7231n", "", "eb6015", "", ((0x11000, 0x12A000),), _SEAL)


class Mute:
    """A device that hears everything and answers what its script says, or nothing."""

    def __init__(self, answer: Callable[[bytes], bytes] = lambda _request: b"") -> None:
        self.heard: list[tuple[float, bytes]] = []
        self.answer = answer

    def attach(self, send: Callable[[bytes], None]) -> None:
        self.send = send

    def received(self, data: bytes, baud: int) -> None:
        self.heard.append((asyncio.get_running_loop().time(), data))
        self.send(self.answer(data))


def a_client(*orders: str, **options: object) -> tuple[Client, Plug]:
    plug = Plug(stock(), PlugOptions(faults=tuple(map(parse_fault, orders)), **options))  # type: ignore[arg-type]
    return Client(MemoryLink(plug)), plug


DEADLINES = [
    (wire.read_reg(0x800000), lambda c: c.read_reg(0x800000), 0.3),
    (wire.get_mid(), lambda c: c.get_mid(), 0.3),
    (wire.read_sr(5), lambda c: c.read_sr(5), 0.3),
    (wire.check_crc(0, 0xFFFF), lambda c: c.crc(0, 0x10000), 65536 / 200_000 + 1),
    (wire.check_crc(0, 0x1FFFFF), lambda c: c.crc(0, 0x200000), 2097152 / 200_000 + 1),
    (wire.read_4k(0), lambda c: c.read_4k(0), 41110 / 115200 + 0.5),
    (wire.erase(Unit.SECTOR, 0x11000), lambda c: c.erase(PERMIT, Unit.SECTOR, 0x11000), 1.5),
    (wire.erase(Unit.BLOCK, 0x20000), lambda c: c.erase(PERMIT, Unit.BLOCK, 0x20000), 4.0),
    (
        wire.write_4k(0x11000, bytes(4096)),
        lambda c: c.write_4k(PERMIT, 0x11000, bytes(4096)),
        41080 / 115200 + 1.5,
    ),
]


@pytest.mark.parametrize(("request_", "call", "deadline"), DEADLINES)
def test_deadline_silence_link_check_repeat(
    request_: Request, call: Callable[[Client], object], deadline: float
) -> None:
    """The sheet's deadline and 100 ms for USB, 50 ms of silence, one LinkCheck, the same again."""

    def answer(data: bytes) -> bytes:
        return bytes.fromhex("040e0501e0fc0100") if data == wire.link_check().frame else b""

    @virtual
    async def scene() -> None:
        device = Mute(answer)
        with pytest.raises(FaultError) as caught:
            await call(Client(MemoryLink(device)))  # type: ignore[misc]
        assert caught.value.fault.code == "BK-NO-ANSWER"
        frames = [data for _, data in device.heard]
        assert frames == [request_.frame, wire.link_check().frame] * 3
        times = [when for when, _ in device.heard]
        assert times[1] - times[0] == pytest.approx(deadline + 0.1 + 0.05)
        assert times[2] - times[1] == pytest.approx(0)

    scene()


@virtual
async def test_a_chip_that_is_gone_is_said_to_be_gone() -> None:
    device = Mute()
    began = asyncio.get_running_loop().time()
    with pytest.raises(FaultError) as caught:
        await Client(MemoryLink(device)).read_reg(0x800000)
    assert caught.value.fault.code == "BK-LOST"
    assert asyncio.get_running_loop().time() - began < 2.5
    assert [data for _, data in device.heard][1:] == [wire.link_check().frame] * 3


@pytest.mark.parametrize(
    "order",
    [
        "drop:host:backup:3",
        "corrupt:host:backup:9",
        "drop:chip:backup:100",
        "corrupt:chip:backup:2",
        "add:chip:backup:1",
        "lost:backup:1",
        "silent:backup:2",
    ],
)
def test_one_accident_while_reading_is_survived(order: str) -> None:
    @virtual
    async def scene() -> None:
        client, _ = a_client(order)
        await client.link_check()
        assert await client.read_4k(0x11000) == stock()[0x11000:0x12000]

    scene()


@virtual
async def test_a_late_answer_does_not_answer_the_next_question() -> None:
    """The first answer comes after the deadline; it is thrown away, not taken for the second."""
    loop = asyncio.get_running_loop()
    slow = bytes.fromhex("040e0c01e0fc030000800001000000")
    right = bytes.fromhex("040e0c01e0fc030400800002000000")

    def answer(data: bytes) -> bytes:
        if data == wire.link_check().frame:
            return bytes.fromhex("040e0501e0fc0100")
        if data == wire.read_reg(0x800000).frame:
            loop.call_later(0.42, device.send, slow)
            return b""
        return right

    device = Mute(answer)
    client = Client(MemoryLink(device))
    with pytest.raises(FaultError):
        await client.read_reg(0x800000)
    assert await client.read_reg(0x800004) == 2


@virtual
async def test_a_status_is_a_refusal_with_its_name() -> None:
    device = Mute(
        lambda data: bytes.fromhex(
            "040e0501e0fc0100" if data == wire.link_check().frame else "040eff01e0fcf402000903"
        )
    )
    with pytest.raises(FaultError) as caught:
        await Client(MemoryLink(device)).read_4k(0)
    assert caught.value.fault.code == "BK-STATUS"
    assert "FLASH_TIMEOUT" in caught.value.fault.what


@virtual
async def test_unknown_commands_are_not_repeated() -> None:
    device = Mute(lambda _data: bytes.fromhex("040eff01e0fcf402000907"))
    with pytest.raises(FaultError) as caught:
        await Client(MemoryLink(device)).read_4k(0)
    assert caught.value.fault.code == "BK-STATUS"
    assert len(device.heard) == 1


@pytest.mark.parametrize(
    ("unit", "address"),
    [
        (Unit.SECTOR, 0x10000),
        (Unit.SECTOR, 0x0),
        (Unit.SECTOR, 0x12A000),
        (Unit.SECTOR, 0x1D0000),
        (Unit.SECTOR, 0x1D1000),
        (Unit.SECTOR, 0x11800),
        (Unit.SECTOR, 0x211000),
        (Unit.BLOCK, 0x10000),
        (Unit.BLOCK, 0x120000),
        (Unit.BLOCK, 0x1D0000),
        (Unit(0x99), 0x11000),
    ],
)
def test_nothing_outside_the_permit_reaches_the_wire(unit: Unit, address: int) -> None:
    @virtual
    async def scene() -> None:
        device = Mute()
        client = Client(MemoryLink(device))
        calls = [client.erase(PERMIT, unit, address)]
        if unit is Unit.SECTOR:
            calls.append(client.write_4k(PERMIT, address, bytes(4096)))
        for call in calls:
            with pytest.raises(FaultError) as caught:
                await call
            assert caught.value.fault.code == "BK-OUT-OF-BOUNDS"
        assert device.heard == []

    scene()


def test_only_the_plan_makes_a_permit() -> None:
    with pytest.raises(TypeError):
        Permit("bk7231n", "", "eb6015", "", ((0, 0x200000),), object())


@virtual
async def test_a_permit_of_another_kind_is_none() -> None:
    class Everything:
        ranges = ((0, 0x200000),)

        def covers(self, start: int, end: int) -> bool:
            return True

    device = Mute()
    with pytest.raises(FaultError):
        await Client(MemoryLink(device)).erase(Everything(), Unit.SECTOR, 0)  # type: ignore[arg-type]
    assert device.heard == []


@virtual
async def test_the_speed_changes_on_both_sides() -> None:
    client, _ = a_client()
    await client.set_baud(921600)
    assert client.link.baud == 921600
    await client.link_check()
    await client.leave()
    assert client.link.baud == 115200
    await client.link_check()


@virtual
async def test_a_lost_answer_to_the_change_of_speed_is_found_out() -> None:
    client, _ = a_client("lost:baud:1")
    await client.set_baud(921600)
    assert client.link.baud == 921600
    await client.link_check()


@pytest.mark.parametrize("n", range(1, 6))
@virtual
async def test_a_change_of_speed_that_did_not_arrive_is_asked_for_again(n: int) -> None:
    """The chip was heard at the old speed, so it has not switched."""
    client, plug = a_client(f"drop:host:baud:{n}")
    await client.set_baud(921600)
    assert (client.link.baud, plug.baud) == (921600, 921600)
    await client.link_check()


@virtual
async def test_a_chip_at_a_speed_that_nobody_knows_is_lost() -> None:
    """It took 1970176 for 921600: it hears nothing at either, and is not asked again."""
    client, plug = a_client("corrupt:host:baud:8")
    with pytest.raises(FaultError) as caught:
        await client.set_baud(921600)
    assert caught.value.fault.code == "BK-LOST"
    assert plug.baud == 1970176
    assert plug.requests["SetBaudRate"] == 1


@virtual
async def test_a_change_of_speed_that_did_not_happen_leaves_the_old_one() -> None:
    client, _ = a_client("corrupt:host:baud:5", "corrupt:host:baud:15", "corrupt:host:baud:25")
    with pytest.raises(FaultError) as caught:
        await client.set_baud(921600)
    assert caught.value.fault.code == "BK-BAUD"
    assert client.link.baud == 115200
    await client.link_check()


@virtual
async def test_leaving_a_dead_chip_takes_a_moment_only() -> None:
    client, _ = a_client("silent:baud")
    await client.link.set_baud(921600)
    began = asyncio.get_running_loop().time()
    await client.leave()
    assert asyncio.get_running_loop().time() - began <= 0.31


@virtual
async def test_a_register_write_is_sent_once_and_its_echo_compared() -> None:
    device = Mute(lambda _data: bytes.fromhex("040e0c01e0fc017400800003000000"))
    with pytest.raises(FaultError) as caught:
        await Client(MemoryLink(device)).write_reg(0x800074, 1)
    assert caught.value.fault.code == "BK-ECHO"
    silent = Mute()
    assert not await Client(MemoryLink(silent)).write_reg(0x800074, 1)
    assert len(silent.heard) == 1


@virtual
async def test_evidence_leaves_payloads_out() -> None:
    client, _ = a_client()
    await client.read_4k(0x11000)
    assert "<4096 bytes>" not in client.evidence.splitlines()[0]
    assert "bytes>" in client.evidence.splitlines()[1]
    assert len(client.evidence) < 200
