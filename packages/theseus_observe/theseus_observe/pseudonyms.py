"""Pseudonyms of people in the journal."""

import functools
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from theseus_observe.redaction._config_secrets import register_secret

_BYTES = 32


class SecretError(Exception):
    """The secret of pseudonyms cannot be used; the message says why."""


@functools.lru_cache(maxsize=1_024)
def build_pseudonym(user_id: int, secret: bytes, kind: str = "u") -> str:
    """Return `u-` and 12 hexadecimal characters: the same for a person while the secret stays.

    `kind` is another letter for what is no person: a channel, a server.
    """
    return f"{kind}-{compute_digest(str(user_id), secret)[:12]}"


def compute_digest(text: str, secret: bytes) -> str:
    """Return a keyed digest, which reveals nothing about the text without the secret."""
    return hmac.new(secret, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def load_secret(path: Path) -> bytes:
    """Return the secret of `path`; the first time, make one that only this user may read.

    Two processes starting at once get the same one. It is registered with the redactor.
    `SecretError` names a file that cannot be used.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except OSError as error:
        raise SecretError(
            f"The secret {path} cannot be read or made ({error.strerror})."
        ) from error
    except ValueError as error:
        raise SecretError(_describe_unusable(path)) from error
    if len(secret) < _BYTES:
        raise SecretError(_describe_unusable(path))
    register_secret(path.stem, secret.hex())
    return secret


def _make(path: Path) -> None:
    """Write a new secret to a temporary file, and link it into place, so it is never partial."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_BYTES) + "\n")
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass  # another process was faster, and its secret counts
    finally:
        draft.unlink()


def _describe_unusable(path: Path) -> str:
    return (
        f"The secret {path} is not {_BYTES} bytes in hexadecimal. "
        "Remove it to get a new one; people get new pseudonyms in the journal then."
    )
