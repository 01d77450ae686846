"""How the benches print: one row a ratio, ours and theirs measured in the same run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """`ours` against `theirs` in `unit`; without `theirs` the value itself is held to `target`."""

    what: str
    ours: float
    target: float | None
    unit: str = "s"
    theirs: float | None = None

    @property
    def value(self) -> float:
        """What the target speaks of."""
        return self.ours if self.theirs is None else self.ours / self.theirs


def show(title: str, rows: list[Row]) -> bool:
    """Print the table; true if every target is met."""
    width = max(len(row.what) for row in rows)
    print(f"\n{title}\n{'':<{width}}  {'ours':>11}  {'theirs':>11}  {'value':>7}  target")
    met = True
    for row in rows:
        missed = row.target is not None and row.value > row.target
        met &= not missed
        theirs = "" if row.theirs is None else f"{row.theirs:.3f} {row.unit}"
        value = f"{row.value:.2f}" + ("" if row.theirs is None else "x")
        target = "" if row.target is None else f"<= {row.target:g}" + "  MISSED" * missed
        ours = f"{row.ours:.3f} {row.unit}"
        print(f"{row.what:<{width}}  {ours:>11}  {theirs:>11}  {value:>7}  {target}")
    return met
