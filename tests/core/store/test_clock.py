"""Dates in file names and text are UTC, whatever zone the clock gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from core.store.clock import iso, stamp, utc_now

WHEN = datetime(2026, 11, 20, 15, 2, 33, tzinfo=timezone(timedelta(hours=1)))


def test_both_forms() -> None:
    assert stamp(WHEN) == "20261120T140233Z"
    assert iso(WHEN) == "2026-11-20T14:02:33Z"


def test_now_is_utc() -> None:
    assert utc_now().tzinfo is UTC
