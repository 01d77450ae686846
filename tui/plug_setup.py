"""The verbs of a plug beside backup and flash: configuration, boot log, self-test."""

from __future__ import annotations

import argparse
import queue
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.events import Event, Facts
from core.job import Reporter, Result
from tui.host import Host
from tui.lines import Bench, follow
from tui.work import Tools, Work

if TYPE_CHECKING:
    from core.beken.tasks.console import Heard
    from core.beken.tasks.flash import Configure, Describe
    from core.profile.model import Profile

LISTENING = ("console", "selftest")
"""Those that do not talk to the chip's loader."""
MOST = 10_000
"""Pieces of a boot log that wait to be shown."""
TICK = 0.2
"""Seconds between two looks whether a signal came."""


def add(
    actions: argparse._SubParsersAction[Any], add_link: Callable[[argparse.ArgumentParser], None]
) -> None:
    """The options of `plug config|console|selftest`."""
    config = actions.add_parser("config", help="OpenBeken's configuration: show, or write one")
    add_link(config)
    config.add_argument("--profile", type=Path, metavar="F.toml", help="put this on top of it")
    config.add_argument("--backup", type=Path, help="a backup of this very plug, made before")
    config.add_argument("--out", type=Path, metavar="F.toml", help="keep it as a profile")
    config.add_argument("--reveal", action="store_true", help="show secrets too")
    console = actions.add_parser("console", help="the boot log on TX2, and what it means")
    console.add_argument("--port", required=True, help="the port whose RX is on TX2")
    console.add_argument("--seconds", type=float, metavar="N", help="listen so long; else for ever")
    console.add_argument("--reveal", action="store_true", help="show passwords too")
    console.add_argument("--tape", type=Path, metavar="FILE", help="record the wire (private)")
    selftest = actions.add_parser("selftest", help="does the adapter hear itself? TX on RX")
    selftest.add_argument("--port", required=True, help="the adapter's port")
    selftest.add_argument("--baud", type=int, default=2_000_000, help="highest speed to try")
    selftest.add_argument("--tape", type=Path, metavar="FILE", help="record the wire (private)")


def listen(args: argparse.Namespace, bench: Bench) -> int:
    """Run one of `LISTENING`."""
    if args.action == "console":
        return _console(args, bench)
    return bench.run(selftest_work(args.port, args.baud, args.tape))


def config(args: argparse.Namespace, bench: Bench, options: dict[str, Any]) -> int:
    """Show or write the configuration; `options` say how to reach the plug."""
    if args.profile is not None:
        work = config_work(options, profile=args.profile, backup=args.backup, tape=args.tape)
        return bench.run(work)
    return _show_config(args, bench, options)


# -- configuration ---------------------------------------------------------------------------


def config_work(
    options: dict[str, Any], *, profile: Path, backup: Path | None = None, tape: Path | None = None
) -> Work:
    """Put a profile on top of the plug's configuration."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.beken.tasks.config import WriteConfigOptions, write_config
        from tui.verbs.plug import on_adapter, ports_of

        reach = await on_adapter(tools, options)
        return await write_config(
            report,
            WriteConfigOptions(**reach, profile=profile, backup=backup),
            ports=ports_of(tools, tape),
            store=tools.store,
        )

    return Work("plug-config", f"Configure: {options['port']} with {profile.name}", task)


def read_config_work(
    options: dict[str, Any],
    *,
    reveal: Callable[[Profile], None] | None = None,
    tape: Path | None = None,
) -> Work:
    """Read the plug's configuration; `reveal` gets it with its secrets, on core's thread."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.beken.tasks.config import ReadConfigOptions, read_config
        from tui.verbs.plug import on_adapter, ports_of

        return await read_config(
            report,
            ReadConfigOptions(**await on_adapter(tools, options)),
            ports=ports_of(tools, tape),
            store=tools.store,
            reveal=reveal,
        )

    return Work("plug-config", f"Configuration: {options['port']}", task)


def _show_config(args: argparse.Namespace, bench: Bench, options: dict[str, Any]) -> int:
    """Secrets go to the printer only: a job's own events are written into its journal."""
    from core.profile import toml_file

    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    found: list[Profile] = []

    def reveal(profile: Profile) -> None:
        from core.beken.tasks.config import profile_lines

        found.append(profile)
        if args.reveal:
            lines = profile_lines(profile, reveal=True)
            text = toml_file.dump(profile, reveal=True)
            events.put(Event("", 0.0, Facts("revealed", {"lines": lines, "toml": text})))

    bench.host.subscribe(events.put)
    try:
        work = read_config_work(options, reveal=reveal, tape=args.tape)
        code = follow(bench.host, events, bench.out, {bench.host.start(work)})
    finally:
        bench.host.unsubscribe(events.put)
    if args.out is not None and found:
        text = toml_file.dump(found[0], reveal=args.reveal)
        bench.host.store.files.write(args.out, text.encode())
    return code


async def configured(report: Reporter, tools: Tools, profile: Path) -> Configure:
    """What `flash` needs to write a profile along with the firmware."""
    from core.beken.tasks.config import configure_with, prepare

    return configure_with(report, await prepare(report, tools.store, profile))


def described(tools: Tools) -> Describe:
    """What is said of a backup before the plan: its pins and the profiles that fit."""
    from core.beken.board import describe

    return lambda data: describe(data, (tools.store.profiles_folder,))


# -- boot log --------------------------------------------------------------------------------


class Listening:
    """A boot log being listened to, as part of core; `heard` ends with None."""

    def __init__(
        self,
        host: Host,
        port: str,
        *,
        seconds: float | None = None,
        reveal: bool = False,
        tape: Path | None = None,
    ) -> None:
        from core.beken.bootlog import BootLog
        from core.beken.tasks.console import ConsoleOptions, console
        from tui.verbs.plug import ports_of

        keys = host.store.keys
        secrets = tuple(filter(None, (keys.secret(name) for name in keys.secret_names)))
        options = ConsoleOptions(port=port, seconds=seconds, secrets=secrets, reveal=reveal)
        self.heard: queue.SimpleQueue[Heard | None] = queue.SimpleQueue()
        self.log = BootLog(secrets, reveal=reveal)
        ports = ports_of(host.tools, tape)
        self._stream = host.stream(console(options, ports=ports, tell=self._tell, log=self.log))
        self._stream.add_done_callback(lambda _: self.heard.put(None))

    def _tell(self, item: Heard) -> None:
        """A babbling line that nobody shows must not fill the memory."""
        if self.heard.qsize() < MOST:
            self.heard.put(item)

    def end(self) -> None:
        """Stop listening; the rest of what was heard and None still come."""
        self._stream.cancel()

    def check(self) -> None:
        """Raises the fault that ended it, if one did."""
        if self._stream.done() and not self._stream.cancelled():
            self._stream.result()


def _console(args: argparse.Namespace, bench: Bench) -> int:
    """Print the log until it ends, Ctrl-C being its usual end."""
    from core.beken.tasks.console import result_of

    listening = Listening(
        bench.host, args.port, seconds=args.seconds, reveal=args.reveal, tape=args.tape
    )
    _print(bench, listening)
    listening.check()
    result = result_of(listening.log)
    bench.out.result(result, [f"{result['verdict']}: {result['summary']}", result["next"]])
    return 0


def _print(bench: Bench, listening: Listening) -> None:
    said = ""
    while True:
        if bench.host.stopped_by is not None:
            listening.end()
        try:
            item = listening.heard.get(timeout=TICK)
        except queue.Empty:
            continue
        if item is None:
            return
        for line in item.lines:
            bench.out.text(line)
            bench.out.object({"event": "log", "t": item.t, "text": line})
        if item.verdict != said:
            said = item.verdict
            bench.out.object({"event": "boot", "t": item.t, "verdict": said, "boots": item.boots})


# -- self-test -------------------------------------------------------------------------------


def selftest_work(port: str, baud: int = 2_000_000, tape: Path | None = None) -> Work:
    """Whether the adapter hears itself."""

    async def task(report: Reporter, tools: Tools) -> Result:
        from core.beken.tasks.selftest import SelftestOptions, selftest
        from tui.verbs.plug import ports_of

        options = SelftestOptions(port=port, baud=baud)
        return await selftest(report, options, ports=ports_of(tools, tape))

    return Work("plug-selftest", f"Self-test: {port}", task)
