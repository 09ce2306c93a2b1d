"""Values as Python literals that can be read back exactly, or not at all.

A test is written from what stands here. A value that was cut, or that only looks alike, would make
a wrong test; so there is no in between.
"""

import math
from collections.abc import Callable, Mapping

from bot.redaction._secret_names import secret_name

MAX_CHARS = 1000
MAX_DEPTH = 6

Redact = Callable[[str], str]

_SHORT = 12  # a parser's `token` is a word; one that opens a door is longer


class _NoLiteral(Exception):
    """The value, or something in it, has no literal form within the bounds."""


def literal(
    value: object,
    *,
    redact: Redact | None = None,
    max_chars: int = MAX_CHARS,
    max_depth: int = MAX_DEPTH,
) -> str | None:
    """Return source that `ast.literal_eval` turns into an equal value of the same type.

    None, bool, int, finite float, str and bytes, and tuples, lists, dicts and sets of these; exact
    types only, since a subclass (an enum, a str with behaviour) is not what its repr says. `None`
    when there is no such source of at most `max_chars` characters and `max_depth` levels. Text in
    it is passed through `redact`.
    """
    try:
        source = _Writer(redact or str, max_chars).write(value, max_depth)
    except (_NoLiteral, RecursionError):
        return None
    return source if len(source) <= max_chars else None


def literals(
    values: Mapping[str, object], *, redact: Redact | None = None
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the literals of named values, and the names of those that have none.

    What is named like a secret (`api_key`, `password`) counts as having none, whatever it holds.
    """
    found: dict[str, str] = {}
    opaque: list[str] = []
    for name, value in values.items():
        source = None if is_secret(name, value) else literal(value, redact=redact)
        if source is None:
            opaque.append(name)
        else:
            found[name] = source
    return found, tuple(opaque)


def is_secret(name: str, value: object) -> bool:
    """Return whether a value of this name is likely to be a secret."""
    kind = secret_name(name)
    if kind == "token":
        return not isinstance(value, (str, bytes)) or len(value) >= _SHORT
    return kind is not None


class _Writer:
    """Writes one value, giving up as soon as it is sure to be too long."""

    def __init__(self, redact: Redact, left: int) -> None:
        self._redact = redact
        self._left = left

    def write(self, value: object, depth: int) -> str:
        kind = type(value)
        if value is None or kind is bool:
            return self._took(repr(value))
        if isinstance(value, (str, bytes, int, float)):
            return self._took(self._scalar(value))
        if depth <= 0 or not isinstance(value, (tuple, list, set, dict)):
            raise _NoLiteral
        if len(value) > self._left:
            raise _NoLiteral
        if isinstance(value, dict) and kind is dict:
            return self._dict(value, depth - 1)
        return self._sequence(value, depth - 1)

    def _scalar(self, value: object) -> str:
        kind = type(value)
        if isinstance(value, (str, bytes)) and len(value) > self._left:
            raise _NoLiteral
        if isinstance(value, str) and kind is str:
            return repr(self._redact(value))
        if isinstance(value, bytes) and kind is bytes:
            return repr(self._bytes(value))
        if isinstance(value, int) and kind is int and value.bit_length() < 4 * self._left:
            return repr(value)
        if isinstance(value, float) and kind is float and math.isfinite(value):
            return repr(value)
        raise _NoLiteral

    def _bytes(self, value: bytes) -> bytes:
        """Redact bytes as the text they might be; every byte maps to one character and back."""
        text = value.decode("latin-1")
        redacted = self._redact(text)
        return value if redacted == text else redacted.encode("latin-1", "replace")

    def _sequence(self, value: object, depth: int) -> str:
        if isinstance(value, tuple) and type(value) is tuple:
            inside = ", ".join(self.write(item, depth) for item in value)
            return f"({inside},)" if len(value) == 1 else f"({inside})"
        if isinstance(value, list) and type(value) is list:
            return f"[{', '.join(self.write(item, depth) for item in value)}]"
        if isinstance(value, set) and type(value) is set:
            written = sorted(self.write(item, depth) for item in value)
            return f"{{{', '.join(written)}}}" if written else "set()"
        raise _NoLiteral

    def _dict(self, value: dict[object, object], depth: int) -> str:
        pairs = []
        for key, item in value.items():
            shown = "[redacted]" if type(key) is str and is_secret(key, item) else item
            pairs.append(f"{self.write(key, depth)}: {self.write(shown, depth)}")
        return f"{{{', '.join(pairs)}}}"

    def _took(self, source: str) -> str:
        self._left -= len(source)
        if self._left < 0:
            raise _NoLiteral
        return source
