"""`theseus redact`: a filter for whatever is to be shown to others."""

import sys

from bot.redaction import redact_stream


def redact() -> None:
    """Copy standard input to standard output without secrets.

    For example: journalctl -u theseus | theseus redact
    """
    sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    for part in redact_stream(sys.stdin):
        sys.stdout.write(part)
