"""The forge's signature over what it sends."""

import hashlib
import hmac
import re

_SHAPE = re.compile(r"sha256=[0-9a-f]{64}")


def is_signed(secret: str, body: bytes, header: str | None) -> bool:
    """Whether `header` is the HMAC-SHA256 of exactly this body, compared in constant time.

    SHA-1, another algorithm, a cut one, and whatever else does not look like one is none.
    """
    if header is None or not header.isascii() or not _SHAPE.fullmatch(header):
        return False
    wanted = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(header.encode(), wanted.encode())
