"""OpenBeken over HTTP: a full read against a bare socket, and a fleet against the ideal.

    python tests/bench/openbk.py

Both run against simulated devices that serve one request at a time.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from table import Row, show

sys.path.insert(0, str(Path(__file__).parents[2]))

from core.answers import Answers
from core.job import Job, Reporter, Result
from core.openbk.carry import SAVED_AFTER
from core.openbk.client import Client
from core.openbk.exchange import SETTLE
from core.openbk.read import read_device
from core.openbk.tasks.apply import ApplyOptions, apply
from core.profile.model import Mqtt, Profile
from core.sim.openbk_http import Served, serve_openbk
from core.sim.openbk_options import OpenBkOptions
from core.store.store import Store

DEVICES, PARALLEL, LATENCY = 200, 20, 0.050
READ_LATENCY = 0.020
WANTED = Profile(mqtt=Mqtt("10.0.0.5"), flags={2: True})


class Yes(Answers):
    async def answer(self, question: object) -> tuple[str, str]:
        return "yes", "bench"


async def bare(served: Served, targets: list[str]) -> float:
    """The same requests, one socket after the other, and nothing done with the answers."""
    began = time.perf_counter()
    for target in targets:
        reader, writer = await asyncio.open_connection(served.address, served.port)
        writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await reader.read()
        writer.close()
    return time.perf_counter() - began


async def full_read() -> Row:
    options = OpenBkOptions(latency=READ_LATENCY, late_body=0.0)
    served = await serve_openbk(options)
    client = Client(served.host)
    try:
        await read_device(client)
        targets = [target for _, target in served.requests]
        theirs = min([await bare(served, targets) for _ in range(3)])
        spent = []
        for _ in range(3):
            began = time.perf_counter()
            await read_device(client)
            spent.append(time.perf_counter() - began)
    finally:
        await client.close()
        await served.close()
    name = f"full read, {len(targets)} requests / bare socket"
    return Row(name, min(spent), 1.3, theirs=theirs)


async def serve() -> None:
    """The devices of the fleet, in a process of their own: hosts out, a line in, counts out."""
    async with AsyncExitStack() as stack:
        plugs = []
        for n in range(DEVICES):
            mac = (0xA4C138000000 + n).to_bytes(6)
            plug = await serve_openbk(OpenBkOptions(mac=mac, latency=LATENCY, late_body=0.0))
            stack.push_async_callback(plug.close)
            plugs.append(plug)
        print(json.dumps([plug.host for plug in plugs]), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        requests = max(len(plug.requests) for plug in plugs)
        print(json.dumps([requests, sum(plug.overlaps for plug in plugs)]), flush=True)


def ideal(requests: int, changes: int) -> float:
    """One device: every request at its pace, the rests that the device needs, the save."""
    return requests * LATENCY + changes * SETTLE + SAVED_AFTER - SETTLE


async def apply_to(hosts: list[str], folder: Path) -> float:
    store = Store(folder)
    chosen = ApplyOptions(hosts=tuple(hosts), profile=WANTED, parallel=PARALLEL)

    async def task(report: Reporter) -> Result:
        return await apply(report, chosen, connect=Client, store=store)

    began = time.perf_counter()
    outcome = await Job("bench", "bench", "a fleet", task, answers=Yes()).run()
    if getattr(outcome, "values", {"exit": 1}).get("exit"):
        raise SystemExit(f"a device was not done: {outcome}")
    return time.perf_counter() - began


def fleet() -> Row:
    command = [sys.executable, __file__, "--serve"]
    with (
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
        tempfile.TemporaryDirectory() as folder,
    ):
        assert process.stdout is not None
        hosts = json.loads(process.stdout.readline())
        spent = asyncio.run(apply_to(hosts, Path(folder)))
        counts, _ = process.communicate("done\n")
    requests, overlaps = json.loads(counts)
    if overlaps:
        raise SystemExit(f"{overlaps} requests met a device that was busy")
    wanted = ideal(requests, changes=2) * DEVICES / PARALLEL
    name = f"apply to {DEVICES} devices, {PARALLEL} at a time / ideal"
    return Row(name, spent, 1.25, theirs=wanted)


def main() -> bool:
    return show("OpenBeken over HTTP, on loopback", [asyncio.run(full_read()), fleet()])


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        asyncio.run(serve())
    else:
        sys.exit(0 if main() else 1)
