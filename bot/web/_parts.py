"""Pieces that several pages share."""

from bot.domain.run import Run, Status
from bot.web._html import Content, Html, tag

_TONES = {
    Status.QUEUED: "idle",
    Status.RUNNING: "busy",
    Status.WAITING: "warn",
    Status.DONE: "good",
    Status.FAILED: "bad",
    Status.QUARANTINED: "bad",
    Status.CANCELLED: "idle",
    Status.REJECTED: "idle",
}


def badge(words: Content, tone: str) -> Html:
    """Return a small coloured label."""
    return tag("span", words, class_=f"badge {tone}")


def status_badge(run: Run) -> Html:
    """Return where a run stands."""
    return badge(str(run.status), _TONES[run.status])


def money(usd: float) -> str:
    """Return `$0.00`; less than a cent is shown as it is."""
    return f"${usd:.2f}" if usd >= 0.01 or usd == 0 else f"${usd:.4f}"


def tokens(count: int) -> str:
    """Return `1,234 tokens`."""
    return f"{count:,} token{'' if count == 1 else 's'}"


def subject(run: Run, limit: int = 90) -> str:
    """Return what a run is about, on one line."""
    words = " ".join((run.trigger.subject or run.trigger.text or "the last failure").split())
    return words if len(words) <= limit else words[: limit - 1] + "…"


def code(words: str) -> Html:
    """Return something to be read letter by letter."""
    return tag("code", words)
