import pytest
from bk7231tools.crypto.code import BekenCodeCipher
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bkimage import cipher, strides
from core.bkimage.cipher import TUYA, UASCENT, ZERO, Key

WORDS = st.integers(0, 0xFFFFFFFF)
KEYS = st.builds(Key, WORDS, WORDS, WORDS, WORDS) | st.sampled_from(cipher.KNOWN)
ADDRESSES = (0x0, 0x4, 0x20, 0x10000, 0x10004, 0x118000)
VECTORS = {
    TUYA: (0x7CB50721, 0x7CB50F21, 0x7CB54721, 0x7EB50721, 0x7EB50F21, 0x5FB50721),
    UASCENT: (0x2E388101, 0x2F298018, 0xAE300981, 0x2C388123, 0x2D29803A, 0x4C798112),
    ZERO: (0,) * 6,
}


@pytest.mark.parametrize("key", VECTORS, ids=lambda key: key.name)
def test_keystream_vectors(key):
    assert tuple(cipher.keystream(a, key) for a in ADDRESSES) == VECTORS[key]
    for address, word in zip(ADDRESSES, VECTORS[key], strict=True):
        assert cipher.crypt(bytes(4), address, key) == word.to_bytes(4, "little")


@settings(max_examples=60, deadline=None)
@given(KEYS, st.integers(0, 0x200000), st.binary(max_size=64))
def test_fast_path_equals_the_word_by_word_definition(key, start, data):
    first = start - start % 4
    words = range(first, start + len(data), 4)
    stream = b"".join(cipher.keystream(a, key).to_bytes(4, "little") for a in words)
    stream = stream[start - first :]
    expected = bytes(a ^ b for a, b in zip(data, stream, strict=False))
    assert cipher.crypt(data, start, key) == expected


@settings(max_examples=30, deadline=None)
@given(KEYS, st.integers(0, 0x200000), st.binary(max_size=200))
def test_twice_is_nothing(key, start, data):
    assert cipher.crypt(cipher.crypt(data, start, key), start, key) == data


def test_pages_join_without_a_seam():
    long = cipher.crypt(bytes(0x30000), 0xFF00, UASCENT)
    for at in (0, 0xFC, 0x100, 0x10100, 0x20100, 0x2FFFC):
        word = int.from_bytes(long[at : at + 4], "little")
        assert word == cipher.keystream(0xFF00 + at, UASCENT)


@pytest.mark.parametrize("c3", [0x00FFFFF0, 0xFF000000, 0xC7ADEB0F])
def test_keys_that_switch_the_cipher_off(c3):
    assert cipher.crypt(b"plain text", 0x10000, Key(1, 2, 3, c3)) == b"plain text"


@pytest.mark.parametrize("start", [0, 0x10000, 0x118000])
def test_the_peers_cipher_agrees_for_tuyas_key(start):
    data = bytes(range(256)) * 8
    assert cipher.crypt(data, start, TUYA) == bytes(BekenCodeCipher(TUYA).decrypt(data, start))


def test_efuse_bytes():
    data = bytes.fromhex("93b00f51dceacba37ea1935903ebadc7")
    assert cipher.from_efuse(data) == TUYA
    assert cipher.to_efuse(TUYA) == data
    assert [key.name for key in cipher.KNOWN] == ["tuya", "zero", "uascent"]
    assert cipher.from_efuse(bytes(range(16))).name == "other"


@pytest.mark.parametrize("length", [0, 15, 17])
def test_efuse_bytes_of_another_length(length):
    with pytest.raises(ValueError, match="16"):
        cipher.from_efuse(bytes(length))


@pytest.mark.parametrize(
    ("first", "key"),
    [
        ("2f07b59435ff2a9b35e72a9b35ef2a9b", TUYA),
        ("0e0000ea14f09fe514f09fe514f09fe5", ZERO),
    ],
)
def test_the_beginnings_of_the_sheet(first, key):
    plain = cipher.crypt(bytes.fromhex(first), 0x10000, key)
    assert plain == bytes.fromhex("0e0000ea14f09fe514f09fe514f09fe5")


@pytest.mark.parametrize("key", cipher.KNOWN, ids=lambda key: key.name)
def test_key_of_an_application(key):
    vectors = bytes.fromhex("180000ea") + bytes.fromhex("14f09fe5") * 7
    assert cipher.key_of(cipher.crypt(vectors, 0x10000, key), 0x10000) == key


@pytest.mark.parametrize("first", [b"", bytes(32), b"\xff" * 32, bytes.fromhex("0e0000ea")])
def test_no_key_fits(first):
    assert cipher.key_of(first, 0x10000) is None


def test_real_applications_decrypt_as_the_peer_does(real):
    dump, _, _ = real
    code = strides.strip(dump[0x11000 : 0x11000 + 34 * 512])
    plain = cipher.crypt(code, 0x10000, TUYA)
    assert cipher.starts_arm(plain)
    assert plain == bytes(BekenCodeCipher(TUYA).decrypt(code, 0x10000))
