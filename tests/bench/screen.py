"""A program in a terminal of 80x24, watched through a terminal emulator."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

ENVIRONMENT = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
LEFT_OUT = ("NO_COLOR", "LC_ALL")
PAUSE = 0.5


class Terminal:
    """Starts the program at once; `began` is that moment."""

    def __init__(self, *command: str) -> None:
        self._screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self._screen)
        environment = {k: v for k, v in os.environ.items() if k not in LEFT_OUT} | ENVIRONMENT
        self.began = time.perf_counter()
        self._pid, self._fd = pty.fork()
        if not self._pid:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            os.execvpe(command[0], command, environment)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.kill(self._pid, signal.SIGTERM)
        end = time.perf_counter() + 5
        while not os.waitpid(self._pid, os.WNOHANG)[0]:
            self.read(0.05)
            if time.perf_counter() > end:
                os.kill(self._pid, signal.SIGKILL)
                os.waitpid(self._pid, 0)
                break
        os.close(self._fd)

    def read(self, seconds: float) -> int:
        """Take what comes within that time; how many bytes."""
        end, count = time.perf_counter() + seconds, 0
        while (left := end - time.perf_counter()) > 0:
            count += len(self._take(left))
        return count

    def until(self, text: str, seconds: float = 20) -> float:
        """Seconds from the start until the bytes had come that put that text on the screen.

        The emulator is slow, so it is fed only when the program pauses.
        """
        while time.perf_counter() - self.began < seconds:
            for moment, data in self._burst():
                self._stream.feed(data)
                if text in "\n".join(self._screen.display):
                    return moment - self.began
        raise TimeoutError("\n".join(self._screen.display))

    def type(self, keys: str) -> None:
        """Press these keys."""
        os.write(self._fd, keys.encode())

    def cpu(self) -> float:
        """Seconds of CPU that the program has used."""
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Resident megabytes."""
        for line in Path(f"/proc/{self._pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise ProcessLookupError(self._pid)

    def _burst(self) -> list[tuple[float, bytes]]:
        """What comes until a pause, and when each piece of it came."""
        pieces: list[tuple[float, bytes]] = []
        while data := self._take(PAUSE):
            pieces.append((time.perf_counter(), data))
        return pieces

    def _take(self, seconds: float) -> bytes:
        if not select.select([self._fd], [], [], seconds)[0]:
            return b""
        try:
            return os.read(self._fd, 65536)
        except OSError:  # the program is gone
            time.sleep(min(seconds, 0.05))
            return b""
