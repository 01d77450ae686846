"""The public tool reads what we write, byte for byte."""

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bkimage.flashmap import SIZE
from core.tuya import blocks, encode, keyvalue
from core.tuya.survey import survey
from tests.core.tuya.dumps import KEY, STORE, VALUES, real, stock, with_store

AES_MODULE = "\n".join(
    (
        "import sys, types",
        "from core.tuya import crypt",
        "class AES:",
        "    MODE_ECB = 1",
        "    def __init__(self, key): self.key = bytes(key)",
        "    new = staticmethod(lambda key, mode: AES(key))",
        "    def decrypt(self, data): return crypt.decrypt(bytes(data), self.key)",
        "    def encrypt(self, data): return crypt.encrypt(bytes(data), self.key)",
        "package, cipher = types.ModuleType('Crypto'), types.ModuleType('Crypto.Cipher')",
        "package.Cipher, cipher.AES = cipher, AES",
        "sys.modules.update({'Crypto': package, 'Crypto.Cipher': cipher})",
    )
)
"""pycryptodome is an extra of the tool that our tests do not need: AES itself is known."""


@pytest.fixture(scope="module")
def kvstorage():
    """The tool's reader of key-value stores."""
    before = dict(sys.modules)
    exec(AES_MODULE, {})
    try:
        from bk7231tools.analysis.kvstorage import KVStorage

        yield KVStorage
    finally:
        for name in set(sys.modules) - set(before):
            if name.startswith(("Crypto", "bk7231tools.analysis.kvstorage")):
                del sys.modules[name]


def theirs(kvstorage, image):
    """All values as the tool reads them."""
    return kvstorage.decrypt_and_unpack(image, find=True).read_all_values()


NAMES = st.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=1, max_size=30)


@settings(max_examples=15, deadline=None)
@given(
    st.dictionaries(NAMES, st.binary(min_size=1, max_size=700), max_size=15),
    st.binary(min_size=16, max_size=16),
    st.integers(0, 13),
)
def test_values_come_back_by_both(kvstorage, values, key, start):
    image = encode.store(values, key, start=start)
    store = keyvalue.read(blocks.find(image))
    assert store.values == values
    low = all(
        max([entry.block, *(span.at // 4096 - 1 for span in entry.spans)]) <= 6
        for entry in store.entries
    )
    if low:  # it reads 0x8000 bytes only
        assert theirs(kvstorage, image) == values


def test_what_it_misses_we_read(kvstorage):
    image = encode.store(VALUES, KEY, start=9)
    assert theirs(kvstorage, image) == {}
    assert keyvalue.read(blocks.find(image)).values == VALUES


@pytest.mark.parametrize(
    "name",
    [
        "mirabella-genio-i003632-plug",
        "tuya-generic-ap-smt-breaker02-1ch-smart-relay",
        "tuya-generic-ds-101jl-4-gang-smart-switch",
    ],
)
def test_real_dumps_give_the_same_keys(kvstorage, name):
    data = real(name)
    assert theirs(kvstorage, data) == survey(data).store.values


def test_the_whole_tool_on_a_made_up_flash(root, tmp_path):
    flash = tmp_path / "flash.bin"
    flash.write_bytes(with_store(encode.store(VALUES, KEY)))
    program = f"{AES_MODULE}\nfrom bk7231tools.__main__ import cli\ncli()"
    ended = subprocess.run(
        [sys.executable, "-c", program, "dissect_dump", "-e", "-O", tmp_path / "out", flash],
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{STORE:#x}: 32 KiB - {len(VALUES)} keys" in ended.stdout
    assert "bootloader" in ended.stdout
    found = json.loads((tmp_path / "out" / "flash_storage.json").read_text())
    assert found["gw_bi"] == json.loads(VALUES["gw_bi"])
    pins = json.loads((tmp_path / "out" / "flash_user_param_key.json").read_text())
    assert pins == dict(sorted(survey(stock()).pins.fields.items()))
    assert len(stock()) == SIZE
