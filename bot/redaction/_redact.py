"""Where secrets stop: what is written, sent or shown goes through `redact` first."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from bot.redaction._config_secrets import redact_broken_up, redact_registered
from bot.redaction._diff_lines import redact_lines
from bot.redaction._disguises import redact_disguised, redact_encoded
from bot.redaction._private_keys import redact_keys
from bot.redaction._random_words import redact_random
from bot.redaction._rule_set import RULES
from bot.redaction._secret_names import SIGNS, find_secret_kind, redact_named
from bot.redaction._secret_shapes import SHAPES, mark
from bot.redaction._vendor_keys import VENDOR_KEYS
from bot.redaction._wrapped_lines import redact_wrapped

ALL_SHAPES = (*SHAPES, *VENDOR_KEYS)
_STUCK = re.compile(
    r"(?:\\(?:[abefnrtv0]|x[0-9a-f]{2}|u[0-9a-f]{4}|[0-3][0-7]{2})|[%=][0-9a-f]{2}"
    r"|\[[\d;]{0,16}m)(?=[a-z0-9])",
    re.IGNORECASE,
)
_GAP = "\uf8ff"  # of private use: it stands for nothing in any text
_SHAPE_SIGNS = tuple({sign for shape in ALL_SHAPES for sign in shape.signs})
_RULE_SIGNS = tuple({sign for rule in RULES for sign in rule.signs} - {*_SHAPE_SIGNS})
# No rule of the set matches less. Most texts of the journal have no such word and are done sooner.
_LONG_RUN = re.compile(r"[\w+/=.~-]{12}", re.ASCII)
DEEPEST = 40
_LAYERS = 3  # of encoding that are taken off
_ROUNDS = 5  # taking one secret out may lay another bare; the last round changes nothing
_DOMAIN = re.compile(
    r"(?:@|%40)(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])", re.IGNORECASE
)
_LOCAL = re.compile(r"[\w.%+-]{1,64}\Z")
_PUBLIC_USERS = frozenset({"git", "hg", "svn", "noreply", "no-reply"})


def redact(text: str) -> str:
    """`text` with every secret replaced by `[redacted:kind]`; idempotent, linear in its length.

    Secrets are known by their values (`register_secret`), by their shapes and by their names, as
    they are, escaped, encoded (base64, hexadecimal; twice, too), wrapped over lines, or with signs
    in them that cannot be seen. In a diff each line stays one line, behind the sign it began with.
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
    # Only here: two lines put together, or bytes decoded, look random where no key is.
    return redact_random(text)


def _redact_layer(text: str, depth: int) -> str:
    """One layer of a text: what stands in it openly, and what its disguises hide."""
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
    # Each sign once, and not a rule at a time: disguises make many a short text of a long one.
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
    """Keys that an escape stands right before, as a line break in JSON, or a terminal's colour."""
    apart = _STUCK.sub(rf"\g<0>{_GAP}", text)
    if apart == text:
        return text
    for shape in VENDOR_KEYS:
        if not seen.isdisjoint(shape.signs):
            apart = shape.pattern.sub(shape.replace, apart)
    return _apply_rules(apart, seen).replace(_GAP, "")


def redact_value(value: Any, *, depth: int = 0) -> Any:
    """The same for JSON-like values, by content and by the names of fields; a new value."""
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
    """What is no JSON stays what it is, unless it would tell a secret when it is written out."""
    if value is None or isinstance(value, int | float):
        return value
    told = str(value)
    clean = redact(told)
    return value if clean == told else clean


def _redact_key(key: Any) -> Any:
    return redact(key) if isinstance(key, str) else _redact_scalar(key)


def _redact_items(value: Any, depth: int) -> Any:
    inner = list(value)
    if (
        len(inner) == 2
        and isinstance(inner[0], str)
        and find_secret_kind(inner[0]) == "authorization"
    ):
        return _rebuild_container(value, [inner[0], _mask(inner[1], "authorization")])
    return _rebuild_container(value, [redact_value(each, depth=depth + 1) for each in inner])


def _rebuild_container(value: Any, inner: list[Any]) -> Any:
    """The plain container of the same kind; a named tuple becomes a tuple."""
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
    """Everything under a secret's name goes, save what says that there is nothing."""
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
    """E-mail addresses, found from their `@` outwards."""
    parts: list[str] = []
    done = 0
    for found in _DOMAIN.finditer(text):
        local = _LOCAL.search(text, max(done, found.start() - 64), found.start())
        if not local or local[0].lower() in _PUBLIC_USERS or not local[0][-1:].isalnum():
            continue
        parts += [text[done : local.start()], mark("email")]
        done = found.end()
    return "".join([*parts, text[done:]])
