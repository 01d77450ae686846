"""What kind of plug is simulated: its chip, its speed, and what goes wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.sim.faults_on_order import Fault

# eFuse bytes 0-15 of stock plugs: the Tuya key, four words little-endian.  The words are those of
# BK7231 sheet 6.4; its byte listing has a slip in the second word (eb for ea).
TUYA_KEY = bytes.fromhex("93b00f51dceacba37ea1935903ebadc7")

# Block protection bits of the status register: BP0-BP4 and CMP (BK7231 sheet 4.1).
PROTECTION = 0x407C


@dataclass(frozen=True, slots=True)
class PlugOptions:
    """One simulated BK7231N or T.  Times in seconds, rates in bytes a second.

    `chip` is `n`, whose mask ROM answers, or `t`, whose flash loader does: `loader` is the version
    text that this one gives, `idle_reboot` the silence after which it restarts once it was linked
    (0: never).  `cen` is the modem line of the adapter that is wired to CEN: `rts` or `dtr`.

    `rate` is `line` (every byte takes its ten bit times, erasing takes its time) or `max`
    (everything at once; only waits that belong to the protocol remain).

    `status` is the status register at the start; with `protected` False its protection bits are
    cleared.  Bit 8 (SRP1) makes the register unwritable, bit 10 (LB) can only be set.

    `window` None: the ROM answers from the start, for ever.  A number: the application runs at the
    start; after each power-on the ROM listens that long and stays if it was linked; an erased
    flash keeps it listening.  `power_cycle_after` is the person with the reset lead: that long
    after a byte that cannot be answered (the application runs, or the host's speed is not the
    chip's) the supply is interrupted, again and again until the ROM hears the host.

    `boot_noise` is what the application says on UART1 when it starts and then every `noise_every`
    seconds.  `latency` holds the last bytes of each reply back, as the timer of a USB adapter
    does.  `gap` is the silence after which an unfinished packet is given up.
    `wip_polls`: so many reads of the status register after a write show "busy".
    """

    chip: Literal["n", "t"] = "n"
    loader: str = "BK7231S_1.0.5"
    idle_reboot: float = 1.5
    cen: Literal["", "rts", "dtr"] = ""
    rate: Literal["line", "max"] = "line"
    crc_rate: float = 1.5e6
    erase_4k: float = 0.045
    erase_32k: float = 0.15
    erase_64k: float = 0.3
    program_4k: float = 0.006
    protected: bool = True
    status: int = 0x4004
    flash_id: tuple[int, int, int] = (0xEB, 0x60, 0x15)
    chip_id: int = 0x7231C
    device_id: int = 0x20521010
    key: bytes = TUYA_KEY
    efuse_rest: bytes = bytes.fromhex("1122334455667788 a4c1385c94fa 00 00")
    window: float | None = None
    power_cycle_after: float | None = None
    boot_noise: bytes = b""
    noise_every: float = 1.0
    latency: float = 0.0
    gap: float = 0.1
    wip_polls: int = 2
    faults: tuple[Fault, ...] = ()

    @property
    def efuse(self) -> bytes:
        """All 32 eFuse bytes: key, unique id, MAC, user byte, control byte."""
        return (self.key + self.efuse_rest).ljust(32, b"\0")[:32]


DEFAULT = PlugOptions()
