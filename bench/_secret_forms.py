"""The forms a secret is met in: from a plain sentence to base64 in JSON.

A form gives the text and what must not be left of it: the secret as it is written there.
"""

import base64
import json
import textwrap
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from bench._secret_kinds import Secret


class PlantedSecret(NamedTuple):
    """A secret in a text. After redaction, at most a few letters of the `carriers` may be left."""

    secret: Secret
    form: str
    text: str
    carriers: tuple[str, ...]


Form = Callable[[Secret], tuple[str, Sequence[str]]]


def _write_sentence(secret: Secret) -> str:
    """Return a sentence with the secret, and with its name if the secret has no recognisable
    shape.
    """
    if secret.shaped:
        return f"login failed with {secret.value} , see the log"
    return f"the {secret.name.lower().replace('_', ' ')} is {secret.value}"


def _write_assignment(secret: Secret) -> str:
    return f"{secret.name}={secret.value}"


def _format_secret(secret: Secret) -> str:
    return secret.value if secret.shaped else _write_assignment(secret)


def _encode_percent(text: str) -> str:
    return quote(text, safe="")


def _escape_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _encode_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _encode_urlsafe(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _encode_cores(write: Callable[[str], str], secret: Secret) -> list[str]:
    return [write(core) for core in secret.cores]


def _fill_carrier(text: str, carrier: str) -> tuple[str, list[str]]:
    return text.format(carrier), [carrier]


def _split_lines(text: str) -> tuple[str, list[str]]:
    lines = textwrap.wrap(text, 76)
    return "\n".join(["-----", *lines]), lines


def _wrap_secret(secret: Secret, width: int, prefix: str) -> tuple[str, list[str]]:
    lines = [
        line[at : at + width]
        for line in f"At first it said {_write_assignment(secret)}".split("\n")
        for at in range(0, len(line), width)
    ]
    text = "\n".join(["Somebody wrote:", *(prefix + line for line in lines), "and no more."])
    cores = set(secret.cores)
    pieces = [line for line in lines if any(_has_overlap(line, core) for core in cores)]
    return text, [_find_overlap(piece, secret.cores) for piece in pieces]


def _has_overlap(line: str, core: str) -> bool:
    return len(_find_longest_overlap(line, core)) >= 6


def _find_overlap(line: str, cores: Sequence[str]) -> str:
    return max((_find_longest_overlap(line, core) for core in cores), key=len)


def _find_longest_overlap(line: str, core: str) -> str:
    """Return the longest end of the line that begins within the core, or the part within it."""
    best = ""
    for at in range(len(line)):
        size = len(best) + 1
        while at + size <= len(line) and line[at : at + size] in core:
            best, size = line[at : at + size], size + 1
    return best


def _write_letters(write: Callable[[int, str], str], secret: Secret) -> tuple[str, list[str]]:
    """Return the line with each letter written differently, and the parts that must be redacted."""
    line = _write_assignment(secret)
    letters = [write(n, letter) for n, letter in enumerate(line)]
    starts = [(line.index(core), len(core)) for core in secret.cores]
    return "".join(letters), ["".join(letters[at : at + size]) for at, size in starts]


def _escape_letter(n: int, letter: str) -> str:
    """Return the letter; every third one is escaped as in JSON."""
    if n % 3 == 1 and letter.isalnum():
        return f"\\u{ord(letter):04x}"
    return _escape_json(letter)


def _encode_letter(n: int, letter: str) -> str:
    return f"%{ord(letter):02X}" if n % 2 or not letter.isalnum() else letter


def _add_invisible(n: int, letter: str) -> str:
    return letter + "\u200b\u00ad\u2060\u202e"[n % 4] * (n % 5 == 2)


def _widen_letter(n: int, letter: str) -> str:
    return chr(ord(letter) + 0xFEE0) if letter.isalnum() and letter.isascii() else letter


FORMS: dict[str, Form] = {
    "in a sentence": lambda s: (_write_sentence(s), s.cores),
    "NAME=value": lambda s: (f"export {s.name}={s.value}", s.cores),
    "NAME='value'": lambda s: (f"{s.name}='{s.value}'", s.cores),
    "in a URL": lambda s: (
        f"GET https://api.example/x?{s.name.lower()}={_encode_percent(s.value)}&page=2",
        _encode_cores(_encode_percent, s)),
    "percent-encoded": lambda s: ("body=" + _encode_percent(_format_secret(s)),
        _encode_cores(_encode_percent, s)),
    "every other letter percent-encoded": lambda s: _write_letters(_encode_letter, s),
    "JSON": lambda s: (json.dumps({"user": "bob", s.name: s.value, "n": 1}),
        _encode_cores(_escape_json, s)),
    "JSON in JSON": lambda s: (
        json.dumps({"body": json.dumps({s.name: s.value, "n": 1})}),
        _encode_cores(lambda core: _escape_json(_escape_json(core)), s)),
    "JSON, letters escaped": lambda s: _write_letters(_escape_letter, s),
    "YAML": lambda s: (f"app:\n  {s.name.lower()}: {json.dumps(s.value)}\n",
        _encode_cores(_escape_json, s)),
    "Python repr": lambda s: (
        f"KeyError: {({'n': 3, s.name: s.value})!r}",
        _encode_cores(lambda core: repr(core)[1:-1], s)),
    "traceback": lambda s: (
        f'  File "bot/x.py", line 3, in go\n    connect({s.name.lower()}={s.value!r})\nValueError',
        _encode_cores(lambda core: repr(core)[1:-1], s)),
    "HTTP header": lambda s: (
        f"Authorization: Bearer {s.value}" if "\n" not in s.value and " " not in s.value
        else f"X-Config: {_escape_json(s.value)}", _encode_cores(_escape_json, s)),
    "wrapped at 64": lambda s: _wrap_secret(s, 64, ""),
    "wrapped at 76, quoted": lambda s: _wrap_secret(s, 76, "> "),
    "wrapped in a diff": lambda s: _wrap_secret(s, 76, "+"),
    "base64 of it": lambda s: _fill_carrier("got {}", _encode_base64(_format_secret(s))),
    "base64 of a line": lambda s: _fill_carrier("value: {}",
        _encode_base64(f"# staging\n{_write_assignment(s)}\n")),
    "base64, for URLs": lambda s: _fill_carrier("/callback?state={}&ok=1",
        _encode_urlsafe(f"a {_write_assignment(s)}")),
    "base64 in JSON": lambda s: _fill_carrier('{{"value": "{}"}}',
        _encode_base64(_write_assignment(s))),
    "base64 after a path": lambda s: _fill_carrier("/v1/blob/{}",
        _encode_urlsafe(f"ab {_write_assignment(s)}")),
    "base64 twice": lambda s: _fill_carrier("got {}",
        _encode_base64(_encode_base64(_write_assignment(s)))),
    "base64, wrapped at 76": lambda s: _split_lines(
        _encode_base64(f"# staging environment, do not share\n{_write_assignment(s)}")),
    "hexadecimal": lambda s: _fill_carrier("dump {}", _write_assignment(s).encode().hex()),
    "unseen signs between": lambda s: _write_letters(_add_invisible, s),
    "full-width letters": lambda s: _write_letters(_widen_letter, s),
}  # fmt: skip
# What no promise is made about; the figures say how much of it is found all the same.
BEYOND: dict[str, Form] = {
    "alone, with nothing to tell": lambda s: (f"got {s.value} back", s.cores),
    "backwards": lambda s: _fill_carrier("got {}", _write_assignment(s)[::-1]),
    "bytes in hexadecimal, apart": lambda s: _fill_carrier("{}",
        _write_assignment(s).encode().hex(" ")),
    "base32": lambda s: _fill_carrier("got {}",
        base64.b32encode(_write_assignment(s).encode()).decode()),
    "compressed, in base64": lambda s: _fill_carrier(
        "got {}", base64.b64encode(zlib.compress(_write_assignment(s).encode())).decode()),
    "put together in code": lambda s: (
        f"x = {s.value[: len(s.value) // 2]!r} + {s.value[len(s.value) // 2 :]!r}",
        [core[-12:] for core in s.cores]),
}  # fmt: skip
PLAIN = ("in a sentence", "NAME=value", "NAME='value'")


def plant_secrets(
    secrets: Iterable[Secret], forms: Mapping[str, Form] = FORMS
) -> Iterator[PlantedSecret]:
    """Yield each secret in each form."""
    for secret in secrets:
        for form, write in forms.items():
            text, carriers = write(secret)
            yield PlantedSecret(secret, form, text, tuple(carriers))


def find_leak(planted: PlantedSecret, redacted: str) -> str:
    """Return a piece of the secret that is still in the text, or an empty string.

    A piece is a third of a short secret, or eleven letters of a long one.
    """
    for carrier in planted.carriers:
        size = min(11, max(5, len(carrier) * 2 // 3))
        for at in range(len(carrier) - size + 1):
            if carrier[at : at + size] in redacted:
                return carrier[at : at + size]
    return ""
