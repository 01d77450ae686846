"""`openbk watch` and `openbk console`: streams, so there is no job and no journal."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

from core.fault import Exit, FaultError
from tui.lines import Bench, prompt_text, read_line, waits_to_be_read

if TYPE_CHECKING:
    from core.events import Question
    from core.openbk.client import Client, Connect
    from core.openbk.console import Spoken
    from core.openbk.watch import Sample

WAIT = 0.2


def run_watch(bench: Bench, connect: Connect, address: str, seconds: float) -> int:
    """Print a line a sample until the time is over or somebody stops it."""
    bench.out.count_from_now(bench.host.stream(_clock()).result())
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


async def _clock() -> Callable[[], float]:
    """The time of core's loop, which may be asked from any thread."""
    return asyncio.get_running_loop().time


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


def run_console(bench: Bench, connect: Connect, address: str, words: list[str]) -> int:
    """Run the one command that the words are, or those of standard input, line by line.  No
    journal: a password that is typed here is written nowhere."""
    bench.out.count_from_now(bench.host.stream(_clock()).result())
    worst, changed = Exit.DONE, False
    for line in [one_line(words)] if words else iter(lambda: _line(bench), None):
        if bench.host.stopped_by is not None:
            break
        if line.strip():
            code, did = _speak(bench, connect, address, line.strip())
            worst, changed = max(worst, code), changed or did
    if changed and worst:
        worst = Exit.FAULT  # every other code promises that nothing was changed
    bench.out.result({"exit": worst})
    return worst


def one_line(words: list[str]) -> str:
    """The words of a shell as one command; the quotes that the shell took off are put back."""
    if len(words) == 1:
        return words[0]
    blank = [not word or (" " in word and not set('";') & set(word)) for word in words]
    return " ".join(f'"{w}"' if quoted else w for w, quoted in zip(words, blank, strict=True))


def _line(bench: Bench) -> str | None:
    """The next line of standard input; None at its end, or when the program is to stop."""
    while bench.host.stopped_by is None:
        if waits_to_be_read(WAIT):
            return read_line()
    return None


def _speak(bench: Bench, connect: Connect, address: str, line: str) -> tuple[int, bool]:
    """One line: its exit code, and whether it may have changed the device."""
    from core.openbk.words import masked

    try:
        said = _asked_and_sent(bench, connect, address, line)
    except FaultError as error:
        bench.out.fault(error.fault)
        return error.fault.exit, error.fault.exit == Exit.FAULT
    for text in (*said.notes, said.text, *said.log):
        bench.out.text(text)
    reply = {"command": masked(said.sent), "ok": said.ok, "text": said.text}
    bench.out.object({"event": "reply", **reply})
    return (Exit.DONE if said.ok else Exit.FAULT), said.changed


def _asked_and_sent(bench: Bench, connect: Connect, address: str, line: str) -> Spoken:
    """What came of one line.  Raises READ-ONLY, UNANSWERED, DECLINED and what sending raises."""
    from core.openbk.console import Prepared, prepare, send
    from core.openbk.fleet import on_host

    read_only = bench.host.options.read_only

    async def first(client: Client) -> Prepared:
        return await prepare(client, line, read_only=read_only)

    ready = bench.host.stream(on_host(connect, address, first)).result()
    if ready.question is not None:
        _require_yes(bench, ready.question)
    return bench.host.stream(on_host(connect, address, lambda client: send(client, ready))).result()


def _require_yes(bench: Bench, question: Question) -> None:
    """Ask at the terminal, or take --yes.  Raises UNANSWERED, DECLINED, CANCELLED."""
    from core import faults, stops

    for text in question.text.splitlines():
        bench.out.aside(f"? {text}")
    if bench.host.options.yes:
        bench.out.aside("  answered: yes (--yes)")
        return
    while bench.host.people and bench.host.stopped_by is None:
        bench.out.prompt(prompt_text(question))
        answer = _line(bench)
        if answer is None:
            break
        if answer.strip() == "yes":
            return
        if answer.strip() == "no":
            raise faults.DECLINED(
                what="The command was not sent.",
                cause="You decided against it.",
                next="Look at the load first; then type the command again.",
            )
    if bench.host.stopped_by is not None:
        raise stops.cancelled(stops.Stop.CANCEL)
    raise faults.UNANSWERED(
        what=f"A question has no answer: {' '.join(question.text.splitlines())}",
        cause="There is no terminal to ask at.",
        next="Give --yes on the command line, if that is what you want.",
    )
