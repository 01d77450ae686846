"""What hands do: the wires, the reset lead, the safety gate.  Text only, for screen and help.

Source: rulings P1 to P4; BK7231 sheet 1.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

DRAWING = """\
   module edge            adapter (level jumper at 3.3 V)
  +-----------+
  |  VCC   o--+--- 3.3 V of the supply (500 mA), not of the mains
  |  GND   o--+--- GND of supply and of adapter, joined here
  |  RX1   o--+<-- TX       the two data wires cross:
  |  TX1   o--+--> RX       TX to RX1, RX to TX1
  |  P24   o  |    not connected
  |  P26   o  |    not connected
  +-----------+
"""

SUPPLY_ONLY = "3.3 V supply only, never the wall socket"
SUPPLY_TEXT = (
    "Feed the module from a separate 3.3 V supply of 500 mA or more, all grounds joined; the "
    "3V3 pin of many adapters only selects the level and supplies nothing."
)

ORDERED_REMEDIES = (
    "GND and 3.3 V, measured at the module itself.",
    "Module TX1 to adapter RX.",
    "Board parts load RX1: free the module's GND pin from the main board, beep-test that it has "
    "no contact, and put the GND wire on the module side.",
    "A development board used as adapter: its labels are its own chip's. Swap the two data wires "
    "once; is its EN on GND?",
)


@dataclass(frozen=True, slots=True)
class _LeadText:
    name: str
    off: str
    prompt: str


class Lead(Enum):
    """The one lead that restarts the chip, chosen once a job."""

    GND = _LeadText("GND", "Pull GND now and leave it off.", "Pull GND for 2 s, then reconnect.")
    VCC = _LeadText(
        "3.3 V",
        f"Pull the 3.3 V wire now and leave it off ({SUPPLY_ONLY}; keep GND).",
        f"Pull the 3.3 V wire for 2 s, then reconnect ({SUPPLY_ONLY}; keep GND).",
    )
    CEN = _LeadText("CEN", "Hold CEN to GND now.", "Touch CEN to GND for 1 s, then let go.")

    @property
    def prompt(self) -> str:
        """What to do now, naming the lead."""
        return self.value.prompt

    @property
    def off(self) -> str:
        """How to interrupt it and leave it so, until told to reconnect."""
        return self.value.off

    @classmethod
    def named(cls, name: str) -> Lead:
        """The lead called `gnd`, `vcc` or `cen`.  Raises KeyError."""
        return cls[name.upper()]


GATE_TEXT = (
    "Before the wires go on: the plug is unplugged from the mains and 10 s have passed. The level "
    "jumper of the adapter is at 3.3 V, measured at VCC before connecting (5 V kills the chip). "
    "The module is fed by a bench supply, a regulator board, or a development board with EN tied "
    "to GND; the 3V3 pin of many adapters only selects the level and supplies nothing. Nothing of "
    "this plug touches the mains until it is closed again. Is all of this so?"
)

_BOOT = (
    "The plug is open: use the 3.3 V lead. Mains here kills. Take the RX1 and TX1 wires off, "
    "restart the module with the reset lead and look"
)
BOOT_TEXT = f"{_BOOT} for its access point (OpenBK...). Did it start?"
STOCK_BOOT_TEXT = (
    f"{_BOOT} at its LED: the stock firmware blinks it or joins its old network. Did it start?"
)
