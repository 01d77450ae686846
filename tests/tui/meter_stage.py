"""The Meter pane over simulated modules in real time, with quick meters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from core.events import Body, Facts, Failed, Finished, Note, Phase, Progress, Started
from core.meter import faults
from core.radio.radio import Radio
from core.sim.air import Air, backends
from core.sim.bluez_records import SimAdapter
from core.sim.meter_gatt import MeterModule
from core.sim.meter_gatt_options import ModuleOptions
from tests.tui.stage import StageHost, StageTools

QUICK = ModuleOptions(pace=0.01, meter_address=0)
MAC = QUICK.address


class AirTools(StageTools):
    """Tools whose radio hears simulated modules; all of it lives on core's loop."""

    def __init__(self, host: StageHost, modules: tuple[ModuleOptions, ...]) -> None:
        super().__init__(host, [])
        self._options = modules
        self.modules: list[MeterModule] = []
        self.powered = True
        self._air: Air | None = None
        self.simulated: Any = None

    def radio(self, adapter: str = "") -> Radio:
        if self._radio is None:
            self._air = Air(noise=0)
            self.modules = [MeterModule(options) for options in self._options]
            for module in self.modules:
                module.interval = (0.05, 0.06)
                self._air.add(module)
            adapters = (SimAdapter(powered=self.powered),)
            self.simulated = backends(self._air, adapters=adapters)
            self._radio = Radio(backends=self.simulated)
        return self._radio

    async def close(self) -> None:
        await super().close()
        if self._air is not None:
            self.simulated.close()
            self._air.close()


class AirHost(StageHost):
    """A host in a room with these modules."""

    def __init__(self, home: Path, *modules: ModuleOptions, **flags: bool) -> None:
        super().__init__(home, [], **flags)
        self.air_tools = AirTools(self, modules or (QUICK,))
        self._tools = self.air_tools

    @property
    def module(self) -> MeterModule:
        return self.air_tools.modules[0]


def other(**more: Any) -> ModuleOptions:
    return replace(QUICK, **more)


BEGUN: tuple[Body, ...] = (
    Started("meter-set", f"Set up: {MAC}"),
    Phase("Find and connect", 1, 6),
    Facts("device", {"mac": MAC}),
    Note("METER-CONNECTED", f"Connected to {MAC} at -60 dBm."),
    Phase("Identify", 2, 6),
)
KNOWN = Facts(
    "meter",
    {
        "mac": MAC, "rssi": -60, "adapter": "B8:27:EB:00:00:01", "seconds_left": 287,
        "bound": False, "firmware": "V1.7", "status_bytes": 13,
        "generation": "V1.3 of 12 March 2023 to V1.7", "type": "kaskad-1-mt",
        "type_title": "KASKAD-1-MT and MIRTEK protocol", "meter_address": 20109, "period": 1,
        "encrypted": True, "scale": "1000 0.1 1 10", "scale_word": "0x0A0F",
        "serial": "3171112520109", "made": "04.10.2017", "battery": 58,
        "raw": {"tariff1": 730860, "tariff2": 691548, "tariff3": 926331, "power": 12,
                "voltage": 23600, "current": 180},
        "values": {"tariff1": "7308.600 kWh", "tariff2": "6915.480 kWh",
                   "tariff3": "9263.310 kWh", "power": "120.00 W", "voltage": "236.0 V",
                   "current": "0.180 A"},
    },
)  # fmt: skip
WRITING: tuple[Body, ...] = (
    KNOWN,
    Phase("Compare", 3, 6),
    Phase("Write and read back", 4, 6),
    Note("METER-SET", "kind of meter: written and read back."),
    Note("METER-LOG", "New device address: 20109"),
    Note("METER-SET", "address: written and read back."),
)
DONE: tuple[Body, ...] = (
    Phase("Ask the meter", 5, 6),
    Note("METER-ANSWERED", "Meter answered: serial 3171112520109, made 04.10.2017."),
    Phase("Leave", 6, 6),
    Finished({"summary": "address 20109 set, read back, meter serial 3171112520109"}),
)
SILENT = Failed(
    faults.NO_ANSWER(
        what="The module asked the meter for address 20109; no serial number came.",
        cause="The address, the optical head, or the kind of meter: they look the same from here.",
        next="1. Compare the address with the display. 2. Seat the optical head.",
        state="Confirmed on the module: kind of meter, address.",
    ).fault
)
LIVE: tuple[Body, ...] = (
    Started("meter-live", f"Live: {MAC}"),
    Phase("Find and connect", 1, 3),
    Facts("device", {"mac": MAC}),
    Note("METER-CONNECTED", f"Connected to {MAC} at -60 dBm."),
    Phase("Identify", 2, 3),
    Phase("Live", 3, 3),
    KNOWN,
    Note("METER-LOG", "request pkt: 0x735520008d4effff0100000000d655"),
    Note("METER-LOG", "response pkt: 0x7355"),
)
OTA: tuple[Body, ...] = (
    Started("meter-ota", f"Update: {MAC} with electricity_meter_V1.7.bin"),
    Phase("Find and connect", 1, 8),
    Phase("Identify", 2, 8),
    KNOWN,
    Phase("Ask", 3, 8),
    Phase("Send", 4, 8),
    Progress("Send", 3120, 6900, "blocks", 208.0, 18.2),
)
OTA_WAITS: tuple[Body, ...] = (
    Progress("Send", 6900, 6900, "blocks", 208.0, 0.0),
    Phase("Wait for it", 5, 8),
)


def sws(second: int) -> tuple[Body, ...]:
    """The guided release, so many seconds after the wire came to SWS."""
    return (
        Started("meter-unlock", f"Unlock: {MAC}"),
        Phase("Prepare", 1, 5),
        Phase("Short SWS to GND", 2, 5),
        Progress("Short SWS to GND", second, 10, "seconds"),
    )
