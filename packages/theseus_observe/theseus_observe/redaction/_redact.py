"""`redact` and `redact_value`: everything that is stored, sent or shown passes through them
first.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from theseus_observe.redaction._config_secrets import redact_broken_up, redact_registered
from theseus_observe.redaction._diff_lines import redact_lines
from theseus_observe.redaction._disguises import redact_disguised, redact_encoded
from theseus_observe.redaction._private_keys import redact_keys
from theseus_observe.redaction._random_words import redact_random
from theseus_observe.redaction._rule_set import RULES
from theseus_observe.redaction._secret_names import SIGNS, find_secret_kind, redact_named
from theseus_observe.redaction._secret_shapes import SHAPES, mark
from theseus_observe.redaction._vendor_keys import VENDOR_KEYS
from theseus_observe.redaction._wrapped_lines import redact_wrapped

ALL_SHAPES = (*SHAPES, *VENDOR_KEYS)
_STUCK = re.compile(
    r"(?:\\(?:[abefnrtv0]|x[0-9a-f]{2}|u[0-9a-f]{4}|[0-3][0-7]{2})|[%=][0-9a-f]{2}"
    r"|\[[\d;]{0,16}m)(?=[a-z0-9])",
    re.IGNORECASE,
)
_GAP = "\uf8ff"  # a private-use character, which no text contains
_SHAPE_SIGNS = tuple({sign for shape in ALL_SHAPES for sign in shape.signs})
_RULE_SIGNS = tuple({sign for rule in RULES for sign in rule.signs} - {*_SHAPE_SIGNS})
# No rule matches a shorter run. Most texts of the journal have no such run and skip the rules.
_LONG_RUN = re.compile(r"[\w+/=.~-]{12}", re.ASCII)
DEEPEST = 40
_LAYERS = 3  # layers of encoding that are decoded
_ROUNDS = 5  # redacting one secret may reveal another; usually the second round changes nothing
_DOMAIN = re.compile(
    r"(?:@|%40)(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])", re.IGNORECASE
)
_LOCAL = re.compile(r"[\w.%+-]{1,64}\Z")
_PUBLIC_USERS = frozenset({"git", "hg", "svn", "noreply", "no-reply"})


def redact(text: str) -> str:
    """Return the text with every secret replaced by `[redacted:kind]`.

    Secrets are found by value (`register_secret`), by shape and by name; plain, escaped, encoded
    (base64, hexadecimal; also nested), wrapped over lines, or with invisible characters inside. In
    a diff each line stays one line with its sign. The function is idempotent and takes time linear
    in the length of the text.
    """
    return redact_lines(text, _redact_until_stable)


def _redact_until_stable(text: str) -> str:
    for _ in range(_ROUNDS):
        before, text = text, _redact_once(text)
        if text == before:
            break
    return text


def _redact_once(text: str) -> str:
    text = redact_broken_up(text)
    text = _redact_layer(redact_wrapped(text, partial(_redact_layer, depth=0)), depth=0)
    # Only at the top layer: joined lines and decoded bytes look random without being keys.
    return redact_random(text)


def _redact_layer(text: str, depth: int) -> str:
    """Redact one layer of a text: visible secrets and those that a disguise hides."""
    deeper = partial(_redact_layer, depth=depth + 1)
    text = redact_registered(text)
    if depth < _LAYERS:
        text = redact_disguised(text, _redact_plain, deeper)
    text = _redact_plain(text)
    return redact_encoded(text, deeper) if depth < _LAYERS else text


def _redact_plain(text: str) -> str:
    low = text.lower()
    if "private" in low and "-----begin" in low:
        text = redact_keys(text)
    # Look for each sign once, not once per rule: decoding splits a long text into many short ones.
    seen = {sign for sign in _SHAPE_SIGNS if sign in low}
    if _LONG_RUN.search(text):
        seen.update([sign for sign in _RULE_SIGNS if sign in low])
    if seen:
        for shape in ALL_SHAPES:
            if not seen.isdisjoint(shape.signs):
                text = shape.pattern.sub(shape.replace, text)
        text = _redact_stuck_keys(_apply_rules(text, seen), seen)
    if any(sign in low for sign in SIGNS):
        text = redact_named(text)
    return _redact_addresses(text) if "@" in low or "%40" in low else text


def _apply_rules(text: str, seen: set[str]) -> str:
    for rule in RULES:
        if not seen.isdisjoint(rule.signs):
            text = rule.redact(text)
    return text


def _redact_stuck_keys(text: str, seen: set[str]) -> str:
    """Redact keys directly after an escape, such as a line break in JSON or a terminal colour.

    The escape's last letter would otherwise count as the start of the key.
    """
    apart = _STUCK.sub(rf"\g<0>{_GAP}", text)
    if apart == text:
        return text
    for shape in VENDOR_KEYS:
        if not seen.isdisjoint(shape.signs):
            apart = shape.pattern.sub(shape.replace, apart)
    return _apply_rules(apart, seen).replace(_GAP, "")


def redact_value(value: Any, *, depth: int = 0) -> Any:
    """Return a copy of a JSON-like value with secrets redacted, by content and by field name."""
    if depth > DEEPEST:
        return mark("depth")
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, bytes | bytearray):
        return redact(bytes(value).decode("utf-8", "replace"))
    if isinstance(value, Mapping):
        return {_redact_key(key): _redact_field(key, inner, depth) for key, inner in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return _redact_items(value, depth)
    return _redact_scalar(value)


def _redact_scalar(value: Any) -> Any:
    """Return a value that is no JSON type unchanged, unless its text contains a secret."""
    if value is None or isinstance(value, int | float):
        return value
    text = str(value)
    clean = redact(text)
    return value if clean == text else clean


def _redact_key(key: Any) -> Any:
    return redact(key) if isinstance(key, str) else _redact_scalar(key)


def _redact_items(value: Any, depth: int) -> Any:
    inner = list(value)
    # A pair ("Authorization", value), as lists of headers have them.
    if (
        len(inner) == 2
        and isinstance(inner[0], str)
        and find_secret_kind(inner[0]) == "authorization"
    ):
        return _rebuild_container(value, [inner[0], _mask(inner[1], "authorization")])
    return _rebuild_container(value, [redact_value(each, depth=depth + 1) for each in inner])


def _rebuild_container(value: Any, inner: list[Any]) -> Any:
    """Return a plain container of the same kind; a named tuple becomes a tuple."""
    for kind in (list, tuple, frozenset):
        if isinstance(value, kind):
            return kind(inner)
    return set(inner)


def _redact_field(key: Any, value: Any, depth: int) -> Any:
    kind = find_secret_kind(key) if isinstance(key, str) else None
    if kind is None:
        return redact_value(value, depth=depth + 1)
    return _mask(value, kind, depth)


def _mask(value: Any, kind: str, depth: int = 0) -> Any:
    """Return a value under a secret's name as a mark; empty values, `None` and booleans stay.

    Numbers under a name with `token` stay as well: they are counts of tokens.
    """
    if depth > DEEPEST:
        return mark("depth")
    if isinstance(value, str | bytes | bytearray):
        return value if not value or _is_redacted(value) else mark(kind)
    if isinstance(value, Mapping):
        return {_redact_key(key): _mask(inner, kind, depth + 1) for key, inner in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return _rebuild_container(value, [_mask(each, kind, depth + 1) for each in value])
    if value is None or isinstance(value, bool):
        return value
    return value if kind == "token" and isinstance(value, int | float) else mark(kind)


def _is_redacted(value: str | bytes | bytearray) -> bool:
    return isinstance(value, str) and value.startswith("[redacted:") and value.endswith("]")


def _redact_addresses(text: str) -> str:
    """Redact e-mail addresses, searching from each `@` to both sides, which takes linear time."""
    parts: list[str] = []
    done = 0
    for found in _DOMAIN.finditer(text):
        local = _LOCAL.search(text, max(done, found.start() - 64), found.start())
        if not local or local[0].lower() in _PUBLIC_USERS or not local[0][-1:].isalnum():
            continue
        parts += [text[done : local.start()], mark("email")]
        done = found.end()
    return "".join([*parts, text[done:]])
