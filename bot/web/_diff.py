"""A diff as it is shown."""

from bot.web._html import Html, join, lines, tag

MOST = 24_000


def diff_html(diff: str) -> Html:
    """Return a unified diff, line by line; a long one is cut, and says so."""
    cut = len(diff) > MOST
    note = tag("p", f"Only the first {MOST:,} of {len(diff):,} characters are shown.")
    shown = tag("pre", tag("code", join(*map(_line, lines(diff[:MOST])), between="\n")))
    return join(note if cut else None, shown)


def _line(line: Html) -> Html:
    kind = None
    if line.startswith("+") and not line.startswith("+++"):
        kind = "added"
    elif line.startswith("-") and not line.startswith("---"):
        kind = "removed"
    return tag("span", line, class_=kind) if kind else line
