"""Faults that the simulated programmer shows on order, as data.

Each is one line of text on the command line (`parse_order`), one `Order` in code::

    drop:KIND:N[:K]      the N-th request of this kind (and K-1 more) is not answered nor done
    mute:KIND:N[:K]      ... is done, the answer is lost
    corrupt:KIND:N[:K]   ... is done, one bit of the answer's frame is turned over
    garbled:KIND:N[:K]   ... reaches the programmer with one bit turned over
    noise:KIND:N[:K]     ... is answered with one wrong data bit in a sound frame (SWire noise)
    lose:KIND:N[:K]      ... is answered "ok", but SWire never carries it to the module
    late:KIND:N[:K]      ... is answered 150 ms late
    trash:KIND:N[:K]     ... is answered after five bytes of rubbish
    short:KIND:N[:K]     ... SWire breaks off half-way through the read
    busy:KIND:N:SECONDS  from the N-th on the flash stays busy for so long
    reboot:KIND:N        the programmer restarts instead, and with it the module
    reset:KIND:N         the module restarts right before it
    vanish:KIND:N        the adapter is pulled when the request has come, before it is done
    gone:KIND:N          from here on the programmer never answers again

KIND is version, config, pins, activate, baud, read, write, erase, jedec, status, swread, swwrite,
spi or crc, or `any`.  Requests count from 1 over the whole life of the programmer; K may be `*`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from core.sim import faults

FATES = (
    "drop", "mute", "corrupt", "garbled", "noise", "lose", "late", "trash", "short", "busy",
    "reboot", "reset", "vanish", "gone",
)  # fmt: skip
ANY = "any"
KINDS = (
    "version", "config", "pins", "activate", "baud", "read", "write", "erase", "jedec", "status",
    "swread", "swwrite", "spi", "crc", ANY,
)  # fmt: skip
FOR_EVER = 1 << 60


@dataclass(frozen=True, slots=True)
class Order:
    """One fault: what happens to which requests; `seconds` for busy only."""

    fate: str
    kind: str
    first: int
    count: int = 1
    seconds: float = 0.0

    def meets(self, kind: str, number: int) -> bool:
        return self.kind in (kind, ANY) and self.first <= number < self.first + self.count


def parse_order(text: str) -> Order:
    """The fault that `text` orders.  Raises FaultError SIM-ORDER."""
    fate, kind, *numbers = [*text.strip().lower().split(":"), ""][:5]
    numbers = [number for number in numbers if number]
    try:
        if fate not in FATES or kind not in KINDS or not 1 <= len(numbers) <= 2:
            raise ValueError("the form is FATE:KIND:N[:K]")
        first = int(numbers[0])
        if first < 1:
            raise ValueError("requests count from 1")
        if fate == "busy":
            return Order(fate, kind, first, 1, float(numbers[1]))
        more = numbers[1] if len(numbers) > 1 else "*" if fate == "gone" else "1"
        return Order(fate, kind, first, FOR_EVER if more == "*" else int(more))
    except (ValueError, IndexError) as error:
        raise faults.ORDER(
            what=f"'{text}' is no fault on order: {error}.",
            cause="A word is misspelt or missing.",
            next="Write for example drop:write:3, busy:erase:1:5 or vanish:write:40.",
        ) from error


class Orders:
    """Counts requests and says which faults are due."""

    def __init__(self, orders: Iterable[Order]) -> None:
        self._orders = tuple(orders)
        self.seen: Counter[str] = Counter()

    def due(self, kind: str) -> dict[str, Order]:
        """The fates that meet this request."""
        self.seen[kind] += 1
        self.seen[ANY] += 1
        return {
            order.fate: order
            for order in self._orders
            if order.meets(kind, self.seen[order.kind if order.kind == ANY else kind])
        }
