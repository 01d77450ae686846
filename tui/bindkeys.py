"""Bind keys for verbs: those of the data folder, and those of a file that was named."""

from __future__ import annotations

from pathlib import Path

from core.store import faults
from core.store.keys import Keys
from tui.lines import Bench


def bind_keys(bench: Bench, key_file: Path | None) -> dict[str, bytes]:
    """Sixteen bytes by address.  A file that was named and cannot be used is a fault; one of
    ours with a flaw is said and used as far as it goes."""
    store = bench.host.store
    found = dict(_said(bench, store.keys).bind_keys)
    if key_file is not None:
        if not key_file.is_file():
            raise faults.UNREADABLE(
                what=f"{key_file} is not there.",
                cause="The name of the key file is mistyped.",
                next="Check the path.",
            )
        found |= _said(bench, Keys(key_file, store.files)).bind_keys
    return found


def _said(bench: Bench, keys: Keys) -> Keys:
    for sentence in (keys.problem, keys.too_open):
        if sentence:
            bench.out.aside(sentence)
    return keys
