"""What hands do: the wires between programmer and module, the safety gate.  Text only.

Source: TLSRPGM sheet 1, 5.4; rulings T1.
"""

DRAWING = """\
   kit with TLSRPGM          meter board J1     or bare TB-04
  +---------------+
  |  D4        o--+------->  3  SWS             15  SWS
  |  D3        o--+------->  4  RST              2  RST
  |  3V3       o--+------->  5  +3.3 V          11  3V3
  |  GND       o--+------->  6  GND             12  GND
  +---------------+   self-test (t): D4 to the kit's own SWS, no module
  SWS low for more than 5 s wipes the pairing of a running module:
  take the SWS wire off before the kit loses its power.
"""

GATE_TEXT = (
    "Before the wires go on: the module is off the meter, and its own charger or power bank is "
    "unplugged, because 3.3 V from the kit and a charger must never meet. Four wires from the "
    "kit: D4 to SWS, D3 to RST, 3V3 to +3.3 V, GND to GND. SWS held low for more than 5 s wipes "
    "the pairing of a module that runs. Is all of this so?"
)
SWS_TEXT = (
    "Take the SWS wire off before the kit loses its power: SWS low for more than 5 s wipes the "
    "pairing of a running module."
)
HAND_PROMPT = "Switch the module's supply off and on now (pull and reconnect +3.3 V)."
REMEDIES = (
    "3.3 V and GND, measured at the module (J1 pins 5 and 6).",
    "D4 of the kit to SWS (J1 pin 3, TB-04 pin 15).",
    "D3 of the kit to RST (J1 pin 4, TB-04 pin 2): the meter firmware gives SWS up, only a reset "
    "brings it back.",
    "Self-test: D4 to the kit's own SWS pin tells whether kit and wire are good.",
)
IN_ORDER = " ".join(f"{n}. {text}" for n, text in enumerate(REMEDIES, 1))
