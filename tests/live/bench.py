"""What lies on the workbench of the live tests: an image, a simulated plug, the app."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.sim.firmware import openbeken_qio, stock_n
from tests.live.terminal import SimulatedPlug, Terminal, environment

IMAGE = "OpenBK7231N_QIO_1.18.100.bin"


@dataclass(frozen=True)
class Table:
    """What lies on the workbench: one image, one stock flash, a data folder."""

    folder: Path
    image: bytes
    stock: bytes

    def plug(self, *faults: str) -> SimulatedPlug:
        """A simulated plug with the stock flash."""
        orders = [word for fault in faults for word in ("--fault", fault)]
        return SimulatedPlug(self.folder, "--flash", str(self.folder / "stock.flash"), *orders)

    def remember_port(self, path: str) -> None:
        """The port of the last time, as the settings keep it."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        (home / "settings.toml").write_text(f'plug_port = "{path}"\n')

    def app(
        self, *flags: str, size: tuple[int, int] = (80, 24), env: dict[str, str] | None = None
    ) -> Terminal:
        """The app on this data folder."""
        return Terminal(
            "--home", str(self.folder / "home"), *flags,
            cwd=self.folder, size=size, env=environment(**(env or {})),
        )  # fmt: skip


def lay_table(folder: Path) -> Table:
    """A table in this folder."""
    found = Table(folder, openbeken_qio(), stock_n())
    (folder / IMAGE).write_bytes(found.image)
    (folder / "stock.flash").write_bytes(found.stock)
    return found
