"""The mark of a relay that may have been left: when it stays, when it goes, and who says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.fault import FaultError
from core.openbk import faults
from core.openbk.lost import MARK, marked, of_cut_job, switching, were_said
from core.openbk.read import Device, read_device
from core.store import faults as store_faults
from core.store.files import Files
from core.store.jobs import JobInfo
from core.store.store import Store
from tests.core.openbk.bench import MAC, talking
from tests.virtual_clock import virtual


def the_fault(kind: str = "BROKEN") -> FaultError:
    return getattr(faults, kind)(what="w", cause="c", next="n")  # type: ignore[no-any-return]


async def a_device() -> Device:
    async with talking() as (client, _served):
        return await read_device(client)


def refuse(_self: Files, path: Path, _data: bytes) -> None:
    raise store_faults.FULL(what=f"{path}: full.", cause="c", next="n")


def mark_of(store: Store) -> object:
    return store.devices.load(MAC).get(MARK)


@virtual
@pytest.mark.parametrize("kind", ["SILENT", "BROKEN", "GONE", "HALF", "PASSWORD"])
async def test_it_stays_after_every_fault_that_leaves_the_relay_unknown(
    tmp_path: Path, kind: str
) -> None:
    store, device = Store(tmp_path), await a_device()
    with pytest.raises(FaultError), switching(store, device, (1,)):
        raise the_fault(kind)
    assert mark_of(store) == "plug1"


@virtual
async def test_it_goes_when_the_relay_is_proven_and_stays_when_it_is_not(tmp_path: Path) -> None:
    store, device = Store(tmp_path), await a_device()
    with pytest.raises(FaultError), switching(store, device, (1,)):
        raise the_fault("REFUSED")
    assert not mark_of(store)  # the device's own answer
    with pytest.raises(FaultError), switching(store, device, (1,)) as mark:
        mark.settled = True
        raise the_fault()
    assert not mark_of(store)
    with pytest.raises(FaultError), switching(store, device, (1,)) as mark:
        mark.settled = False
        raise the_fault("REFUSED")
    assert mark_of(store) == "plug1"
    with switching(store, device, (1,)):
        pass
    assert not mark_of(store)
    with pytest.raises(ZeroDivisionError), switching(store, device, (1,)):
        raise ZeroDivisionError
    assert mark_of(store) == "plug1"


@virtual
async def test_a_full_disk_neither_hides_the_fault_nor_the_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, device = Store(tmp_path), await a_device()
    with pytest.raises(FaultError) as caught, switching(store, device, (1,)) as mark:
        mark.settled = True
        monkeypatch.setattr(Files, "write", refuse)
        raise the_fault()
    assert caught.value.fault.code == "OBK-BROKEN"
    left = marked(store)
    assert [device.name for device in left] == ["plug1"] and "Look at the load" in left[0].text
    were_said(store, left)
    assert marked(store) == left  # said again, because it could not be taken away
    monkeypatch.undo()
    were_said(store, left)
    assert marked(store) == []
    with switching(store, device, (1,)):
        monkeypatch.setattr(Files, "write", refuse)
    assert marked(store) == left  # the work was done; that counts


@virtual
async def test_what_cannot_be_marked_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, device, begun = Store(tmp_path), await a_device(), False
    monkeypatch.setattr(Files, "write", refuse)
    with pytest.raises(FaultError) as caught, switching(store, device, (1,)):
        begun = True
    assert caught.value.fault.code == "STORE-FULL" and not begun


@virtual
async def test_any_name_can_be_marked(tmp_path: Path) -> None:
    store, device = Store(tmp_path), await a_device()
    object.__setattr__(device.info, "short_name", 'a\ud800"\n[b]')
    with pytest.raises(FaultError), switching(store, device, (1,)):
        raise the_fault()
    assert [left.mac for left in marked(store)] == [store.devices.path(MAC).stem]


def cut(kind: str, state: str = "interrupted") -> JobInfo:
    return JobInfo("20261120T140233Z-x-01", kind, "title", state, "", False, None)


YES = [{"event": "answer", "key": "load", "answer": "yes", "by": "keyboard"}]


@pytest.mark.parametrize(
    ("job", "events", "says"),
    [
        (cut("openbk-calibrate"), YES, True),
        (cut("openbk-switch"), YES, True),
        (cut("openbk-calibrate"), [], False),  # its question was not answered
        (cut("openbk-calibrate"), [{**YES[0], "answer": "no"}], False),
        (cut("openbk-show"), YES, False),
        (cut("plug-flash"), YES, False),
        (cut("openbk-calibrate", "failed"), YES, False),
    ],
)
def test_a_cut_off_job_says_it_where_it_may_have_come_to_the_relay(
    job: JobInfo, events: list[dict[str, object]], says: bool
) -> None:
    assert ("may have been left on" in of_cut_job(job, events)) is says
