"""The ciphers of Tuya's key-value store: AES-128, sector by sector, no chaining.

A fixed master key opens the key sector; the 16 bytes found there, plus a constant, open the rest.
Source: Tuya backup sheet 1.2.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 16
"""Bytes that are enciphered together."""
MASTER = b"qwertyuiopasdfgh"
ANCHOR = bytes.fromhex("46dced0e672f3b70ae1276a3f8712e03")
"""16 bytes of FF under the master key: it fills the key sector behind the key."""

_SALT = b"HHRRQbyemofrtytf"
_NAMES = (b"8710", b"", b"8721", b"8711", b"RDA5", _SALT)
"""What is added beside the salt: `8710` on every BK7231 seen, the others on other chips."""

SHARED_KEYS = tuple(
    bytes.fromhex(text)
    for text in (
        "cb4e3ea400309dab656d8dbfe4b93f35",
        "db4b5774a874e687a1cb99cb338f17dd",
        "dbe5f5de2a14416abe3efa8db643bef8",
    )
)
"""Inner keys that several unrelated devices were seen to have; the first is usual on a T."""


@lru_cache(maxsize=32)
def _cipher(key: bytes) -> Cipher[modes.ECB]:
    return Cipher(algorithms.AES(key), modes.ECB())


def decrypt(data: bytes, key: bytes) -> bytes:
    """`data`, a multiple of 16 bytes, in plain."""
    return _cipher(key).decryptor().update(data)


def encrypt(data: bytes, key: bytes) -> bytes:
    """The other way."""
    return _cipher(key).encryptor().update(data)


@lru_cache(maxsize=32)
def data_keys(inner: bytes) -> tuple[bytes, ...]:
    """The keys that data may be under, for the 16 bytes of the key sector; likeliest first."""
    return tuple(_derived(inner, name) for name in _NAMES)


def data_key(inner: bytes) -> bytes:
    """The key of the data on a BK7231."""
    return _derived(inner, _NAMES[0])


def _derived(inner: bytes, name: bytes) -> bytes:
    added = (name * BLOCK)[:BLOCK] if name else bytes(BLOCK)
    return bytes(sum(triple) & 0xFF for triple in zip(inner, _SALT, added, strict=True))
