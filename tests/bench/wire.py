"""What the Flash pane sends to an 80x24 terminal while a plug is read at 2 Mbaud, and its CPU.

python tests/bench/wire.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from screen import Terminal
from table import Row, show

SECONDS = 5.0
STOCK = """
import sys
from textual.drivers.linux_driver import LinuxDriver
import tui.app
class Stock(LinuxDriver):
    def forget(self):
        pass
tui.app.ThinDriver = Stock
from tui.cli import main
sys.exit(main(sys.argv[1:]))
"""


def measured(home: Path, port: str, *, stock: bool) -> tuple[float, float]:
    """Bytes a second to the terminal and the part of a core, while the plug is read."""
    run = ["-c", STOCK] if stock else ["-m", "tui"]
    (home / "settings.toml").write_text(f'plug_port = "{port}"\nplug_baud = "2000000"\n')
    with Terminal(sys.executable, *run, "--home", str(home)) as terminal:
        terminal.until("Port")
        terminal.type("b")
        terminal.read(3.0)  # linked, identified, reading
        cpu, began = terminal.cpu(), time.perf_counter()
        count = terminal.read(SECONDS)
        spent = time.perf_counter() - began
        return count / spent, 100 * (terminal.cpu() - cpu) / spent


def main() -> bool:
    rows = []
    for name, ssh, target in (("bench", "", 10.0), ("SSH", "10.0.0.2 1 10.0.0.1 22", 4.0)):
        found = {}
        for stock in (False, True):
            sim = [sys.executable, "-m", "tui", "sim", "plug"]
            with (
                tempfile.TemporaryDirectory() as home,
                subprocess.Popen(sim, stdout=subprocess.PIPE, text=True) as plug,
            ):
                assert plug.stdout is not None
                port = plug.stdout.readline().strip()
                if ssh:
                    os.environ["SSH_CONNECTION"] = ssh
                try:
                    found[stock] = measured(Path(home), port, stock=stock)
                finally:
                    os.environ.pop("SSH_CONNECTION", None)
                    plug.terminate()
        (thin, cpu), (whole, _) = found[False], found[True]
        rows += [
            Row(f"Flash pane to the terminal, {name}", thin / 1024, target, "KiB/s"),
            Row(f"the same / stock driver, {name}", thin, None, "B/s", theirs=whole),
            Row(f"CPU of the whole program, {name}", cpu, 25, "%"),
        ]
    return show("A plug read at 2 Mbaud", rows)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
