"""Converts values to Python literals that evaluate to exactly the same value, or to nothing.

Tests are written from these literals. A value that was cut, or that is only similar, would make a
wrong test. Types are compared first and exactly: `len` or `isinstance` of a subclass or a proxy
could run code that raises anything.
"""

import math
from collections.abc import Callable, Mapping

from theseus_observe.redaction._secret_names import find_secret_kind

MAX_CHARS = 1000
MAX_DEPTH = 6

Redact = Callable[[str], str]

_SHORT = 12  # a `token` of a parser is a short word; a secret token is longer


class _NoLiteral(Exception):
    """The value, or something in it, has no literal form within the bounds."""


def format_literal(
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
    except (_NoLiteral, RuntimeError):  # too deep, or another thread changes it meanwhile
        return None
    return source if len(source) <= max_chars else None


def format_literals(
    values: Mapping[str, object], *, redact: Redact | None = None
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the literals of named values, and the names of those that have none.

    What is named like a secret (`api_key`, `password`) counts as having none, whatever it holds.
    """
    found: dict[str, str] = {}
    opaque: list[str] = []
    for name, value in values.items():
        source = None if is_secret(name, value) else format_literal(value, redact=redact)
        if source is None:
            opaque.append(name)
        else:
            found[name] = source
    return found, tuple(opaque)


def is_secret(name: str, value: object) -> bool:
    """Return whether a value of this name is likely to be a secret."""
    kind = find_secret_kind(name)
    if kind == "token":
        is_word = (type(value) is str or type(value) is bytes) and len(value) < _SHORT
        return not is_word
    return kind is not None


class _Writer:
    """Writes one value, giving up as soon as it is sure to be too long."""

    def __init__(self, redact: Redact, left: int) -> None:
        self._redact = redact
        self._left = left

    def write(self, value: object, depth: int) -> str:
        if value is None or type(value) is bool:
            return self._consume(repr(value))
        if type(value) is int or type(value) is float:
            return self._consume(self._write_number(value))
        if type(value) is str or type(value) is bytes:
            return self._consume(self._write_text(value))
        if type(value) is dict:
            self._check_limits(len(value), depth)
            return self._write_dict(value, depth - 1)
        if type(value) is tuple or type(value) is list or type(value) is set:
            self._check_limits(len(value), depth)
            return self._write_sequence(value, depth - 1)
        raise _NoLiteral

    def _check_limits(self, length: int, depth: int) -> None:
        if depth <= 0 or length > self._left:
            raise _NoLiteral

    def _write_number(self, value: float) -> str:
        if type(value) is int and value.bit_length() >= 4 * self._left:
            raise _NoLiteral
        if type(value) is float and not math.isfinite(value):
            raise _NoLiteral
        return repr(value)

    def _write_text(self, value: str | bytes) -> str:
        if len(value) > self._left:
            raise _NoLiteral
        return repr(self._redact(value) if isinstance(value, str) else self._redact_bytes(value))

    def _redact_bytes(self, value: bytes) -> bytes:
        """Redact bytes as the text they might be; every byte maps to one character and back."""
        text = value.decode("latin-1")
        redacted = self._redact(text)
        return value if redacted == text else redacted.encode("latin-1", "replace")

    def _write_sequence(
        self, value: tuple[object, ...] | list[object] | set[object], depth: int
    ) -> str:
        written = [self.write(item, depth) for item in value]
        if isinstance(value, list):
            return f"[{', '.join(written)}]"
        if isinstance(value, set):
            return f"{{{', '.join(sorted(written))}}}" if written else "set()"
        return f"({written[0]},)" if len(written) == 1 else f"({', '.join(written)})"

    def _write_dict(self, value: dict[object, object], depth: int) -> str:
        pairs = []
        for key, item in value.items():
            name = self.write(key, depth)  # first: it is too long before it is looked up
            shown = "[redacted]" if type(key) is str and is_secret(key, item) else item
            pairs.append(f"{name}: {self.write(shown, depth)}")
        return f"{{{', '.join(pairs)}}}"

    def _consume(self, source: str) -> str:
        self._left -= len(source)
        if self._left < 0:
            raise _NoLiteral
        return source
