"""Python source as bytes and as text: its encoding, its line ends, and a digest.

Python ends a line at a line feed or a carriage return and nowhere else. `str.splitlines` also ends
one at a form feed, a file separator and others, which are legal in source: positions of syntax
trees would be off by a line.
"""

import hashlib
import io
import re
import tokenize
from collections.abc import Mapping

_LONE_LINE_FEED = re.compile(r"(?<!\r)\n")


def split_lines(text: str) -> list[str]:
    """Return the lines of a source as Python counts them, with their ends."""
    return list(io.StringIO(text, newline=""))


def find_line(text: str, offset: int) -> int:
    """Return the line, from 1, of a character offset."""
    before = text[:offset]
    return len(split_lines(before)) + (not before or before.endswith(("\n", "\r")))


def compute_digest(texts: Mapping[str, str]) -> str:
    """Return a digest of files' texts by path, to remember thousands of them in little memory."""
    return hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()


def decode_source(data: bytes) -> str:
    """Return a source's text without its byte order mark, which `ast.parse` does not accept.

    If the encoding is not declared and not UTF-8, undecodable bytes become surrogates.
    """
    try:
        return data.decode(_detect_encoding(data))
    except (SyntaxError, UnicodeError):
        return data.decode("utf-8", errors="surrogateescape")


def encode_source(text: str, was: bytes = b"") -> bytes:
    """Return a text as bytes in the format of the file it replaces, `was`.

    The format is the encoding, the byte order mark, and CR LF if all lines had it. Raises
    `UnicodeEncodeError` if the file's encoding lacks a character of the text.
    """
    if b"\r\n" in was and not _LONE_LINE_FEED.search(was.decode("latin-1")):
        text = _LONE_LINE_FEED.sub("\r\n", text)
    try:
        encoding = _detect_encoding(was)
        was.decode(encoding)
    except (SyntaxError, UnicodeError):
        return text.encode("utf-8", errors="surrogateescape")
    return text.encode(encoding)


def _detect_encoding(data: bytes) -> str:
    return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
