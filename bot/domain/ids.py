"""Identifiers: sortable ones for records, short ones for people."""

import re
import secrets
from datetime import datetime

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


def _encode(value: int, length: int) -> str:
    digits = []
    for _ in range(length):
        value, rest = divmod(value, 32)
        digits.append(_CROCKFORD[rest])
    return "".join(reversed(digits))


def create_sortable_id(at: datetime) -> str:
    """Return 26 characters that sort by time (48 bits of ms, then 80 random bits; as a ULID)."""
    return _encode(int(at.timestamp() * 1000), 10) + _encode(secrets.randbits(80), 16)


def parse_timestamp_ms(record_id: str) -> int | None:
    """Return when a sortable id was created, in ms since 1970, or `None` if it is not one."""
    if len(record_id) != 26 or not set(record_id) <= set(_CROCKFORD):
        return None
    value = 0
    for character in record_id[:10]:
        value = value * 32 + _CROCKFORD.index(character)
    return value


def create_run_id() -> str:
    """Return a run id of six characters that is easy to read out.

    The store ensures that it is unique.

    At least one character is a digit, which distinguishes "run 7k2m9q" from a word after "run".
    """
    return encode_short_code(secrets.randbits(30))


def parse_run_id(text: str) -> str:
    """Return a run id as people type it: `#7K2M9Q` is `7k2m9q`."""
    return text.strip(" `#").lower()


def encode_short_code(number: int) -> str:
    """Return six characters for a number, always the same ones; at least one is a digit."""
    while (code := _encode(number, 6)).isalpha():
        number += 1
    return code


def shorten_id(record_id: str) -> str:
    """Return the last eight characters of a sortable id, as an error reply shows them."""
    return record_id[-8:]


def slugify(text: str, *, limit: int = 32) -> str:
    """Return `text` as lower-case words joined by hyphens, safe in a branch name."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    return "-".join(words)[:limit].strip("-") or "change"
