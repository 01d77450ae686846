"""What came of a calibration, one quantity at a time: as a sentence, as JSON, and as a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.openbk.metering import KINDS, Quantity, four, one_pulse


@dataclass(frozen=True, slots=True)
class Setting:
    """What came of one quantity.  `before` and `after` are means of what the device showed;
    shares are of the reference."""

    quantity: Quantity
    reference: float
    before: float
    after: float
    factor_before: float
    factor: float
    tolerance: float
    tries: int

    @property
    def error(self) -> float:
        return self.after / self.reference - 1

    @property
    def good(self) -> bool:
        return abs(self.error) <= self.tolerance

    @property
    def uncertainty(self) -> float:
        """The largest of error, tolerance and one pulse a second (rulings O5)."""
        pulse = one_pulse(self.reference, self.factor)
        return max(self.tolerance, abs(self.error), pulse)

    def line(self) -> str:
        unit = KINDS[self.quantity].unit
        return (
            f"{self.quantity} {self.after:.4g} {unit} for {self.reference:.4g} {unit} "
            f"({percent(self.error)}, tolerance {100 * self.tolerance:.1f} %)"
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "reference": self.reference,
            "before": round(self.before, 4),
            "after": round(self.after, 4),
            "factor_before": self.factor_before,
            "factor": self.factor,
            "error": round(self.error, 5),
            "tolerance": round(self.tolerance, 5),
            "uncertainty": round(self.uncertainty, 5),
            "tries": self.tries,
            "within": self.good,
        }

    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        unit = KINDS[self.quantity].unit
        values = map(four, (self.reference, self.before, self.after))
        shares = (f"{100 * v:.1f} %" for v in (self.tolerance, self.uncertainty))
        return (
            str(self.quantity),
            *(f"{value} {unit}" for value in values),
            percent(self.error) + ("" if self.good else " !"),
            *shares,
            str(self.tries),
        )


HEAD = ("", "reference", "before", "after", "error", "tolerance", "uncertain", "tries")


def table(done: Sequence[Setting]) -> list[str]:
    """One line a quantity under a line of headings, then the factors."""
    lines = columns([HEAD, *(setting.cells() for setting in done)])
    lines.append("uncertain: the largest of error, tolerance and one pulse a second")
    lines += [
        f"{setting.quantity} factor in flash: {setting.factor_before:.6g} -> {setting.factor:.6g}"
        for setting in done
    ]
    return lines


def columns(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Texts in columns: the first one to the left, the others to the right."""
    found = list(rows)
    edges = [max(map(len, column)) for column in zip(*found, strict=True)]
    return [
        "  ".join(
            [f"{row[0]:<{edges[0]}}"]
            + [f"{cell:>{edge}}" for cell, edge in zip(row[1:], edges[1:], strict=True)]
        )
        for row in found
    ]


def percent(share: float, digits: int = 1) -> str:
    """A share with its sign; what rounds to nothing has a plus."""
    return f"{round(100 * share, digits) + 0.0:+.{digits}f} %"


def names(quantities: Iterable[Quantity]) -> str:
    """ "voltage, current and power"."""
    words = [str(quantity) for quantity in quantities]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
