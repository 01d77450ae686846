"""`openbk watch` and `openbk console`: streams, so there is no job and no journal."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Mapping
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

from core.fault import FaultError
from tui.lines import Bench, read_line

if TYPE_CHECKING:
    from core.openbk.client import Client, Connect
    from core.openbk.watch import Sample

WAIT = 0.2


def run_watch(bench: Bench, connect: Connect, address: str, seconds: float) -> int:
    """Print a line a sample until the time is over or somebody stops it."""
    samples: queue.SimpleQueue[Sample] = queue.SimpleQueue()
    stream = bench.host.stream(_samples(connect(address), samples, seconds))
    seen = 0
    while bench.host.stopped_by is None:
        try:
            sample = samples.get(timeout=WAIT)
        except queue.Empty:
            if stream.done():
                break
            continue
        seen += 1
        bench.out.text(sample_line(sample))
        bench.out.object({"event": "sample", **sample_values(sample)})
    stream.cancel()
    try:
        stream.result()
    except CancelledError:
        pass
    except FaultError as error:
        bench.out.fault(error.fault)
        return error.fault.exit
    bench.out.result({"samples": seen})
    return 0


async def _samples(client: Client, samples: queue.SimpleQueue[Sample], seconds: float) -> None:
    from core.openbk.read import identify
    from core.openbk.watch import watch

    try:
        await identify(client)
        async with asyncio.timeout(seconds or None):
            async for sample in watch(client):
                samples.put(sample)
    except TimeoutError:
        pass
    finally:
        await client.close()


def sample_line(sample: Sample) -> str:
    """One sample for people."""
    if sample.fault is not None:
        return f"{sample.fault.code}: {sample.fault.what}"
    parts = []
    if sample.energy is not None:
        e = sample.energy
        for value, form, unit in (
            (e.voltage, "{:6.1f}", "V"),
            (e.current, "{:7.3f}", "A"),
            (e.power, "{:8.2f}", "W"),
            (e.factor, "{:5.2f}", "PF"),
            (e.total, "{:10.1f}", "Wh"),
        ):
            parts.append(f"{form.format(value)} {unit}" if value is not None else f"- {unit}")
    parts += [f"{name} {'on' if on else 'off'}" for name, on in sample.relays]
    if sample.signal is not None:
        parts.append(f"{sample.signal} dBm")
    parts += [f"up {sample.uptime} s", f"MQTT {sample.mqtt}", ", ".join(sample.drivers)]
    if sample.restarted:
        parts.append("RESTARTED")
    if sample.safe_mode:
        parts.append("SAFE MODE")
    return "  ".join(part for part in parts if part)


def sample_values(sample: Sample) -> Mapping[str, Any]:
    """One sample for JSON."""
    e = sample.energy
    return {
        "t": round(sample.at, 3),
        "voltage": e.voltage if e else None,
        "current": e.current if e else None,
        "power": e.power if e else None,
        "factor": e.factor if e else None,
        "energy": e.total if e else None,
        "relays": dict(sample.relays),
        "signal": sample.signal,
        "heap": sample.heap,
        "uptime": sample.uptime,
        "mqtt": sample.mqtt,
        "drivers": list(sample.drivers),
        "fault": sample.fault.code if sample.fault else "",
    }


def run_console(bench: Bench, connect: Connect, address: str, lines: list[str]) -> int:
    """Run commands, from the arguments or line by line from standard input.  No journal: a
    password that is typed here is written nowhere."""
    from core.faults import READ_ONLY

    if bench.host.options.read_only:
        raise READ_ONLY(
            what="A console changes devices.",
            cause="The program was started with --read-only.",
            next="Start it without --read-only.",
        )
    worst = 0
    for line in lines or iter(read_line, None):
        if bench.host.stopped_by is not None:
            break
        if line.strip():
            worst = max(worst, _speak(bench, connect, address, line.strip()))
    bench.out.result({"exit": worst})
    return worst


def _speak(bench: Bench, connect: Connect, address: str, line: str) -> int:
    from core.openbk.console import Spoken, speak

    async def once() -> Spoken:
        client = connect(address)
        try:
            return await speak(client, line)
        finally:
            await client.close()

    try:
        said = bench.host.stream(once()).result()
    except FaultError as error:
        bench.out.fault(error.fault)
        return error.fault.exit
    for text in (*said.notes, said.text, *said.log):
        bench.out.text(text)
    name = said.sent.split()[0]  # not the arguments: they may be a password
    bench.out.object({"event": "reply", "command": name, "ok": said.ok, "text": said.text})
    return 0 if said.ok else 1
