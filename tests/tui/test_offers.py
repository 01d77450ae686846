"""What the forms of Flash and Module pane offer, and the line that says how far a step is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.events import Progress
from core.store.backups import SidecarFacts
from core.store.store import Store
from tests.tui.stage import StageHost, a_port
from tui.look import ASCII as PLAIN
from tui.panes import offers
from tui.panes.flash import choices as flash
from tui.panes.module import choices as module
from tui.widgets.progress import SHORTEST, progress_text


def keep(store: Store, mac: str, chip: str) -> Path:
    async def take() -> Path:
        part = store.backups.begin(mac, chip, 4096)
        await part.write(0, bytes(4096))
        facts = SidecarFacts(
            chip=chip, flash_id="", mac=mac, size=4096, true=True, whole=True, reasons=(),
            chip_crc="", source="test",
        )  # fmt: skip
        return (await part.finish(facts)).path

    return asyncio.run(take())


def test_each_pane_offers_the_backups_of_its_own_devices(tmp_path: Path) -> None:
    host = StageHost(tmp_path)
    plug = keep(host.store, "A4:C1:38:00:00:01", "bk7231n")
    meter = keep(host.store, "A4:C1:38:00:00:02", "tlsr825x")
    assert "proven" in flash.backup_choices(host)[1][1]
    assert [value for value, _ in flash.backup_choices(host)] == ["new", str(plug)]
    assert [value for value, _ in module.backup_choices(host)] == ["new", str(meter)]


def test_a_field_opens_with_what_was_last_or_what_there_is_only_one_of(tmp_path: Path) -> None:
    one = (("a", "A"), (offers.TYPE, "type"))
    two = (("a", "A"), ("b", "B"), (offers.TYPE, "type"))
    assert offers.likely_port("/dev/none", one) == "a"
    assert offers.likely_port("/dev/none", two) == offers.likely_port("", two[2:]) == ""
    assert offers.likely_port("socket://h:1", two) == "socket://h:1"
    assert offers.likely_port(str(tmp_path), two) == str(tmp_path)
    file = tmp_path / "b.bin"
    assert offers.likely_file(str(file), two) == ""
    file.write_bytes(b"")
    assert offers.likely_file(str(file), two) == str(file)
    assert offers.likely_file("", one) == "a"


def test_a_remembered_port_that_is_gone_gives_way_to_the_one_there_is(tmp_path: Path) -> None:
    host = StageHost(tmp_path, ports=[a_port("/dev/ttyUSB7")])
    for name in ("plug_port", "module_port"):
        host.store.settings.set(name, "/dev/gone")
    assert flash.first_fields(host)["port"].value == "/dev/ttyUSB7"
    assert module.first_fields(host)["port"].value == "/dev/ttyUSB7"


@pytest.mark.parametrize("width", [20, 60, 78, 158])
@pytest.mark.parametrize(("done", "share"), [(0, 0), (1, 0), (500, 50), (1000, 100), (1200, 120)])
def test_the_bar_grows_with_the_work_and_fits(width: int, done: int, share: int) -> None:
    text = progress_text(Progress("Write", done, 1000, "bytes", 100.0, 5.0), PLAIN, width)
    bar = text.split(" ")[0]
    assert len(bar) == max(SHORTEST, width - 47)
    assert bar.count(PLAIN.full) == min(len(bar), len(bar) * done // 1000)
    assert f"{share} %" in text and "100 B/s" in text and "0:05" in text
    assert len(text) <= max(width, 47 + SHORTEST)
