"""Bind keys: AES-128-CCM with a 4-byte check (BTHome sheet 7)."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from core.bthome import faults

KEY_BYTES = 16
MIC_BYTES = 4
_SEPARATORS = frozenset(" :-._,;/\t'\"")


class BindKey:
    """One device's key, ready for use.  Its bytes never show up in a repr."""

    __slots__ = ("_cipher", "raw")

    def __init__(self, raw: bytes) -> None:
        """Raises ValueError unless `raw` is 16 bytes."""
        if len(raw) != KEY_BYTES:
            raise ValueError("a bind key has 16 bytes")
        self.raw = raw
        self._cipher = AESCCM(raw, tag_length=MIC_BYTES)

    def __repr__(self) -> str:
        return "BindKey(...)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BindKey) and other.raw == self.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def open(self, nonce: bytes, sealed: bytes, extra: bytes | None) -> bytes | None:
        """The plain bytes of ciphertext + MIC; None when key and packet do not fit."""
        try:
            return self._cipher.decrypt(nonce, sealed, extra)
        except InvalidTag:
            return None


def key_digits(text: str) -> tuple[int, str]:
    """How many hex digits a typed key has so far, and the first thing in it that is none.

    Any separators between the digits are fine; a `0x` in front is, too.
    """
    digits = _bare(text)
    bad = next((c for c in digits if c not in "0123456789abcdef"), "")
    return sum(c in "0123456789abcdef" for c in digits), bad


def parse_key(text: str) -> BindKey:
    """A key as people write it: 32 hex digits with any separators.  Raises BTHOME-KEY, which
    never quotes the text."""
    count, bad = key_digits(text)
    if bad or count != 2 * KEY_BYTES:
        seen = "something that is no hex digit" if bad else f"{count} hex digits"
        raise faults.KEY(
            what=f"The bind key has {seen}; it needs 32 hex digits.",
            cause="A digit is missing or mistyped.",
            next="Copy it again from where it was shown, or read it from the module.",
        )
    return BindKey(bytes.fromhex(_bare(text)))


def _bare(text: str) -> str:
    digits = "".join(c for c in text.lower() if c not in _SEPARATORS)
    return digits.removeprefix("0x")
