"""A result as people read it: no True, no bare byte counts, no offsets in decimal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from core.beken.tasks.backup import BackupOptions, backup
from core.beken.tasks.config import ReadConfigOptions, read_config
from core.beken.tasks.info import InfoOptions, info
from core.job import Reporter, Result
from core.store.jobs import JobInfo
from tests.core.beken.test_flash import a_bench, write
from tests.core.beken.test_restore import bring_back
from tests.core.telink.bench import MAC
from tests.core.telink.bench import bench as module_bench
from tests.virtual_clock import virtual
from tui.output import result_lines
from tui.report import event_text, job_markdown
from tui.results import rows

MACHINE_WORDS = re.compile(r"\bTrue\b|\bFalse\b|\bNone\b|\[|\]|(?<!address )\b\d{5,}\b(?! baud)")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"true": True, "whole": False}, ["every byte proven by the chip: yes", "whole: no"]),
        ({"reasons": [], "mac": "", "version": None}, []),
        ({"reasons": ["No MAC.", "Blank."]}, ["not whole or proven because: No MAC. Blank."]),
        ({"size": 2097152, "kept": 1000}, ["size: 2048 KiB",
                                           "taken from an unfinished backup: 1000 bytes"]),
        ({"kept": 0, "reread": 0, "retries": 2}, ["repeats: 2"]),
        ({"seconds": 4.25}, ["time: 4.2 s"]),
        ({"seconds": 192.0}, ["time: 3:12 min"]),
        ({"start": 69632, "end": 1220608, "ranges": ["0x011000-0x129FFF"]},
         ["addresses: 0x011000-0x129FFF"]),
        ({"ranges": [[0x1D1000, 0x1D2000], [0, 4096]]},
         ["addresses: 0x1D1000-0x1D1FFF, 0x000000-0x000FFF"]),
        ({"status": "4004", "exit": 4, "basic": False}, ["flash status register: 0x4004"]),
        ({"changed": ["wifi.ssid", "names.short"]}, ["changed: wifi.ssid, names.short"]),
        ({"of_another_room": True, "toml": "a\nb", "rows": [{"a": 1}]}, ["of another room: yes"]),
        ({"size": "odd", "seconds": "odd", "ranges": 7, "reasons": 7},  # a journal changed by hand
         ["size: odd", "time: odd", "addresses: 7", "not whole or proven because: 7"]),
        ({"ranges": [["a", 1], [1]]}, ["addresses: ['a', 1], [1]"]),
    ],
)  # fmt: skip
def test_each_field_has_its_words(values: dict[str, Any], said: list[str]) -> None:
    assert [f"{label}: {text}" for label, text in rows(values)] == said


def sound(result: Result) -> list[str]:
    """The lines, none of which speaks as a machine does."""
    lines = result_lines(result)
    for line in lines:
        name, _, text = line.partition(": ")
        if name.strip() not in ("SHA-256", "SHA-256 of the backup", "file", "backup", "copy",
                                "number of the flash chip"):  # fmt: skip
            assert not MACHINE_WORDS.search(text if text else name), line
    return lines


@virtual
async def test_what_plug_jobs_end_with(tmp_path: Path) -> None:
    bench = a_bench(tmp_path)
    reach: dict[str, Any] = {"port": "sim", "link_timeout": 2.0}

    async def who(report: Reporter) -> Result:
        return await info(report, InfoOptions(**reach), ports=bench.open_port)

    async def take(report: Reporter) -> Result:
        options = BackupOptions(**reach)
        return await backup(report, options, ports=bench.open_port, store=bench.store)

    async def configured(report: Reporter) -> Result:
        options = ReadConfigOptions(**reach)
        return await read_config(report, options, ports=bench.open_port, store=bench.store)

    results = []
    for outcome in (await bench.run(who), await bench.run(take), await write(bench)):
        results.append(dict(outcome.values))
    results.append(dict((await bring_back(bench, Path(results[1]["file"]))).values))
    results.append(dict((await bench.run(configured)).values))
    told = list(map(sound, results))
    assert "  size: 2048 KiB" in told[0] and "  write-protected: yes" in told[0]
    assert "  whole: yes" in told[1]
    assert "  addresses: 0x011000-0x129FFF" in told[2] and "  started: booted" in told[2]
    assert "  addresses: 0x011000-0x1CFFFF, 0x1D1000-0x1FFFFF" in told[3]
    assert "  configured: no" in told[4]
    record = "\n".join(job_markdown(
        JobInfo("j-01", "plug-flash", "Flash", "done", "", False, None),
        [{"event": "result", "t": 1.0, **results[2]}],
    ))  # fmt: skip
    assert "| proven after writing | yes |" in record
    assert "| addresses | 0x011000-0x129FFF |" in record


@virtual
async def test_what_module_jobs_end_with(tmp_path: Path) -> None:
    table = module_bench(tmp_path)
    out = tmp_path / "copy.bin"
    told = []
    for kind, more in (("info", {}), ("backup", {"out": out}), ("flash", {}), ("wipe", {})):
        outcome = await table.job(kind, **more)
        told.append(sound(dict(outcome.values)))
    assert "  write-protected: yes" in told[0] and f"  mac: {MAC}" in told[0]
    assert f"  copy: {out}" in told[1]
    assert "  addresses: 0x000000-0x004FFF" in told[2]
    assert told[3][0].startswith("Configuration and pairing are erased, proven by checksum; ")


def test_the_record_of_a_fleet_has_its_devices_in_the_log_only() -> None:
    line = {"event": "note", "t": 1.0, "text": "10.0.0.9  plug  done, 2 requests"}
    end = {"event": "result", "t": 1.0, "summary": "1 of 1", "devices": [{"host": "10.0.0.9"}]}
    info = JobInfo("j-01", "openbk-apply", "Apply", "done", "", False, None)
    record = "\n".join(job_markdown(info, [line, end]))
    assert "| summary | 1 of 1 |" in record and "{" not in record
    assert "10.0.0.9  plug  done, 2 requests" in record


def test_the_record_of_a_calibration_has_its_table() -> None:
    lines = ["voltage  231.4 V", "power  1000 W"]
    table = {"event": "facts", "t": 1.0, "key": "calibration", "values": {"lines": lines}}
    live = {"event": "facts", "t": 1.0, "key": "live", "values": {"lines": ["no"]}}
    assert event_text(table).splitlines() == lines and event_text(live) == ""
    for damaged in ({}, {"values": 3}, {"values": {"lines": 7}}):
        assert event_text({"event": "facts", "key": "calibration", **damaged}) == ""
    values = {"energy_before": 70.26, "without_pulses": ["current", "power"], "power_factor": 0.998}
    assert rows(values) == [
        ("energy total before", "70.3 Wh"),
        ("not set, without pulses", "current, power"),
        ("power factor", "0.998"),
    ]
