"""The data points of a device as its store lists them.  Source: Tuya backup sheet 2."""

from __future__ import annotations

import json
from typing import Any


def parse_schema(value: bytes) -> list[Any]:
    """The data points of a schema value; empty for anything else."""
    try:
        found = json.loads(value.rstrip(b"\0"))
    except (ValueError, RecursionError):
        return []
    return found if isinstance(found, list) else []
