"""How a shipped change is used."""

from bot.domain.journal import format_event_name
from bot.domain.links import format_link
from bot.domain.posts import Post
from bot.domain.proposal import Proposal
from bot.domain.use import EventUse, UseReport, UseWatch
from bot.presentation.counts import format_count, format_people_count
from bot.presentation.markdown import escape_line
from bot.presentation.times import format_timestamp

_IN_TIME_SHARE = 0.95  # of the answers must be in time; below that, the line gets a warning sign
_MOST = 12  # commands that are listed; the others are counted


def use_post(proposal: Proposal, report: UseReport) -> Post:
    """Return how often each command of a change was used since it came live."""
    change = format_link(f"#{proposal.number}", proposal.url)
    since = format_timestamp(report.since, "R")
    lines = [f"📊 **How it is used** since {change} came live {since}:"]
    return Post(text="\n".join([*lines, *(f"• {line}" for line in use_lines(report))]))


def use_lines(report: UseReport) -> tuple[str, ...]:
    """Return a line for each command, and one line for the reactions, if there are any."""
    lines = [_format_use(each) for each in report.uses[:_MOST]]
    more = len(report.uses) - _MOST
    if more > 0:
        lines.append(f"and {format_count(more, 'command')} more")
    if report.liked or report.disliked:
        lines.append(f"👍 {report.liked}, 👎 {report.disliked}")
    return tuple(lines)


def use_text(report: UseReport) -> str:
    """Return the report as one line."""
    return "; ".join(use_lines(report))


def describe_use_watch(watch: UseWatch) -> str:
    """Return what is watched and until when, as a chat timestamp in the reader's time zone."""
    if watch.tell_at is None:
        return f"whether it fails, until {format_timestamp(watch.until, 'R')}"
    return f"how it is used; I report {format_timestamp(watch.tell_at, 'R')}"


def _format_use(use: EventUse) -> str:
    called = escape_line(f"`{format_event_name(use.event)}`")
    if not use.uses:
        return f"{called}: no one used it"
    people = f" by {format_people_count(use.people)}" if use.people else ""
    failed = format_count(use.failures, "failure") if use.failures else "no failure"
    text = f"{called}: {format_count(use.uses, 'use')}{people}, {failed}{_format_times(use)}"
    return f"{text}{_format_promise(use)}"


def _format_times(use: EventUse) -> str:
    if use.typical_ms is None:
        return ""
    before = f", {_format_time(use.before_ms)} before" if use.before_ms is not None else ""
    return f"; usually answered in {_format_time(use.typical_ms)}{before}"


def _format_promise(use: EventUse) -> str:
    """Return whether answers were as fast as promised, with both numbers."""
    text, promise = "", use.promise
    if promise.ms is not None and use.answered:
        mark = "" if use.in_time >= _IN_TIME_SHARE * use.answered else "⚠️ "
        text = (
            f"; {mark}{use.in_time} of {use.answered} within the promised "
            f"{_format_time(promise.ms)}"
        )
    if promise.ratio is not None and use.typical_ms is not None and use.before_ms:
        now = use.typical_ms / use.before_ms
        mark = "" if now <= promise.ratio else "⚠️ "
        text += f"; {mark}{now:.2f} times as long as before, {promise.ratio:.2f} was proven"
    return text


def _format_time(milliseconds: float) -> str:
    return f"{milliseconds:.0f} ms" if milliseconds < 1_000 else f"{milliseconds / 1_000:.1f} s"
