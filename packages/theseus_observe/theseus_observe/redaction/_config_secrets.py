"""Redacts the secrets that this program was configured with, by their exact values.

A value is found in many forms: plain, escaped, in base64 at any of its three alignments, in
hexadecimal, reversed, or broken up by spaces, line breaks and punctuation.
"""

import base64
import html
import json
import threading
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple
from urllib.parse import quote, quote_plus

from theseus_observe.redaction._secret_shapes import mark

SHORTEST = 8
"""Shorter values are not registered: they occur in ordinary words and protect little."""
_BROKEN_UP = 12  # shorter values may occur by chance once separators are removed
# Characters that may separate the letters of a broken-up secret: punctuation, its look-alikes that
# Discord allows in names, whitespace, and invisible characters (control, combining, zero-width).
_SIGNS = map(ord, "\x7f/@>|+\"'\\,-_.*`~#:;()[]{}<\xa0\xad\u061c\u1680\u2800\u3000\u3164\ufeff")
_LOOKALIKES = map(
    ord, "\u2215\uff20\u203a\xa6\u2216\uff3f\u2217\u2035\u223c\uff03\uff3b\uff3d\u2039"
)
_UNSEEN = (range(33), range(0x300, 0x370), range(0x180B, 0x180F), range(0x2000, 0x2070))
_UNSEEN_TOO = (range(0xFE00, 0xFE10), range(0xE0000, 0xE1000))
_DROPPED = dict.fromkeys(chain(_SIGNS, _LOOKALIKES, *_UNSEEN, *_UNSEEN_TOO))


class _Known(NamedTuple):
    name: str
    value: str
    forms: tuple[str, ...]
    squeezed: str


_lock = threading.Lock()
_known: tuple[_Known, ...] = ()


def register_secret(name: str, value: str) -> bool:
    """Redact this value from now on, with the mark `[redacted:<name>]`.

    Return whether the value is registered: blank values and those under eight characters are not.
    The whole process shares the registered values; each value is registered once.
    """
    global _known
    value = value.strip()
    if len(value) < SHORTEST:
        return False
    squeezed = value.translate(_DROPPED)
    new = _Known(
        name=name.lower().replace(" ", "_"),
        value=value,
        forms=tuple(sorted(_build_forms(value), key=len, reverse=True)),
        squeezed=squeezed if len(squeezed) >= _BROKEN_UP else "",
    )
    with _lock:
        others = [each for each in _known if each.value != value]
        # Longest first: a shorter secret may be a part of a longer one.
        _known = tuple(sorted([*others, new], key=lambda each: -len(each.value)))
    return True


def forget_secret(value: str) -> None:
    """Stop redacting this value."""
    global _known
    with _lock:
        _known = tuple(each for each in _known if each.value != value.strip())


def redact_registered(text: str) -> str:
    """Replace every registered value in the text, in each of its forms."""
    for each in _known:
        for form in each.forms:
            if form in text:
                text = text.replace(form, mark(each.name))
    return text


def redact_broken_up(text: str) -> str:
    """Replace registered values that are broken up by spaces, line breaks or punctuation."""
    if not _known:
        return text
    squeezed = text.translate(_DROPPED)
    for each in _known:
        if each.squeezed and each.squeezed in squeezed:
            text = _cut_out(text, each)
            squeezed = text.translate(_DROPPED)
    return text


def _cut_out(text: str, known: _Known) -> str:
    places = [at for at, letter in enumerate(text) if ord(letter) not in _DROPPED]
    squeezed = text.translate(_DROPPED)
    parts, done, at = [], 0, squeezed.find(known.squeezed)
    while at >= 0:
        parts += [text[done : places[at]], mark(known.name)]
        after = at + len(known.squeezed)
        done = places[after - 1] + 1
        at = squeezed.find(known.squeezed, after)
    return "".join([*parts, text[done:]])


def _build_forms(value: str) -> set[str]:
    raw = value.encode()
    escaped = json.dumps(value)[1:-1]
    lightly = json.dumps(value, ensure_ascii=False)[1:-1]
    forms = {
        value,
        value[::-1],
        quote(value, safe=""),
        quote_plus(value),
        escaped,
        escaped.replace("/", "\\/"),
        lightly,
        json.dumps(escaped)[1:-1],
        repr(value)[1:-1],
        html.escape(value),
        raw.hex(),
        raw.hex().upper(),
    }
    forms.update(_iterate_base64_cores(raw))
    return {form for form in forms if len(form) >= SHORTEST}


def _iterate_base64_cores(raw: bytes) -> Iterator[str]:
    """Yield the part of the value's base64 that does not depend on the bytes around it.

    There is one for each alignment, in the standard and in the URL-safe alphabet.
    """
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        first = -(-before * 8 // 6)
        last = len(whole) - (1 if (before + len(raw)) % 3 else 0)
        sure = whole[first:last]
        yield sure
        yield sure.replace("+", "-").replace("/", "_")
