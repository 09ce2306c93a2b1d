"""`theseus redact`: removes secrets from a text before it is shown to others."""

import sys

from theseus_observe.redaction import redact_stream


def redact() -> None:
    """Copy standard input to standard output, with secrets removed.

    Example: journalctl -u theseus | theseus redact
    """
    sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    for part in redact_stream(sys.stdin):
        sys.stdout.write(part)
