"""A diff as it is shown."""

from bot.telemetry import redact
from bot.web._html import Html, join, tag

MOST = 60_000


def diff_html(diff: str) -> Html:
    """Return a unified diff, line by line; a long one is cut, and says so.

    It is redacted as a whole first: a key may go over several lines.
    """
    shown = redact(diff[:MOST])
    cut = len(diff) > MOST
    note = tag("p", f"Only the first {MOST:,} of {len(diff):,} characters are shown.")
    return join(note if cut else None, tag("pre", tag("code", *map(_line, shown.split("\n")))))


def _line(line: str) -> Html:
    kind = None
    if line.startswith("+") and not line.startswith("+++"):
        kind = "added"
    elif line.startswith("-") and not line.startswith("---"):
        kind = "removed"
    return join(tag("span", line, class_=kind) if kind else line, "\n")
