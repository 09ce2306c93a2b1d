"""Ids of records, which sort by time."""

from __future__ import annotations

import secrets
import time

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _DIGITS for second in _DIGITS]
_MILLISECONDS_LENGTH, _RANDOM_LENGTH, _RANDOM_BITS = 10, 16, 80


def create_sortable_id(milliseconds: int | None = None) -> str:
    """Return 26 characters that sort by time: 48 bits of ms since 1970, then 80 random bits."""
    at = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
    return encode(at, _MILLISECONDS_LENGTH) + encode(secrets.randbits(_RANDOM_BITS), _RANDOM_LENGTH)


def encode(value: int, length: int) -> str:
    """Return a number in Crockford's base 32, with an even number of digits."""
    found = []
    for _ in range(0, length, 2):
        found.append(_PAIRS[value & 1023])
        value >>= 10
    return "".join(reversed(found))
