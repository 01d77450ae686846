"""Codes of the air: recordings and walk tests."""

from core.fault import FaultKind

RECORDING = FaultKind(
    "AIR-RECORDING",
    "That is not a recording of the air",
    "A recording is a file of lines, each one advert as a JSON object; `wattbench scan --record "
    "FILE` and the key r of the Scan pane write it. The first line names the format. A file from "
    "elsewhere, or one that was cut at its beginning, is not played.",
)
EXISTS = FaultKind(
    "AIR-EXISTS",
    "There is a file of that name already",
    "A recording is never written over something that exists. Choose another name.",
)
