"""The Scan pane while 1 000 devices send 500 adverts a second: processor time and bytes.

    python tests/bench/scan_pane.py

The adverts come from a recording that is played at its pace, into the real program in a terminal
of 80x24; what the terminal gets is counted, with and without SSH_CONNECTION.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from screen import Terminal
from table import Row, show

from core.air.recording import to_line
from core.radio.advert import Advert

DEVICES = 1000
RATE = 500
SECONDS = 60
WARM = 10.0
MEASURED = 20.0
UUID = "0000fcd2-0000-1000-8000-00805f9b34fb"
CPU_MOST = 35.0
BYTES_MOST, BYTES_MOST_SSH = 10.0, 4.0


def crowd(path: Path) -> None:
    """A thousand thermometers and fifty meters, each with new values all the time."""
    with path.open("w") as file:
        file.write('{"format": "wattbench-air", "version": 1, "began": "2026-11-20T14:02:33Z"}\n')
        for number in range(RATE * SECONDS):
            device, turn = number % DEVICES, number // DEVICES
            data = bytes([0x40, 0x00, turn & 0xFF, 0x02]) + (2000 + turn * 7).to_bytes(2, "little")
            if device < 50:
                watts = (10_000 + number % 5000).to_bytes(3, "little")
                head = bytes([0x40, 0x00, turn & 0xFF, 0x0B])
                data = head + watts + bytes.fromhex("4a380943b400013a")
            address = f"A4:C1:38:00:{device >> 8:02X}:{device & 0xFF:02X}"
            rssi = -50 - device % 40 - number % 3
            file.write(to_line(Advert(0, address, "", rssi, {UUID: data}), number / RATE) + "\n")


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(home: Path, *, ssh: bool) -> tuple[float, float]:
    """Percent of one core and KiB/s to the terminal."""
    os.environ.pop("SSH_CONNECTION", None)
    if ssh:
        os.environ["SSH_CONNECTION"] = "10.0.0.1 1 10.0.0.2 22"
    wattbench = str(Path(sys.executable).with_name("wattbench"))
    with Terminal(wattbench, "--home", str(home)) as terminal:
        terminal.until("Flash")
        for keys in (b"3", b"o", b"\x1b[B", b"\r"):
            os.write(terminal._fd, keys)
            look(terminal, 1.0)
        screen = look(terminal, WARM)
        if f"of {DEVICES} devices" not in screen:
            raise SystemExit(f"the recording does not play:\n{screen}")
        before, began = cpu_seconds(terminal._pid), time.perf_counter()
        count = terminal.read(MEASURED)
        spent = time.perf_counter() - began
        return 100 * (cpu_seconds(terminal._pid) - before) / spent, count / 1024 / spent


def look(terminal: Terminal, seconds: float) -> str:
    """The screen after that time."""
    end = time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        terminal._stream.feed(terminal._take(left))
    return "\n".join(terminal._screen.display)


def main() -> bool:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "air").mkdir()
        crowd(home / "air" / "crowd.jsonl")
        for name, ssh, most in (("local", False, BYTES_MOST), ("over SSH", True, BYTES_MOST_SSH)):
            cpu, wire = measured(home, ssh=ssh)
            rows.append(Row(f"{name}: one core", cpu, CPU_MOST, "%"))
            rows.append(Row(f"{name}: to the terminal", wire, most, "KiB/s"))
    return show(f"Scan pane, {DEVICES} devices, {RATE} adverts/s", rows)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
