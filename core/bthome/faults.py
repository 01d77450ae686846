"""Codes of BTHome: what people can get wrong with it."""

from core.fault import FaultKind

KEY = FaultKind(
    "BTHOME-KEY",
    "That is not a bind key",
    "A bind key is 16 bytes, written as 32 hex digits (0-9, a-f). Spaces, colons and dashes "
    "between them do not matter. The meter module tells its key itself when you connect to it; "
    "a thermometer shows it in the page that configured it.",
)
HEX = FaultKind(
    "BTHOME-HEX",
    "That is not a packet in hex",
    "`bthome decode` takes the service data of an advert in hex, the bytes after the UUID: "
    "`wattbench bthome decode 4002c40903bf13`. A UUID may stand before it (`fcd2:4002c4...`, "
    "`181c:2302ca09`); without one it is fcd2, BTHome v2.",
)
MAC = FaultKind(
    "BTHOME-MAC",
    "That is not a MAC address",
    "A MAC address is 12 hex digits, for example A4:C1:38:5C:94:FA. Encrypted packets need the "
    "address of the device that sent them, because it is part of the encryption.",
)
