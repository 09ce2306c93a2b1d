"""The beginning of a text that may be of any length, redacted.

Redaction takes time for each character, on the event loop: so a text is cut first.
"""

from theseus_observe.failures.literals import Redact


def redact_beginning(text: str, limit: int, redact: Redact) -> str:
    """Return at most `limit` characters of a redacted text, of which twice as many are looked at.

    Half a secret at the cut looks like no secret. So as much as is shown at most is always dropped
    from the end of what was looked at, even where little else is left.
    """
    return keep_beginning(redact(text[: 2 * limit]), limit, cut=len(text) > 2 * limit)


def keep_beginning(redacted: str, limit: int, *, cut: bool) -> str:
    """Return the same of a text that is redacted; `cut` says that it was cut before."""
    shown = redacted[: min(limit, max(0, len(redacted) - limit))] if cut else redacted[:limit]
    return f"{shown} [... cut]" if cut or len(redacted) > limit else redacted
