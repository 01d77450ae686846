"""The simulated TLSR8253 at the end of SWire: reset, boot, CPU stop, registers, memory.

SWS answers only while the CPU is stopped, no image boots, or shortly after a reset: the meter
firmware turns the pad into an input.  Source: TLSRPGM sheet 0.10, 5.2, 7 (target).
"""

from __future__ import annotations

from collections.abc import Callable

from core.sim.module_flash import Flash
from core.sim.module_options import ModuleOptions

BOOT_BASES = (0, 0x20000, 0x40000)
MARK_AT, MARK = 8, 0x4B
REGISTERS = bytes.fromhex(
    "7cf7c783083006000200020001021f00000400040000000000000064 00026255".replace(" ", "")
)
CHIP_AT = 0x7D
RESET_AT, CPU_AT, PC_AT = 0x6F, 0x602, 0x6BC
SRAM_AT, SRAM_SIZE = 0x40000, 0x10000
STOPPED = (0x05, 0x06)
RUNNING_PC = bytes.fromhex("74050000")
DIVIDERS = range(3, 12)


class Target:
    """`halted` while the CPU is stopped; `boots` counts resets."""

    def __init__(self, flash: Flash, options: ModuleOptions, now: Callable[[], float]) -> None:
        self.flash = flash
        self.halted = False
        self.boots = 0
        self._options, self._now = options, now
        self._low_since: float | None = None
        self._released = float("-inf")
        self._sram = bytearray(SRAM_SIZE)
        self._analog = bytes(range(256))

    # -- power and reset -------------------------------------------------------------------

    def pin(self, high: bool, at: float) -> None:
        """The programmer drives the RST wire from time `at` on."""
        if not self._options.rst:
            return
        if not high:
            if self._low_since is None:
                self._low_since = at
            return
        low, self._low_since = self._low_since, None
        if low is not None and at - low >= self._options.min_reset:
            self.reboot(at)

    def reboot(self, at: float) -> None:
        """All registers as after power-on; the firmware boots."""
        self.halted = False
        self.boots += 1
        self._released = at

    def activate(self, began: float, ended: float) -> None:
        """CPU stop was written over and over from `began` to `ended`."""
        hand = self._options.hand
        if hand is not None and ended - began > hand:
            self.reboot(began + hand)
        deaf = self._released + self._options.wakes
        if self._takes_part and (
            (self._stays_open and ended > deaf)
            or (ended > deaf and began < deaf + self._options.window)
        ):
            self.halted = True

    @property
    def bootable(self) -> bool:
        """True when the hardware finds the boot mark."""
        return any(self.flash.cells[base + MARK_AT] == MARK for base in BOOT_BASES)

    @property
    def _takes_part(self) -> bool:
        wired = self._options.sws and self._options.powered
        return wired and self._low_since is None and not self._options.rst_held

    @property
    def _stays_open(self) -> bool:
        return self.halted or self._options.keep_sws or not self.bootable

    def answers(self, divider: int, address_bytes: int) -> bool:
        """Whether SWS is read and written now."""
        if not self._takes_part or divider not in DIVIDERS or address_bytes != 3:
            return False
        up = self._now() - self._released - self._options.wakes
        return up >= 0 and (self._stays_open or up < self._options.window)

    @property
    def runs(self) -> bool:
        """True when the firmware runs and has taken the SWS pad."""
        up = self._now() - self._released
        return self.bootable and not self.halted and up >= self._options.window

    # -- registers and memory --------------------------------------------------------------

    def read(self, address: int, count: int) -> bytes:
        """Registers and SRAM, with rising address."""
        return bytes(self._byte(address + offset) for offset in range(count))

    def _byte(self, address: int) -> int:
        sram = (address & 0x7FFFFF) - SRAM_AT
        if 0 <= sram < SRAM_SIZE:
            return self._sram[sram]
        if CHIP_AT <= address < CHIP_AT + 3:
            return self._options.chip[address - CHIP_AT]
        if 0x60 <= address < 0x60 + len(REGISTERS):
            return REGISTERS[address - 0x60]
        if PC_AT <= address < PC_AT + 4:
            return 0 if self.halted else RUNNING_PC[address - PC_AT]
        if address == CPU_AT:
            return 0x05 if self.halted else 0x00
        return 0

    def write(self, address: int, data: bytes) -> None:
        """Registers and SRAM, with rising address."""
        for offset, byte in enumerate(data):
            self._set(address + offset, byte)

    def _set(self, address: int, byte: int) -> None:
        sram = (address & 0x7FFFFF) - SRAM_AT
        if 0 <= sram < SRAM_SIZE:
            self._sram[sram] = byte
        elif address == CPU_AT:
            self.halted = byte in STOPPED
        elif address == RESET_AT and byte & 0x20:
            self.reboot(self._now())

    def analog(self, address: int, count: int) -> bytes:
        """Analog registers."""
        return bytes(self._analog[(address + offset) & 0xFF] for offset in range(count))
