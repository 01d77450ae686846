"""How a simulated meter module is set up, and what goes wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class House:
    """What is true behind the meter: kWh of three tariffs, W, V, A, per cent of its battery."""

    tariffs: tuple[float, float, float] = (7308.60, 6915.48, 9263.31)
    power: float = 120.0
    voltage: float = 236.0
    current: float = 0.18
    battery: int = 58


@dataclass(frozen=True, slots=True)
class MeterOptions:
    """The meter that hangs on the optical head.

    `kind` is 1..4; `mood` is answers, silent, bad-crc, three-phase or noise (something answers
    with another address).
    """

    kind: int = 1
    address: int = 20109
    serial: str = "3171112520109"
    made: str = "04.10.2017"
    mood: str = "answers"
    house: House = field(default_factory=House)


@dataclass(frozen=True, slots=True)
class ModuleOptions:
    """The module.

    `release` names one of the firmware images; `next_release` is what an accepted update boots.
    `latency` in seconds delays each request from 1 s after the connect on; `hang_up` ends every
    connection.  `deaf` loses so many identify commands; `mute` sends no notification at all;
    `doubled` is what real modules do.  `stuck` are command ids that are taken and not done.
    `drop_after` cuts the link after so many writes.  `ota_error` makes an update fail with this
    code after `ota_error_at` blocks.  `status_bytes` cuts or pads the status.
    `pace` makes polls of the meter shorter, for tests in real time.
    """

    address: str = "A4:C1:38:5C:94:FA"
    release: str = "1.7"
    next_release: str = "1.7"
    meter: MeterOptions = field(default_factory=MeterOptions)
    latency: float = 0.0
    hang_up: float = 301.0
    deaf: int = 0
    mute: bool = False
    stuck: frozenset[int] = frozenset()
    drop_after: int | None = None
    drop_after_ota_blocks: int | None = None
    ota_error: int = 0
    ota_error_at: int = 100
    status_bytes: int | None = None
    bonded_to: str = ""
    kind: int = 1
    meter_address: int = 0
    period: int = 1
    key: bytes = b""
    scale: int | None = None
    pace: float = 1.0
