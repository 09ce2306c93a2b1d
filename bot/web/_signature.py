"""Checks the forge's signature over the body of a delivery."""

import hashlib
import hmac
import re

_SHAPE = re.compile(r"sha256=[0-9a-f]{64}")


def is_signed(secret: str, body: bytes, header: str | None) -> bool:
    """Return whether `header` is the HMAC-SHA256 of exactly this body, compared in constant time.

    SHA-1, other algorithms, cut digests and anything malformed are rejected.
    """
    if header is None or not header.isascii() or not _SHAPE.fullmatch(header):
        return False
    wanted = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(header.encode(), wanted.encode())
