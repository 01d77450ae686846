"""Known answers of the layout, worked out with other tools."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.tuya import crypt, encode, layout
from tests.core.tuya.dumps import KEY

EMPTY = "04d9f39ea68859a0a25c6ef7fea84fe1efff14c8a77299db63141e68502d5ab3"
ONE_ENTRY = "445d0a8e7ff3c91efbefc57d8040cd5a37848f329c09ac3d3c4ffc33113f2d38"
PROTECTED = "85672ac542eb0c9b6d890036126a4dbc5be7b0e0198f01fabeff4b37f4ac6fda"
KEY_SECTOR = "821d545141c782da8c41804bb81badb21d7c74052dfd747090de2606ab8a90b5"
BLOCK_0 = "b45f9e67e314c8cc6a8fc60f95c88d531faab602fce9f85b35b54d48e5eed4e7"


def test_keys():
    assert crypt.encrypt(b"\xff" * 16, crypt.MASTER) == crypt.ANCHOR
    assert crypt.data_key(KEY).hex() == "c1c1c6c6cedff1ddeef0e2eef9fef4e6"
    assert crypt.decrypt(crypt.encrypt(bytes(range(32)), KEY), KEY) == bytes(range(32))


def test_images_made_by_another_encoder_are_the_same():
    assert sha256(encode.store({}, KEY)).hexdigest() == EMPTY
    one = encode.store({"em_sys_env": b"bk7231n".ljust(20, b"\0")}, KEY)
    assert sha256(one).hexdigest() == ONE_ENTRY
    assert sha256(one[:4096]).hexdigest() == KEY_SECTOR
    assert sha256(encode.store({}, KEY)[4096:8192]).hexdigest() == BLOCK_0
    saved = encode.protected({"gw_bi": b"{}", "gw_wsm": b'{"ssid":null}'}, KEY)
    assert sha256(saved).hexdigest() == PROTECTED


def test_an_index_page_comes_back():
    index = layout.Index("user_param_key", 200, 77, 3, 9, (layout.Part(3, 10, 11),))
    assert layout.parse_index(layout.build_index(index)) == index


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a" * 120, (layout.Part(0, 1, 1),)),
        ("a", tuple(layout.Part(0, 1, 1) for _ in range(30))),
    ],
)
def test_an_index_that_does_not_fit(name, parts):
    with pytest.raises(ValueError, match="fit"):
        layout.build_index(layout.Index(name, 1, 0, 0, 1, parts))


def test_a_count_of_bytes_instead_of_parts_is_understood():
    index = layout.Index("k", 300, 0, 0, 1, tuple(layout.Part(0, n, n) for n in range(2, 10)))
    page = bytearray(layout.build_index(index))
    page[11:13] = (8 * 4).to_bytes(2, "little")
    found = layout.parse_index(bytes(page))
    assert found is not None
    assert found.parts == index.parts


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_none(data):
    layout.parse_index(data)
    layout.parse_header(data)
    layout.inner_key(data)
    assert layout.protected_length(data) is None
    layout.parse_saved(data, len(data))
