"""The real program in a pty, with pyte as the terminal in front of it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pyte

from tui.widgets.dialog import SETTLE

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0
"""Seconds until a wait is given up; only a broken program takes so long."""

ESCAPE = 0.2
"""The silence that tells the Escape key from the first byte of another key's code."""

READ = SETTLE + 0.3
"""Seconds until a question takes an answer."""

FRAME = 0.04
"""The silence that ends a frame."""

KEYS = {
    "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D", "enter": "\r",
    "escape": "\x1b", "ctrl+c": "\x03", "ctrl+p": "\x10", "f1": "\x1bOP", "f6": "\x1b[17~",
    "backspace": "\x7f",
}  # fmt: skip
NOT_FOR_PYTE = re.compile(rb"\x1b\[[<>=?][\d;]*[up]|\x1b\[\?[\d;]*\$p|\x1b\[>[\d;]*[cq]")
"""Questions about the keyboard and the mode of updates, which pyte would print."""


def environment(**changes: str) -> dict[str, str]:
    """A plain one: nothing of the person who runs the tests, apart from where programs are."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LC_ALL": "C.UTF-8",
        "HOME": "/nonexistent",
        **changes,
    }


class Terminal:
    """One program on one terminal.  Use as a context manager; the end of it ends the program."""

    def __init__(
        self,
        *arguments: str,
        cwd: Path,
        size: tuple[int, int] = (80, 24),
        env: Mapping[str, str] | None = None,
        program: tuple[str, ...] = ("-m", "tui"),
    ) -> None:
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self._changed = threading.Condition()
        self._rest = b""
        self.raw = bytearray()
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, *program, *arguments],
            cwd=cwd,
            env=dict(env or environment()),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self._wake, self._woken = os.pipe()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.hang_up()

    def _read(self) -> None:
        import select

        while True:
            ready, _, _ = select.select([self._master, self._wake], [], [])
            if self._wake in ready:
                return
            try:
                data = os.read(self._master, 65536)
            except OSError:  # the other side is closed
                data = b""
            if not data:
                return
            with self._changed:
                self.raw += data
                self._feed(data)
                self._changed.notify_all()

    def _feed(self, data: bytes) -> None:
        data = self._rest + data
        at = data.rfind(b"\x1b")
        cut = (
            at
            if at >= 0 and not re.match(rb"\x1b(\[[<-?]?[\d;$ ]*[@-~]|[^\[])", data[at:])
            else len(data)
        )
        self._rest = data[cut:]
        self._stream.feed(NOT_FOR_PYTE.sub(b"", data[:cut]))

    # -- seeing ----------------------------------------------------------------------------

    @property
    def lines(self) -> list[str]:
        """What is on the screen now."""
        with self._changed:
            return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def reversed(self) -> list[str]:
        """What stands in reverse video now, line by line where there is any."""
        with self._changed:
            rows = (self._screen.buffer[y] for y in range(self._screen.lines))
            found = ["".join(c.data for _, c in sorted(row.items()) if c.reverse) for row in rows]
        return [text.strip() for text in found if text]

    def until(self, what: str | Callable[[str], bool]) -> str:
        """Wait until the screen shows `what`; returns the screen."""

        def seen() -> bool:
            text = "\n".join(line.rstrip() for line in self._screen.display)
            return what in text if isinstance(what, str) else what(text)

        with self._changed:
            if not self._changed.wait_for(seen, PATIENCE):
                raise AssertionError(f"{what!r} never came:\n" + "\n".join(self._screen.display))
            for _ in range(20):  # the rest of the frame
                if not self._changed.wait(FRAME):
                    break
        return self.text

    def quiet_for(self, seconds: float) -> int:
        """The bytes that the program writes in the next `seconds`."""
        with self._changed:
            before = len(self.raw)
            self._changed.wait_for(lambda: False, seconds)
            return len(self.raw) - before

    # -- acting ----------------------------------------------------------------------------

    def keys(self, *names: str) -> None:
        """Press keys, each by its name or as the text it types; y once a question was read."""
        for name in names:
            if name == "y":
                self.read()
            os.write(self._master, KEYS.get(name, name).encode())
            if name == "escape":
                self.quiet_for(ESCAPE)

    def read(self) -> None:
        """Read the question on the screen; keys that come sooner are no answers."""
        self.quiet_for(READ)

    def hang_up(self) -> None:
        """Close the terminal, as a lost SSH session does."""
        if self._master < 0:
            return
        os.write(self._woken, b".")
        self._reader.join()
        for handle in (self._master, self._wake, self._woken):
            os.close(handle)
        self._master = -1

    def signal(self, number: signal.Signals) -> None:
        """A signal for the program alone."""
        self.process.send_signal(number)

    def end(self) -> int:
        """Wait for the end of the program; its exit code."""
        return self.process.wait(PATIENCE)


class SimulatedPlug:
    """`wattbench sim plug` in a process of its own; `flash` is what it held at the end."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._saved = folder / "saved.bin"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tui", "sim", "plug", "--rate", "max",
             "--save", str(self._saved), *arguments],
            env=environment(), cwd=folder, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        self.path = self._process.stdout.readline().strip()
        assert self.path, "the simulated plug did not start"

    def __enter__(self) -> SimulatedPlug:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        self._process.wait(PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def flash(self) -> bytes:
        """Stop it and look into its flash."""
        self._stop()
        return self._saved.read_bytes()
