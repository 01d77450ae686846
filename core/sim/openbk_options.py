"""How a simulated OpenBeken device behaves, and what goes wrong with it on order.

A fault is `kind[:value][@n]`: `slow:5` seconds before each answer, `cut:200` bytes and then the
end, `reset` instead of an answer, `json` that is damaged, `401` for everything, `refuse` to
connect, `vanish` (switched off).  With `@n` only the n-th request meets it, with `@n+` all from
there on.  `path=...` in front binds it to requests whose target begins so: `path=/cfg_mqtt:cut:9`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.fault import FaultError
from core.sim import faults
from core.sim.openbk_meter import Load

KINDS = ("slow", "cut", "reset", "json", "401", "refuse", "vanish", "reboot")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One fault on order; see the module's text."""

    kind: str
    value: float = 0.0
    first: int = 1
    last: int = 1 << 30
    path: str = ""

    def hits(self, request: int, target: str) -> bool:
        return self.first <= request <= self.last and target.startswith(self.path)


def parse_trouble(text: str) -> Trouble:
    """The fault that `text` orders.  Raises FaultError SIM-ORDER."""
    rest, path = text, ""
    if rest.startswith("path="):
        path, _, rest = rest.removeprefix("path=").partition(":")
    rest, at, window = rest.partition("@")
    kind, _, value = rest.partition(":")
    try:
        if kind not in KINDS:
            raise ValueError(f"there is no fault '{kind}'")
        number = float(value) if value else 0.0
        if not at:
            return Trouble(kind, number, path=path)
        first = int(window.rstrip("+"))
        return Trouble(kind, number, first, 1 << 30 if window.endswith("+") else first, path)
    except ValueError as error:
        raise _bad(text, str(error)) from error


def _bad(text: str, why: str) -> FaultError:
    return faults.ORDER(
        what=f"'{text}' is no fault of a simulated device: {why}.",
        cause="The order is mistyped.",
        next=f"Faults are {', '.join(KINDS)}.",
    )


@dataclass(frozen=True, slots=True)
class OpenBkOptions:
    """`latency` is seconds that each request takes; `boot` seconds until it serves again after a
    restart, whose countdown is `reboot_delay`; `save_delay` until a change is in flash;
    `late_body` how long it waits before it takes what has come as the whole request; `room` how
    much of a file fits.  `moves_to` is its address after Wi-Fi was changed.  `config` is its
    configuration sector; empty for defaults.  `speed` is how many seconds go by in it in one of
    ours: its meter counts and its memory is saved so much sooner, requests and starts are not."""

    chip: str = "BK7231N"
    mac: bytes = bytes.fromhex("a4c1385c94fa")
    version: str = "1.18.299"
    ip: str = "127.0.0.1"
    config: bytes = b""
    latency: float = 0.0
    boot: float = 1.0
    reboot_delay: float = 3.0
    save_delay: float = 1.0
    late_body: float = 0.03
    safe_mode: bool = False
    room: int = 9887
    update_fails: bool = False
    moves_to: str = ""
    date: str = "Nov 20 2026 07:29:45"
    load: Load = field(default_factory=Load)
    signal: int = -61
    speed: float = 1.0
    faults: tuple[Trouble, ...] = ()
