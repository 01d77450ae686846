"""`--read-only`: what would change a plug or a module is refused before anything else happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.events import Failed
from core.store.store import Store
from tui.host import Host, Options
from tui.plug_setup import config_work
from tui.verbs import module, plug
from tui.work import Work

REACH = plug.link_options(port="/dev/none", lead="gnd", supply="", baud=0, link_timeout=1.0)
MODULE = {"port": "/dev/none", "baud": 0}
FILE = Path("none.bin")
CHANGES = {
    "plug flash": plug.flash_work(REACH, image=FILE, backup=None),
    "plug flash --profile": plug.flash_work(REACH, image=FILE, backup=None, profile=FILE),
    "plug restore": plug.restore_work(REACH, backup=FILE),
    "plug restore --rf-only": plug.restore_work(REACH, backup=FILE, rf_only=True),
    "plug config --profile": config_work(REACH, profile=FILE),
    "module flash": module.module_work("flash", {**MODULE, "image": FILE}),
    "module wipe": module.module_work("wipe", MODULE),
    "module restore": module.module_work("restore", {**MODULE, "backup": FILE}),
    "module resume": module.module_work("resume", MODULE),
}
READS = {
    "plug info": plug.info_work(REACH),
    "plug backup": plug.backup_work(REACH),
    "module info": module.module_work("info", MODULE),
    "module backup": module.module_work("backup", MODULE),
}


def code_of(home: Path, work: Work) -> tuple[str, int]:
    host = Host(Options(home=str(home), read_only=True))
    job = host.start(work)
    host.join()
    outcome = host.outcome(job)
    assert isinstance(outcome, Failed)
    return outcome.fault.code, outcome.fault.exit


@pytest.mark.parametrize("name", CHANGES)
def test_what_changes_a_device_is_refused_before_file_and_port(name: str, tmp_path: Path) -> None:
    """Neither file nor port exists: any other first step would say so."""
    assert code_of(tmp_path, CHANGES[name]) == ("READ-ONLY", 3)
    assert not [job for job in Store(tmp_path).jobs.all() if job.resumable]


@pytest.mark.parametrize("name", READS)
def test_what_only_reads_goes_on_to_the_port(name: str, tmp_path: Path) -> None:
    assert code_of(tmp_path, READS[name])[0] == "LINK-NO-PORT"
