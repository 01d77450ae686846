"""Real dumps, where the machine has them, and the made-up images that stand in elsewhere."""

import lzma
from pathlib import Path

import pytest

from core.sim import firmware

DUMPS = Path(__file__).parents[4] / "shared" / "dumps"
REAL = {
    "mirabella-genio-i003632-plug": ("n", "381f8d1e7468"),
    "tuya-generic-ap-smt-breaker02-1ch-smart-relay": ("n", "cc8cbf3a7bfc"),
    "tuya-generic-ds-101jl-4-gang-smart-switch": ("t", "a09208758104"),
}


@pytest.fixture(scope="session", params=sorted(REAL))
def real(request):
    """(dump, chip letter, MAC) of one real device."""
    path = DUMPS / f"{request.param}.bin.xz"
    if not path.exists():
        pytest.skip(f"no real dump at {path}")
    chip, mac = REAL[request.param]
    return lzma.decompress(path.read_bytes()), chip, bytes.fromhex(mac)


@pytest.fixture(scope="session")
def stock():
    return firmware.stock_n()


@pytest.fixture(scope="session")
def qio():
    return firmware.openbeken_qio()
