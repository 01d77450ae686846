"""What core says in each state of a flash job, as events."""

from __future__ import annotations

from core.beken.tasks.gate import NO_BOOT_STEPS
from core.beken.wiring import BOOT_TEXT, GATE_TEXT, Lead
from core.events import (
    Answered,
    Asked,
    Body,
    Choice,
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

__all__ = ["Answered", "Asked", "Choice", "Facts", "Question"]

PORT = "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0"
IMAGE = "OpenBK7231N_QIO_1.18.100.bin"
MAC = "A4:C1:38:5C:94:FA"
BACKUP = "/home/pi/.local/share/wattbench/backups/a4c1385c94fa/20261120T140233Z-bk7231n-0001.bin"

BEGUN = (
    Started("plug-flash", f"Flash: {PORT} with {IMAGE}"),
    Phase("Image", 1, 10),
    Phase("Safety", 2, 10),
)
GATE_ASKED = (Asked(Question("mains-gate", GATE_TEXT)),)
LINKING = (
    Answered("mains-gate", "yes", "keyboard"),
    Phase("Link", 3, 10),
    Note("RESET-NOW", Lead.GND.prompt),
)


def listening(seconds: float, count: int, kind: str = "nothing", lead: Lead = Lead.GND) -> Facts:
    values = {
        "prompt": lead.prompt, "seconds": seconds, "timeout": 60.0, "bytes_seen": count,
        "kind": kind, "linked": False,
    }  # fmt: skip
    return Facts("link", values)


LINKED = (
    Facts("link", {"linked": True, "prompt": "", "seconds": 4.0, "timeout": 60.0,
                   "bytes_seen": 8, "kind": "loader"}),
    Phase("Identify", 4, 10),
    Facts("device", {"chip": "bk7231n", "part": "TH TH25Q16HB", "flash_id": "eb6015", "mac": MAC}),
)  # fmt: skip


def reading(done: int) -> tuple[Body, ...]:
    """`done` sectors read and proven, 16 more read, the rest untouched."""
    cells = ("R" * done + "r" * 16).ljust(512)
    return (
        Phase("Read and prove", 5, 10),
        Progress("Read and prove", done * 4096, 512 * 4096, "bytes", 82_000.0, 16.4, cells),
    )


PLAN = (
    "keep         0x000000-0x010FFF  bootloader (yours)",
    "erase, write 0x011000-0x129FFF  OpenBeken 1.18.100 N",
    "keep         0x12A000-0x1CFFFF  everything between application and RF (yours)",
    "keep         0x1D0000-0x1D0FFF  RF calibration and MAC (yours)",
    "keep         0x1D1000-0x1FFFFF  configuration and Tuya store (yours)",
)
PLANNED = (
    Phase("Keep", 6, 10),
    Phase("Plan", 7, 10),
    Facts("plan", {"lines": list(PLAN)}),
    Asked(Question("write-plan", "\n".join((*PLAN, f"Backup: {BACKUP}", "Write this now?")))),
)
WRITING = (
    Answered("write-plan", "yes", "keyboard"),
    Phase("Unprotect", 8, 10),
    Note("UNPROTECTED", "The flash chip's protection bits are cleared."),
    Phase("Write", 9, 10),
    Progress(
        "Write", 100 * 4096, 281 * 4096, "bytes", 60_000.0, 12.0,
        ("k" * 17 + "W" * 99 + "w" + "e" * 15).ljust(298) + "k" * 214,
    ),
)  # fmt: skip
BOOT_CHECK = Question(
    "boot-check",
    BOOT_TEXT,
    (
        Choice("booted", "yes, its access point is there"),
        Choice("did not boot", "no, nothing appears"),
        Choice("not checked", "I do not check it now"),
    ),
)
BOOTING = (Phase("Verify", 10, 10), Asked(BOOT_CHECK))
DONE = (
    Answered("boot-check", "booted", "keyboard"),
    Finished({"summary": "OpenBeken 1.18.100 N: written, proven, and it started"}),
)

NOT_BOOTED = (
    Answered("boot-check", "did not boot", "keyboard"),
    *(Note("NEXT", f"{number}. {text}") for number, text in enumerate(NO_BOOT_STEPS, 1)),
    Finished({"booted": "did not boot", "summary": "OpenBeken 1.18.100 N: written and proven, but "
              "it did not start: check the 3.3 V supply first"}),
)  # fmt: skip

STEPS = (
    "1. GND and 3.3 V, measured at the module itself. 2. Module TX1 to adapter RX. 3. Board parts "
    "load RX1: free the module's GND pin from the main board, beep-test that it has no contact, "
    "and put the GND wire on the module side. 4. A development board used as adapter: its labels "
    "are its own chip's. Swap the two data wires once; is its EN on GND? Then try again: "
)
LONGEST = Fault(
    code="LINK-SILENT",
    what="No link in 60 s; not one byte was heard.",
    cause="No power at the module, no common ground, or the wire is not on TX1.",
    next=STEPS + Lead.VCC.prompt,
    state="0x11000-0x98FFF is written and proven; the plug will not start until the rest is "
    "written. The plug is not lost: the chip's loader stays reachable over the wires, and the "
    "backup holds everything that was there.",
    touched=Touched.PARTIAL,
    command=("wattbench", "plug", "flash", "--port", PORT, "--image", f"/home/pi/{IMAGE}",
             "--backup", BACKUP),
)  # fmt: skip
FAILED = (Failed(LONGEST),)
