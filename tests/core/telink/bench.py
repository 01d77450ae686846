"""A simulated programmer and module on the table: jobs run against them on a clock that jumps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from core.events import Failed, Finished
from core.job import Reporter, Result
from core.sim.module import Module, ModuleOptions
from core.sim.module_images import meter_image, module_flash
from core.sim.module_orders import parse_order
from core.telink.tasks.backup import BackupOptions, backup
from core.telink.tasks.flash import (
    FlashOptions,
    RestoreOptions,
    WipeOptions,
    flash,
    restore,
    wipe,
)
from core.telink.tasks.info import InfoOptions, info, selftest
from core.telink.tasks.resume import ResumeOptions, resume
from tests.core.wire_bench import Given, OnEvent, WireBench, fault_of, result_of

__all__ = ["Bench", "fault_of", "result_of"]

MAC = "A4:C1:38:AA:BB:CC"
YES = {"module-gate": "yes", "write-plan": "yes", "wipe-plan": MAC}
OLD = meter_image("V1.6", 12340, 1)
NEW = meter_image("V1.7", 16404, 2)
"""Small images keep the tests quick; the real size is used where it matters."""
MAX = ModuleOptions(rate="max", page=0.0, sector=0.02)


@cache
def stock() -> bytes:
    """A module with an older firmware, settings, MAC."""
    return module_flash(OLD)


def options(*orders: str, **more: object) -> ModuleOptions:
    """Options with faults on order."""
    base = replace(MAX, **more)  # type: ignore[arg-type]
    return replace(base, orders=tuple(map(parse_order, orders)))


def expected(before: bytes, image: bytes = NEW) -> bytes:
    """Image and untouched rest: what a flash job must leave."""
    end = -(-len(image) // 4096) * 4096
    return image.ljust(end, b"\xff") + before[end:]


@dataclass
class Bench(WireBench):
    """A table with one programmer and its module."""

    folder: Path
    module: Module
    baud: int = 0
    answers: Given = field(default_factory=lambda: Given(YES), kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.image = self.folder / "electricity_meter_V1.7.bin"
        self.image.write_bytes(NEW)

    @property
    def device(self) -> Module:
        return self.module

    @property
    def home(self) -> Path:
        return self.folder / "home"

    async def job(
        self, kind: str, on_event: OnEvent | None = None, **more: Any
    ) -> Finished | Failed:
        """Run `info`, `backup`, `flash`, `restore`, `wipe`, `resume` or `selftest`."""
        common = {"port": "sim", "baud": self.baud, **more}
        tools: dict[str, Any] = {"ports": self.open_port, "store": self.store}
        if kind == "flash":
            common.setdefault("image", self.image)

        async def task(report: Reporter) -> Result:
            match kind:
                case "info":
                    return await info(report, InfoOptions(**common), **tools)
                case "selftest":
                    return await selftest(report, InfoOptions(**common), ports=self.open_port)
                case "backup":
                    return await backup(report, BackupOptions(**common), **tools)
                case "flash":
                    return await flash(report, FlashOptions(**common), **tools)
                case "wipe":
                    return await wipe(report, WipeOptions(**common), **tools)
                case "restore":
                    return await restore(report, RestoreOptions(**common), **tools)
                case _:
                    return await resume(report, ResumeOptions(**common), **tools)

        return await self.run_as(f"module-{kind}", task, on_event)

    @property
    def right(self) -> bool:
        """True when the flash is the new image and the untouched rest, byte for byte."""
        return bytes(self.module.flash) == expected(self.before)


def bench(folder: Path, *orders: str, flash: bytes | None = None, baud: int = 0,
          **more: object) -> Bench:  # fmt: skip
    """A table with one module."""
    return Bench(folder, Module(stock() if flash is None else flash, options(*orders, **more)),
                 baud)  # fmt: skip
