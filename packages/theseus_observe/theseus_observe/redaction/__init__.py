"""Redaction of secrets: everything that is stored, sent or shown passes through `redact` first."""

from theseus_observe.redaction._config_secrets import forget_secret, register_secret
from theseus_observe.redaction._redact import redact, redact_value
from theseus_observe.redaction._stream import StreamRedactor, redact_stream

__all__ = [
    "StreamRedactor",
    "forget_secret",
    "redact",
    "redact_stream",
    "redact_value",
    "register_secret",
]
