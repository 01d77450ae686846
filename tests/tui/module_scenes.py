"""What core says in each state of a job on a module, as events."""

from __future__ import annotations

from core.events import (
    Answered,
    Asked,
    Body,
    Facts,
    Failed,
    Finished,
    Note,
    Phase,
    Progress,
    Question,
    Started,
)
from core.fault import Fault, Touched
from core.telink.tasks.session import GATE
from core.telink.wiring import HAND_PROMPT, IN_ORDER, SWS_TEXT

PORT = "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0"
IMAGE = "electricity_meter_V1.7.bin"
MAC = "A4:C1:38:AA:BB:CC"
BACKUP = "/home/pi/.local/share/wattbench/backups/a4c138aabbcc/20261120T140233Z-tlsr825x-0001.bin"
SETTINGS = {"meter": "KASKAD-1-MT", "meter_address": 20109, "period": 2, "encrypted": True}

BEGUN = (
    Started("module-flash", f"Module flash: {IMAGE}"),
    Phase("Image", 1, 12),
    Phase("Safety", 2, 12),
    Asked(GATE),
)
REACHING = (
    Answered("module-gate", "yes", "keyboard"),
    Phase("Connect", 3, 12),
    Facts("programmer", {"version": 8, "baud": 1500000, "crc": True}),
    Facts("link", {"prompt": "", "reset": 50, "activation": 2550, "linked": False}),
)
BY_HAND = (
    Note("BY-HAND", HAND_PROMPT),
    Facts("link", {"prompt": HAND_PROMPT, "reset": 50, "activation": 5900, "linked": False}),
)
DEVICE = Facts("device", {"chip": "tlsr825x", "part": "GD25LD40C", "mac": MAC, "settings": SETTINGS,
                          "firmware": "electricity_meter V1.6 (boots)"})  # fmt: skip
READING: tuple[Body, ...] = (
    Facts("link", {"linked": True, "rung": "50/200", "prompt": ""}),
    Phase("Identify", 4, 12),
    DEVICE,
    Phase("Read and prove", 5, 12),
    Progress("Read and prove", 40 * 4096, 128 * 4096, "bytes", 44_000.0, 8.2,
             ("R" * 19 + "_" * 21).ljust(128)),
)  # fmt: skip
PLAN = (
    "erase, write 0x000000-0x012FFF  electricity_meter V1.7",
    "keep         0x013000-0x01FFFF  rest of first boot bank",
    "keep         0x020000-0x03FFFF  second boot bank",
    "keep         0x040000-0x075FFF  configuration and pairing",
    "keep         0x076000-0x077FFF  MAC and calibration (never touched)",
    "keep         0x078000-0x07FFFF  unused",
)
PLANNED = (
    Phase("Keep", 6, 12),
    Phase("Plan", 7, 12),
    Facts("plan", {"lines": list(PLAN)}),
    Asked(Question("write-plan", "\n".join((*PLAN, f"Backup: {BACKUP}", "Write this now?")))),
)
WRITING = (
    Answered("write-plan", "yes", "keyboard"),
    Phase("Unlock", 8, 12),
    Note("UNLOCKED", "The protection bits of the flash are cleared."),
    Phase("Write", 9, 12),
    Progress("Write", 8 * 4096, 19 * 4096, "bytes", 11_000.0, 4.1,
             " " + "W" * 8 + "w" + " " * 9 + "k" * 109),
)  # fmt: skip
DONE = (
    Phase("Verify", 10, 12),
    Progress("Verify", 19 * 4096, 19 * 4096, "bytes", 44_000.0, 0.0, "W" * 19 + "k" * 109),
    Phase("Compare", 11, 12),
    Phase("Start", 12, 12),
    Note("SWS", SWS_TEXT),
    Finished({"summary": "electricity_meter V1.7: written and proven; the firmware has started. "
              "Look for it in the Scan pane (3)"}),
)  # fmt: skip
NO_TARGET = Fault(
    code="TL-NO-TARGET",
    what="The programmer works; nothing answered over SWS (reset/activation tried, in ms: 50/200, "
    "5/100, 50/500, 200/500, 50/2550, 200/5000, 50/5900).",
    cause="SWS, RST, GND or 3.3 V of the module is not connected.",
    next=IN_ORDER,
    state="Nothing was changed.",
)
VANISHED = Fault(
    code="LINK-GONE",
    what=f"The port {PORT} went away: it was unplugged.",
    cause="The adapter was unplugged or lost its supply, or the other end was closed.",
    next="Check the USB plug and the supply, plug the adapter in again, then repeat the step.",
    state="8 of 19 sectors are written and proven. No half firmware can start: the boot mark comes "
    "last. The module is not lost: RST and SWS always reach it, and the backup holds everything "
    "that was there.",
    touched=Touched.PARTIAL,
    command=("wattbench", "module", "resume", "--port", PORT),
)
FAILED = (Failed(NO_TARGET),)
