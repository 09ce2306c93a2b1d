"""The door secrets do not pass: what is written, sent or shown goes through `redact` first."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.telemetry._secret_names import SIGNS, redact_named, secret_name
from bot.telemetry._secret_shapes import SHAPES, mark

DEEPEST = 40
_GAP = r"(?:[ +_]|%20)"
_KEY_BEGINS = re.compile(
    rf"-----BEGIN{_GAP}(?:[A-Z0-9]{{1,20}}{_GAP}){{0,4}}PRIVATE{_GAP}KEY(?:{_GAP}BLOCK)?-----"
)
_KEY_ENDS = re.compile(
    rf"-----END{_GAP}(?:[A-Z0-9]{{1,20}}{_GAP}){{0,4}}PRIVATE{_GAP}KEY(?:{_GAP}BLOCK)?-----"
)
_KEY_LINE = re.compile(
    r"[\W_]{0,40}(?:[A-Za-z0-9+/=]{0,128}[\W_]{0,40}|(?:Proc-Type|DEK-Info|Version|Comment"
    r"|Hash): [^\n]{0,200}"
    r"|[^\n]{0,80}[A-Za-z0-9+/=]{40,2048}[^\n]{0,80})\s{0,80}"
)
_DOMAIN = re.compile(
    r"(?:@|%40)(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])", re.IGNORECASE
)
_LOCAL = re.compile(r"[\w.%+-]{1,64}\Z")
_KEPT_USERS = frozenset({"git", "hg", "svn", "noreply", "no-reply"})


def redact(text: str) -> str:
    """`text` with every secret replaced by `[redacted:kind]`; idempotent, linear in its length."""
    low = text.lower()
    if "private" in low and "-----begin" in low:
        text = _without_keys(text)
    for shape in SHAPES:
        if any(sign in low for sign in shape.signs):
            text = shape.pattern.sub(shape.replace, text)
    if any(sign in low for sign in SIGNS):
        text = redact_named(text)
    return _without_addresses(text) if "@" in low or "%40" in low else text


def redact_value(value: Any, *, depth: int = 0) -> Any:
    """The same for JSON-like values, by content and by the names of fields; a new value."""
    if depth > DEEPEST:
        return mark("depth")
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, bytes | bytearray):
        return redact(bytes(value).decode("utf-8", "replace"))
    if isinstance(value, Mapping):
        return {_key(key): _field(key, inner, depth) for key, inner in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return _items(value, depth)
    return value


def _key(key: Any) -> Any:
    return redact(key) if isinstance(key, str) else key


def _items(value: Any, depth: int) -> Any:
    inner = list(value)
    if len(inner) == 2 and isinstance(inner[0], str) and secret_name(inner[0]) == "authorization":
        return _like(value, [inner[0], _blank(inner[1], "authorization")])
    return _like(value, [redact_value(each, depth=depth + 1) for each in inner])


def _like(value: Any, inner: list[Any]) -> Any:
    """The plain container of the same kind; a named tuple becomes a tuple."""
    for kind in (list, tuple, frozenset):
        if isinstance(value, kind):
            return kind(inner)
    return set(inner)


def _field(key: Any, value: Any, depth: int) -> Any:
    kind = secret_name(key) if isinstance(key, str) else None
    if kind is None:
        return redact_value(value, depth=depth + 1)
    return _blank(value, kind, depth)


def _blank(value: Any, kind: str, depth: int = 0) -> Any:
    """Everything under a secret's name goes, save what says that there is nothing."""
    if depth > DEEPEST:
        return mark("depth")
    if isinstance(value, str | bytes | bytearray):
        return value if not value or _already(value) else mark(kind)
    if isinstance(value, Mapping):
        return {_key(key): _blank(inner, kind, depth + 1) for key, inner in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return _like(value, [_blank(each, kind, depth + 1) for each in value])
    if value is None or isinstance(value, bool):
        return value
    return value if kind == "token" and isinstance(value, int | float) else mark(kind)


def _already(value: str | bytes | bytearray) -> bool:
    return isinstance(value, str) and value.startswith("[redacted:") and value.endswith("]")


def redact_stream(lines: Iterable[str]) -> Iterator[str]:
    """Redacts line by line, private keys over several lines included.

    A key gives one `[redacted:private_key]` in the line it begins in; the lines of the key are left
    out. If its end never comes, the first line that cannot belong to a key ends it.
    """
    inside = False
    for line in lines:
        if inside:
            ended = _KEY_ENDS.search(line)
            if not ended and _KEY_LINE.fullmatch(line):
                continue
            inside = False
            if ended:
                line = line[ended.end() :]
                if not line.strip():
                    continue
        begun = _last_open_key(line)
        if begun is None:
            yield redact(line)
        else:
            inside = True
            ending = "\n" if line.endswith("\n") else ""
            yield redact(line[:begun]) + mark("private_key") + ending


def _last_open_key(line: str) -> int | None:
    """Where a key begins that does not end in this line."""
    if "-----BEGIN" not in line:
        return None
    open_at: int | None = None
    place = 0
    while begun := _KEY_BEGINS.search(line, place):
        ended = _KEY_ENDS.search(line, begun.end())
        if not ended:
            open_at = begun.start()
            break
        place = ended.end()
    return open_at


def _without_keys(text: str) -> str:
    parts: list[str] = []
    place = 0
    while begun := _KEY_BEGINS.search(text, place):
        ended = _KEY_ENDS.search(text, begun.end())
        parts += [text[place : begun.start()], mark("private_key")]
        place = ended.end() if ended else _cut_key(text, begun.end())
        if not ended:
            parts.append(_without_keys_after(text, place))
            return "".join(parts)
    return "".join([*parts, text[place:]])


def _without_keys_after(text: str, place: int) -> str:
    """The rest of a text in which no key ends: further beginnings are cut in the same way."""
    parts: list[str] = []
    while begun := _KEY_BEGINS.search(text, place):
        parts += [text[place : begun.start()], mark("private_key")]
        place = _cut_key(text, begun.end())
    return "".join([*parts, text[place:]])


def _cut_key(text: str, place: int) -> int:
    """Where a key whose end is missing stops, line by line."""
    first = True
    while place < len(text):
        end = text.find("\n", place)
        end = len(text) if end < 0 else end + 1
        if not first and (
            _KEY_BEGINS.search(text, place, end) or not _KEY_LINE.fullmatch(text, place, end)
        ):
            return place
        place, first = end, False
    return place


def _without_addresses(text: str) -> str:
    """E-mail addresses, found from their `@` outwards."""
    parts: list[str] = []
    done = 0
    for found in _DOMAIN.finditer(text):
        local = _LOCAL.search(text, max(done, found.start() - 64), found.start())
        if not local or local[0].lower() in _KEPT_USERS or not local[0][-1:].isalnum():
            continue
        parts += [text[done : local.start()], mark("email")]
        done = found.end()
    return "".join([*parts, text[done:]])
