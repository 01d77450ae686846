"""Every way to fail has a code of its own and a help page that works without a network."""

from __future__ import annotations

import dataclasses
import importlib
import json
import pkgutil
import re
from pathlib import Path

import pytest

import core
from core.fault import Exit, Fault, FaultError, FaultKind, Touched


def declared() -> list[tuple[str, str, FaultKind]]:
    """(module, name, kind) of every kind in every `faults.py` under core."""
    found = []
    for module in pkgutil.walk_packages(core.__path__, "core."):
        if module.name.rpartition(".")[2] == "faults":
            for name, value in vars(importlib.import_module(module.name)).items():
                if isinstance(value, FaultKind):
                    found.append((module.name, name, value))
    return found


KINDS = declared()


def test_every_faults_file_is_looked_at() -> None:
    on_disk = set(Path(core.__path__[0]).rglob("faults.py"))
    assert len({module for module, _, _ in KINDS}) == len(on_disk) > 2


def test_codes_are_unique() -> None:
    codes = [kind.code for _, _, kind in KINDS]
    assert sorted(codes) == sorted(set(codes))


@pytest.mark.parametrize("kind", [k for _, _, k in KINDS], ids=lambda k: k.code)
def test_each_has_a_title_and_a_help_page(kind: FaultKind) -> None:
    assert re.fullmatch(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)*", kind.code)
    assert kind.title[0].isupper() or not kind.title[0].isalpha()
    assert not kind.title.endswith(".")
    text = re.sub(r"^\d\. ", "", kind.help, flags=re.MULTILINE)
    sentences = re.findall(r"[\w`)][.?!](?=\s|$)", text)
    assert len(sentences) >= 2, kind.help


@pytest.mark.parametrize("kind", [k for _, _, k in KINDS], ids=lambda k: k.code)
def test_exit_code_is_one_of_the_documented(kind: FaultKind) -> None:
    assert kind.exit in (Exit.FAULT, Exit.USAGE, Exit.REFUSED, Exit.CANCELLED)
    error = kind(what="Seen.", cause="Why.", next="Do.")
    assert error.fault.code == kind.code
    assert error.fault.exit == kind.exit


def test_only_a_cancel_exits_with_130() -> None:
    assert [kind.code for _, _, kind in KINDS if kind.exit == Exit.CANCELLED] == ["CANCELLED"]


def test_a_fault_is_frozen_and_its_json_has_no_evidence() -> None:
    kind = FaultKind("TEST", "A test", "One. Two.")
    fault = kind(
        what="a", cause="b", next="c", state="d", touched=Touched.PARTIAL,
        command=("wattbench", "info"), evidence="01 E0 FC",
    ).fault  # fmt: skip
    with pytest.raises(dataclasses.FrozenInstanceError):
        fault.code = "OTHER"  # type: ignore[misc]
    assert json.loads(json.dumps(fault.to_json())) == {
        "code": "TEST", "what": "a", "cause": "b", "next": "c", "state": "d",
        "touched": "partial", "command": ["wattbench", "info"],
    }  # fmt: skip


def test_the_error_reads_as_code_and_what() -> None:
    fault = Fault("LINK-SILENT", "Nothing came.", "x", "y", "z")
    assert str(FaultError(fault)) == "LINK-SILENT: Nothing came."
