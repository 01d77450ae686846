"""Dumps for the tests: made up whole or in parts, and real ones where the machine has them."""

from __future__ import annotations

import lzma
from functools import cache
from pathlib import Path

import pytest

from core.sim import firmware
from core.sim.tuya_values import LSC_N, stock_values
from core.tuya import crypt, encode

FOLDER = Path(__file__).parents[4] / "shared" / "dumps"
KEY = bytes.fromhex("4142434445464748494a4b4c4d4e4f50")
STORE = 0x1EE000
SECTOR = 0x1000
VALUES = {**stock_values("n", 5, LSC_N), "em_sys_env": b"bk7231n".ljust(20, b"\0")}


@cache
def stock() -> bytes:
    """A whole made-up flash."""
    return firmware.stock_n()


def with_store(store: bytes, at: int = STORE, *, files: bytes = b"\xff" * SECTOR * 4) -> bytes:
    """The stock flash with another store, and another file system or none."""
    data = bytearray(stock())
    data[STORE:] = b"\xff" * (len(data) - STORE)
    data[0x1D2000 : 0x1D2000 + len(files)] = files
    data[at : at + len(store)] = store
    return bytes(data)


def damaged(data: bytes, at: int) -> bytes:
    """One bit of the byte at `at` turned over."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def wiped(data: bytes, start: int, end: int, value: int = 0xFF) -> bytes:
    return data[:start] + bytes([value]) * (end - start) + data[end:]


def block_at(number: int) -> int:
    """Where the home of a block lies in a store."""
    return SECTOR * (number + 1)


def sealed(plain: bytes, key: bytes = KEY) -> bytes:
    return crypt.encrypt(plain, crypt.data_key(key))


def simple(**values: bytes) -> bytes:
    return encode.store(values, KEY)


def real(name: str) -> bytes:
    """A real dump, or skip the test."""
    path = FOLDER / f"{name}.bin.xz"
    if not path.exists():
        pytest.skip(f"no real dump at {path}")
    return lzma.decompress(path.read_bytes())
