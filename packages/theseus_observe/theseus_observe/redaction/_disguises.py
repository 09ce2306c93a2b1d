"""Redacts disguised secrets: those that appear once a text is decoded or unescaped.

Each disguise is removed in a copy. If the copy contains a secret, that piece of the text is
replaced by the redacted copy; everything else stays unchanged.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote

from theseus_observe.redaction._secret_shapes import mark

CleanBody = Callable[[str], str]
"""Redacts a text that has no disguise (any more)."""

_MARK = "[redacted:"
# Terminal colours, control characters, and invisible characters.
_UNSEEN = re.compile(
    "\x1b\\[[0-?]{0,32}[ -/]{0,4}[@-~]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u0300-\u036f\u061c"
    "\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
_WIDE = re.compile("[\uff01-\uff5e\U0001d400-\U0001d7ff]")
_RUN = re.compile(r"\S{1,100000}")
_ESCAPE = re.compile(
    r"\\{1,7}(?:(?:u(?:00|000000|\{0{0,4})|x)([2-7][0-9a-f])\}?|(/)|([01][0-7]{2})"
    r"|(?:u00|x)(?:00|1b\[[\d;]{0,16}m))"
    r"|&#(?:x0{0,4}([2-7][0-9a-f])|0{0,4}(3[2-9]|[4-9]\d|1[01]\d|12[0-6]));?",
    re.IGNORECASE,
)
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{16,100000}={0,2}")
_HEX = re.compile(
    r"(?<![0-9A-Za-z])(?:(?:[0-9a-fA-F]{2}){10,50000}"
    r"|[0-9a-fA-F]{2}(?:(?P<gap>[ :])[0-9a-fA-F]{2})(?:(?P=gap)[0-9a-fA-F]{2}){8,50000})"
    r"(?![0-9A-Za-z])"
)
_READABLE = re.compile(rb"[\x20-\x7e\t\r\n]{10,100000}")
_URLSAFE = str.maketrans("-_", "+/")
_SHORTEST_RUN = 16
_MOSTLY = 0.6  # share of readable bytes from which decoded bytes count as text
_BY_CHANCE = 18  # in binary data, shorter readable runs occur by chance


def redact_disguised(text: str, open_only: CleanBody, clean: CleanBody) -> str:
    """Return the text with secrets behind escapes and invisible characters redacted.

    `open_only` redacts only what is visible as it is; `clean` also decodes further layers.
    """

    def redact_piece(text: str, decode: CleanBody) -> str:
        plain = decode(text)
        if plain == text:
            return text
        cleaned = clean(plain)
        if cleaned == plain or _MARK not in cleaned:
            return text
        seen = open_only(text)
        if cleaned.count(_MARK) < seen.count(_MARK):
            return text
        # If redacting the text as it is gives the same result, its disguise can stay.
        return text if decode(seen) == cleaned else cleaned

    if _is_veiled(text):
        has_key = "-----BEGIN" in unfold(text)  # a private key spans lines
        pieces = [text] if has_key else text.split("\n")
        text = "\n".join(redact_piece(piece, unfold) for piece in pieces)
    if "%" in text:
        text = _RUN.sub(lambda found: redact_piece(found[0], _unquote), text)
    if "\\" in text or "&#" in text:
        text = "\n".join(redact_piece(line, _unescape) for line in text.split("\n"))
    return text


def redact_encoded(text: str, clean: CleanBody) -> str:
    """Return the text with a mark for each run of base64 or hexadecimal that contains a secret."""
    if len(text) < _SHORTEST_RUN:
        return text
    text = _HEX.sub(lambda found: _redact_hex(found, clean), text)
    return _ENCODED.sub(lambda found: _redact_base64(found, clean), text)


def unfold(text: str) -> str:
    """Return the text without invisible characters and with wide letters as plain ones."""
    if not _is_veiled(text):
        return text
    plain = _WIDE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return _UNSEEN.sub("", plain)


def _is_veiled(text: str) -> bool:
    """Return whether the text may contain invisible characters or look-alikes of plain letters."""
    return not text.isascii() or _UNSEEN.search(text) is not None


def _unquote(run: str) -> str:
    """Return the run percent-decoded, except line breaks."""
    return unquote(run).replace("\n", "%0A").replace("\r", "%0D") if "%" in run else run


def _unescape(line: str) -> str:
    return _ESCAPE.sub(_decode_escape, line)


def _decode_escape(found: re.Match[str]) -> str:
    """Return the character that an escape stands for.

    NUL and terminal colours become empty. Quotes and backslashes stay escaped, because decoding
    them would change the syntax.
    """
    octal, slash = found[3], found[2]
    if code := found[1] or found[4]:
        letter = chr(int(code, 16))
    else:
        letter = chr(int(octal, 8)) if octal else slash or chr(int(found[5] or "0"))
    if letter == "\0":
        return ""
    return letter if letter.isprintable() and letter not in "\"'\\" else found[0]


def _redact_hex(found: re.Match[str], clean: CleanBody) -> str:
    return mark("hex") if _has_secret(bytes.fromhex(found[0].replace(":", "")), clean) else found[0]


def _redact_base64(found: re.Match[str], clean: CleanBody) -> str:
    run = found[0]
    bare = run.rstrip("=")
    if bare.islower() or bare.isdigit():
        return run
    standard = bare.translate(_URLSAFE)
    for shift in range(4):  # the run may begin at any place within a group of four
        raw = _decode_base64(standard[shift:])
        if _has_secret(raw, clean):
            return mark("base64")
        if shift == 0 and _is_text(raw):
            return run
    return run


def _decode_base64(run: str) -> bytes:
    valid = run[:-1] if len(run) % 4 == 1 else run  # no base64 has such a length
    try:
        return base64.b64decode(valid + "=" * (-len(valid) % 4))
    except binascii.Error:
        return b""


def _is_text(raw: bytes) -> bool:
    readable = sum(len(piece) for piece in _READABLE.findall(raw))
    return readable > _MOSTLY * len(raw)


def _has_secret(raw: bytes, clean: CleanBody) -> bool:
    """Return whether the readable parts of the bytes contain a secret.

    Zero bytes of UTF-16 are dropped first. In binary data such as a picture, readable runs occur by
    chance, so they must be longer to count.
    """
    if 3 * raw.count(0) > len(raw):
        raw = raw.replace(b"\0", b"")
    least = 1 if _is_text(raw) else _BY_CHANCE
    for piece in _READABLE.findall(raw):
        text = piece.decode("ascii")
        if len(text) >= least and clean(text) != text:
            return True
    return False
