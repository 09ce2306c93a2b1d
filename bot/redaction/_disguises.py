"""Secrets in disguise: what a text says once it is decoded, unescaped, or made visible.

Each disguise is taken off in a copy. Where the copy turns out to hold a secret, that piece of the
text is given without its disguise and without its secret; everything else stays as it was.
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote

from bot.redaction._secret_shapes import mark

CleanBody = Callable[[str], str]
"""Takes the secrets out of a text that is not disguised (any more)."""

_MARK = "[redacted:"
# Colours of a terminal, control characters, and signs that nobody sees.
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
_MOSTLY = 0.6  # readable: a text, and looked at no further
_BY_CHANCE = 18


def redact_disguised(text: str, open_only: CleanBody, clean: CleanBody) -> str:
    """`text` with what escapes and unseen signs hide taken out.

    `open_only` takes out what stands there openly, `clean` goes into further layers as well.
    """

    def redact_piece(text: str, plainly: CleanBody) -> str:
        plain = plainly(text)
        if plain == text:
            return text
        cleaned = clean(plain)
        if cleaned == plain or _MARK not in cleaned:
            return text
        seen = open_only(text)
        if cleaned.count(_MARK) < seen.count(_MARK):
            return text
        return text if plainly(seen) == cleaned else cleaned

    if _is_veiled(text):
        whole = "-----BEGIN" in unfold(text)
        pieces = [text] if whole else text.split("\n")
        text = "\n".join(redact_piece(piece, unfold) for piece in pieces)
    if "%" in text:
        text = _RUN.sub(lambda found: redact_piece(found[0], _unquote), text)
    if "\\" in text or "&#" in text:
        text = "\n".join(redact_piece(line, _unescape) for line in text.split("\n"))
    return text


def redact_encoded(text: str, clean: CleanBody) -> str:
    """`text` without the runs of base64 and hexadecimal that a secret is in."""
    if len(text) < _SHORTEST_RUN:
        return text
    text = _HEX.sub(lambda found: _redact_hex(found, clean), text)
    return _ENCODED.sub(lambda found: _redact_base64(found, clean), text)


def unfold(text: str) -> str:
    """Return the text without signs that cannot be seen, wide letters as plain ones."""
    if not _is_veiled(text):
        return text
    plain = _WIDE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return _UNSEEN.sub("", plain)


def _is_veiled(text: str) -> bool:
    """Whether there may be something unseen in it, or something that only looks plain."""
    return not text.isascii() or _UNSEEN.search(text) is not None


def _unquote(run: str) -> str:
    """Percent-decoded; what would break the line stays encoded."""
    return unquote(run).replace("\n", "%0A").replace("\r", "%0D") if "%" in run else run


def _unescape(line: str) -> str:
    return _ESCAPE.sub(_decode_escape, line)


def _decode_escape(found: re.Match[str]) -> str:
    """The character an escape stands for; quotes and backslashes would change the syntax.

    Nothing stands for what nobody sees: a NUL between letters, a colour.
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
    for shift in range(4):
        raw = _decode_base64(standard[shift:])
        if _has_secret(raw, clean):
            return mark("base64")
        if shift == 0 and _is_text(raw):
            return run
    return run


def _decode_base64(run: str) -> bytes:
    whole = run[:-1] if len(run) % 4 == 1 else run
    try:
        return base64.b64decode(whole + "=" * (-len(whole) % 4))
    except binascii.Error:
        return b""


def _is_text(raw: bytes) -> bool:
    readable = sum(len(piece) for piece in _READABLE.findall(raw))
    return readable > _MOSTLY * len(raw)


def _has_secret(raw: bytes, clean: CleanBody) -> bool:
    """Whether there is a secret in what can be read of these bytes.

    Every other byte of UTF-16 is none. In a picture something readable comes about by chance: it
    has to be longer there.
    """
    if 3 * raw.count(0) > len(raw):
        raw = raw.replace(b"\0", b"")
    least = 1 if _is_text(raw) else _BY_CHANCE
    for piece in _READABLE.findall(raw):
        text = piece.decode("ascii")
        if len(text) >= least and clean(text) != text:
            return True
    return False
