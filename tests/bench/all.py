"""Every bench, one after the other: `python tests/bench/all.py`."""

import sys

import backup
import backup_show
import bthome
import flash
import hex_view
import module
import openbk
import radio
import scan_pane
import startup
import wire

if __name__ == "__main__":
    met = [
        bench.main()
        for bench in (
            startup, backup, flash, backup_show, hex_view, bthome, module, openbk, radio, wire,
            scan_pane,
        )
    ]  # fmt: skip
    sys.exit(0 if all(met) else 1)
