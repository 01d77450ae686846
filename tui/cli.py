"""The entry point.  What is not needed for `--version` and `--help` is imported later."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

from tui.version import __version__

if TYPE_CHECKING:
    import argparse

    from tui.host import Options

FAULT = 1
USAGE = 2
CANCELLED = 130


def main(argv: list[str] | None = None) -> int:
    """Run the program; returns the exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    try:
        code = _dispatch(arguments)
    except SystemExit as stop:
        code = int(stop.code or 0)
    except KeyboardInterrupt:
        code = CANCELLED  # before the host took the signals, so before any job
    except BrokenPipeError:
        code = 0  # whoever asked for the help has read enough
    except Exception as error:
        code = _broken(error, json="--json" in arguments)
    whole = _printed("")  # whatever the code is, what waits there must go
    return code or whole


def _printed(text: str) -> int:
    """Print to standard output, with what waits there; the exit code says whether it took it."""
    if sys.stdout is None:
        return 0
    try:
        if text:  # writing nothing is refused by a full disk, too
            print(text)
        sys.stdout.flush()
    except OSError as error:
        from tui.streams import drop_output

        problem = drop_output(sys.stdout, error)
        if problem:
            print(f"wattbench: {problem}", file=sys.stderr)
            return FAULT
    return 0


def _dispatch(arguments: list[str]) -> int:
    if arguments == ["--version"]:
        return _printed(f"wattbench {__version__}")
    flags, rest = global_parser(json="--json" in arguments).parse_known_args(arguments)
    if flags.version:
        return _printed(f"wattbench {__version__}")
    if not rest:
        if flags.help:
            return _printed(help_text())
        return _open_app(_options(flags))
    return _run_verb(rest, flags)


def _parser_kind(json: bool) -> type[argparse.ArgumentParser]:
    """Parsers whose errors end in exit 2, with the fault object where JSON is wanted, and whose
    help keeps the lines of the examples."""
    import argparse

    class Parser(argparse.ArgumentParser):
        def __init__(self, *args: Any, **more: Any) -> None:
            more.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
            super().__init__(*args, **more)

        def print_help(self, file: Any = None) -> NoReturn:
            raise SystemExit(_printed(self.format_help().rstrip()))

        def error(self, message: str) -> NoReturn:
            raise SystemExit(_usage(f"{self.prog}: {message}", json=json))

    return Parser


def global_parser(*, json: bool = False) -> argparse.ArgumentParser:
    """The flags that may stand before or after the verb."""
    parser = _parser_kind(json)(prog="wattbench", add_help=False, allow_abbrev=False)
    add = parser.add_argument
    add("-h", "--help", action="store_true", help="show this text, or that of the verb")
    add("--version", action="store_true", help="show the version")
    add("--home", default="", metavar="DIR", help="keep and find all files in this folder")
    add("--json", action="store_true", help="one JSON object a line on standard output")
    add("-y", "--yes", action="store_true", help="answer the questions with yes; goes on record")
    add("--confirm", default="", metavar="VALUE", help="the value that a question wants typed")
    add("--read-only", action="store_true", help="never erase or write a device")
    add("--ascii", action="store_true", help="plain characters only")
    add("--mono", action="store_true", help="no colours")
    add("--demo", action="store_true", help="open the app on a simulated bench")
    return parser


def verb_names() -> list[str]:
    """Every verb: one file each in `tui/verbs`."""
    from pathlib import Path

    folder = Path(__file__).parent / "verbs"
    return sorted(p.stem for p in folder.glob("*.py") if p.stem != "__init__")


def help_text() -> str:
    """The page of `--help`; each verb's line is the first line of its file."""
    from pathlib import Path

    folder = Path(__file__).parent / "verbs"
    lines = []
    for name in verb_names():
        with (folder / f"{name}.py").open(encoding="utf-8") as file:
            lines.append(f"  {name:<10}{file.readline().strip().strip(chr(34))}")
    flags = global_parser().format_help().partition("options:")[2].rstrip()
    return (
        "usage: wattbench [flags]            open the app\n"
        "       wattbench VERB [flags] ...   do one thing without a screen\n\n"
        "verbs (wattbench VERB --help says more):\n" + "\n".join(lines) + f"\n\nflags:{flags}"
    )


def _options(flags: argparse.Namespace) -> Options:
    from tui.host import Options

    return Options(
        home=flags.home,
        json=flags.json,
        yes=flags.yes,
        confirm=flags.confirm,
        read_only=flags.read_only,
        ascii=flags.ascii,
        mono=flags.mono,
        demo=flags.demo,
    )


def _run_verb(rest: list[str], flags: argparse.Namespace) -> int:
    import importlib

    name, *arguments = rest
    if name not in verb_names():
        what = f"unknown flag {name}" if name.startswith("-") else f"there is no verb {name!r}"
        return _usage(f"{what}; `wattbench --help` lists them", json=flags.json)

    module = importlib.import_module(f"tui.verbs.{name}")
    parser = _parser_kind(flags.json)(
        prog=f"wattbench {name}", allow_abbrev=False, description=module.__doc__
    )
    module.add(parser)
    args = parser.parse_args([*arguments, "--help"] if flags.help else arguments)
    from tui.lines import run_verb

    return run_verb(module.run, args, _options(flags))


def _usage(message: str, *, json: bool) -> int:
    print(f"wattbench: {message}", file=sys.stderr)
    if json:
        import json as encoder

        fault = {
            "event": "fault",
            "t": 0.0,
            "code": "USAGE",
            "what": message,
            "cause": "The command line is not understood.",
            "next": "Read `wattbench --help`.",
            "state": "Nothing was changed.",
            "touched": "nothing",
            "command": ["wattbench", "--help"],
        }
        print(encoder.dumps(fault))
    return USAGE


def _broken(error: Exception, *, json: bool) -> int:
    """A mistake in the program outside of any verb: one message, the traceback to the log."""
    import contextlib
    import traceback

    from core.fault import FaultError
    from core.store.store import Store
    from tui.home import find_home
    from tui.lines import internal
    from tui.logfile import append_log
    from tui.output import Output

    home, _, owner = find_home("", None)
    with contextlib.suppress(FaultError):
        append_log(Store(home, owner=owner), "".join(traceback.format_exception(error)))
    fault = internal(error).fault
    Output(as_json=json).fault(fault)
    return fault.exit


def _open_app(options: Options) -> int:
    import gc

    gc.disable()  # what an import makes stays; looking through it is a tenth of the start
    from tui.start import open_app

    return open_app(options)


if __name__ == "__main__":
    sys.exit(main())
