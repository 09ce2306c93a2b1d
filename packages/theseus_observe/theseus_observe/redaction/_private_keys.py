"""Finds and redacts private keys that span several lines."""

import re

from theseus_observe.redaction._secret_shapes import mark

_GAP = r"(?:[ +_]|%20)"
_KIND = rf"(?:[A-Z0-9]{{1,20}}{_GAP}){{0,4}}PRIVATE{_GAP}KEY(?:{_GAP}BLOCK)?"
BEGINS = re.compile(rf"-----BEGIN{_GAP}{_KIND}-----")
ENDS = re.compile(rf"-----END{_GAP}{_KIND}-----")
LINE = re.compile(
    r"[\W_]{0,40}(?:[A-Za-z0-9+/=]{0,128}[\W_]{0,40}|(?:Proc-Type|DEK-Info|Version|Comment"
    r"|Hash): [^\n]{0,200}"
    r"|[^\n]{0,80}[A-Za-z0-9+/=]{40,2048}[^\n]{0,80})\s{0,80}"
)


def redact_keys(text: str) -> str:
    """Replace each private key by a mark.

    A key without an end is cut at the first line that does not look like a part of a key.
    """
    parts: list[str] = []
    place = 0
    while begun := BEGINS.search(text, place):
        ended = ENDS.search(text, begun.end())
        parts += [text[place : begun.start()], mark("private_key")]
        place = ended.end() if ended else _cut(text, begun.end())
        if not ended:
            parts.append(_redact_open_keys(text, place))
            return "".join(parts)
    return "".join([*parts, text[place:]])


def find_open_key(text: str) -> int | None:
    """Return the position of a key that begins but does not end in this text, or `None`."""
    if "-----BEGIN" not in text:
        return None
    place = 0
    while begun := BEGINS.search(text, place):
        ended = ENDS.search(text, begun.end())
        if not ended:
            return begun.start()
        place = ended.end()
    return None


def _redact_open_keys(text: str, place: int) -> str:
    """Return the rest of a text in which no key ends, with each further beginning cut."""
    parts: list[str] = []
    while begun := BEGINS.search(text, place):
        parts += [text[place : begun.start()], mark("private_key")]
        place = _cut(text, begun.end())
    return "".join([*parts, text[place:]])


def _cut(text: str, place: int) -> int:
    """Return where a key without an end stops: at the first line that does not look like its
    part.
    """
    first = True
    while place < len(text):
        end = text.find("\n", place)
        end = len(text) if end < 0 else end + 1
        if not first and (BEGINS.search(text, place, end) or not LINE.fullmatch(text, place, end)):
            return place
        place, first = end, False
    return place
