"""Checks the forge's signature over the body of a delivery."""

import hashlib
import hmac
import re

_SHAPE = re.compile(r"[0-9a-f]{64}")


def is_signed(secret: str, body: bytes, header: str, prefix: str) -> bool:
    """Return whether `header` is the HMAC-SHA256 of exactly this body, compared in constant time.

    `prefix` stands before the digest.

    SHA-1, other algorithms, cut digests and anything malformed are rejected.
    """
    digest = header.removeprefix(prefix)
    if not header.startswith(prefix) or not _SHAPE.fullmatch(digest):
        return False
    wanted = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(digest.encode(), wanted.encode())
