"""What people are told of an incident, and of several at once."""

from datetime import datetime, timedelta
from typing import Literal

from bot.domain.incident import MOST_AFFECTED, Earlier, Incident, Report, Severity
from bot.domain.posts import Button, Card, CardField, Image, Post
from bot.domain.restart import RestartReport
from bot.domain.run import Run, Status
from bot.domain.shipped_fix import ShippedFix
from bot.presentation.cards._plain_text import suppress_mentions, to_plain_text
from bot.presentation.cards._text import to_one_line
from bot.presentation.counts import format_count, format_people_count
from bot.presentation.restarts import render_rollback
from bot.presentation.times import format_age, format_timestamp
from bot.triage import Origin

_MARKS = {Severity.HIGH: "🔴", Severity.MEDIUM: "🟠", Severity.LOW: "🟡"}
_ORIGINS = {
    Origin.OUTSIDE: "a third party's",
    Origin.INPUT: "what was typed, and refusing it is right",
    Origin.CODE: "this bot's code",
    Origin.DATA: "what this bot keeps",
    Origin.ENVIRONMENT: "this machine or its set-up",
    Origin.UNKNOWN: "not clear yet",
}
_TONES: dict[Severity, Literal["warning", "bad"]] = {
    Severity.HIGH: "bad",
    Severity.MEDIUM: "warning",
    Severity.LOW: "warning",
}
_REPORTS = 5


def render_incident(incident: Incident, run: Run | None = None, image: Image | None = None) -> Post:
    """Return the incident's one message, as it stands now."""
    if incident.rollback is not None:
        return _render_rollback(incident, incident.rollback)
    return Post(
        card=Card(
            title=_format_title(incident),
            body="\n".join(_list_body_lines(incident)),
            tone="working"
            if incident.is_watched
            else _TONES[incident.severity]
            if incident.open
            else "good",
            fields=_build_fields(incident, run),
            footer=f"incident {incident.id} · {incident.severity}",
        ),
        buttons=build_incident_buttons(incident, run),
        images=(image,) if image is not None else (),
    )


def _render_rollback(incident: Incident, report: RestartReport) -> Post:
    """Return the message of code that was taken back: what to do about it, or that it is over."""
    post = render_rollback(report)
    footer = f"\n-# incident {incident.id} · {incident.severity}"
    if not incident.open:
        over = f"✅ {to_plain_text(incident.title)}: {to_plain_text(report.why)}. It is over: {incident.closed_for}."
        return post.replace(text=over + footer, buttons=())
    close = _build_button("Close", "close", incident)
    return post.replace(text=post.text + footer, buttons=(*post.buttons, close))


def format_incident_line(incident: Incident) -> str:
    """Return one line about an incident: mark, id, title, how often, since when."""
    run = f" · run `{incident.run_id}`" if incident.run_id else ""
    often = format_count(incident.count, "time")
    return f"{_get_mark(incident)} `{incident.id}` {to_plain_text(incident.title, 120)} · {often} · {_describe_since(incident)}{run}"


def format_incident_label(incident: Incident, now: datetime, limit: int = 200) -> str:
    """Return an incident on one line of at most `limit` characters, without Markdown."""
    begins, at = ("began", incident.since) if incident.open else ("over, last", incident.last_at)
    ends = f" · {format_count(incident.count, 'time')} · {begins} {format_age(at, now)}"
    return f"{_get_mark(incident)} {to_one_line(incident.title, limit - len(ends) - 2)}{ends}"


def _get_mark(incident: Incident) -> str:
    if incident.is_watched:
        return "👀"
    return _MARKS[incident.severity] if incident.open else "✅"


def render_recurrence(incident: Incident) -> Post:
    """Return the short word that a resolved incident is there again."""
    times = (
        ""
        if incident.recurrences < 2
        else f", for the {_format_ordinal(incident.recurrences)} time"
    )
    return Post(
        text=f"{_MARKS[incident.severity]} Again{times}: {to_plain_text(incident.title)}",
        reply_to=incident.message.message_id if incident.message else None,
    )


def _format_title(incident: Incident) -> str:
    if incident.is_watched:
        return f"👀 Fix is live: {to_plain_text(incident.title, 220)}"
    if incident.open:
        again = "again: " if incident.recurrences else ""
        return f"{_MARKS[incident.severity]} {again}{to_plain_text(incident.title, 220)}"
    ended = "Fixed" if incident.fix is not None and incident.fix.verdict == "fixed" else "Resolved"
    return f"✅ {ended}: {to_plain_text(incident.title, 220)}"


def _list_body_lines(incident: Incident) -> list[str]:
    lines = [_fix(incident.fix)] if incident.fix is not None else []
    if incident.follows is not None:
        lines.append(_describe_earlier(incident.follows))
    if incident.followed_by is not None:
        lines.append(f"It was seen again after that: incident `{incident.followed_by}`.")
    if incident.open and incident.fix is None and incident.noticed:
        lines.append(f"I noticed it when {incident.noticed}.")
    if not incident.open and incident.loop is not None and incident.resolved_at is not None:
        stood = _format_span(incident.resolved_at - incident.last_at)
        lines.append(
            f"It stopped {format_timestamp(incident.last_at, 'R')}, and stood for {stood}."
        )
    elif not incident.open and incident.resolved_at is not None:
        lasted = _format_span(incident.last_at - (incident.recurred_at or incident.since))
        waited = _format_span(incident.resolved_at - incident.last_at)
        why = (
            ""
            if incident.fix is not None
            else f" I closed it when no rule had seen it for {waited}."
        )
        lines.append(
            f"Quiet since {format_timestamp(incident.last_at, 'R')}; it lasted {lasted}.{why}"
        )
    if incident.muted_until is not None:
        who = to_plain_text(incident.muted_by.name, 40) if incident.muted_by else "somebody"
        lines.append(f"🔇 Muted by {who} until {format_timestamp(incident.muted_until)}.")
    if incident.recurrences and incident.recurred_at is not None:
        lines.append(
            f"It came back {format_count(incident.recurrences, 'time')}, last {format_timestamp(incident.recurred_at, 'R')}."
        )
    return lines


def _describe_earlier(before: Earlier) -> str:
    """Return which incident it was about the same before, and how that ended."""
    if before.fix is None:
        return f"The same was incident `{before.incident}`, quiet since {format_timestamp(before.ended_at, 'R')}."
    return (
        f"The same was incident `{before.incident}`, fixed in {before.fix.label}: "
        "that fix does not hold."
    )


def _fix(fix: ShippedFix) -> str:
    """Return what was shipped for it, and whether that is known to hold."""
    if fix.live_at is None:
        return f"A fix is merged in {fix.label}; it comes live with my next restart."
    live = f"A fix is live since {format_timestamp(fix.live_at, 'R')}, in {fix.label}, and it was not seen since."
    if fix.verdict == "fixed":
        return f"{live} It holds."
    if fix.verdict is None and fix.watched_until is not None:
        return f"{live} I watch it until {format_timestamp(fix.watched_until)} at the latest."
    return f"{live} Too little was done there to say whether it holds."


def _build_fields(incident: Incident, run: Run | None) -> tuple[CardField, ...]:
    fields = [
        CardField(name="How often", value=format_count(incident.count, "time"), inline=True),
        CardField(name="Since", value=format_timestamp(incident.since, "R"), inline=True),
        CardField(name="Affected", value=_format_affected(incident), inline=True),
        CardField(name="Whose fault", value=_render_triage(incident)),
    ]
    doing = _describe_activity(incident, run)
    if doing:
        fields.append(CardField(name="What I do", value=doing))
    if incident.reports:
        fields.append(CardField(name="People say", value=_render_reports(incident)))
    ids = ", ".join(f"`{record[-8:]}`" for record in incident.evidence[:5])
    if ids:
        fields.append(CardField(name="Evidence", value=ids))
    return tuple(fields)


def _format_affected(incident: Incident) -> str:
    count = len(incident.affected)
    if count == 0:
        return "nobody known"
    people = format_people_count(count)
    return f"{people} or more" if count >= MOST_AFFECTED else people


def _render_triage(incident: Incident) -> str:
    triage = incident.triage
    sure = "" if triage.origin is Origin.UNKNOWN else f" ({triage.confidence} confidence)"
    reasons = [f"• {suppress_mentions(reason, 180)}" for reason in triage.reasons[:4]]
    if incident.triage_before is not None and incident.triage_changed_at is not None:
        before = _ORIGINS[incident.triage_before]
        reasons.append(
            f"• judged again {format_timestamp(incident.triage_changed_at, 'R')}; before that: {before}"
        )
    if triage.remedies:
        reasons.append(f"• ours to do about it, if you say so: {'; '.join(triage.remedies)}")
    return "\n".join([f"**{_ORIGINS[triage.origin].capitalize()}**{sure}", *reasons])


def _describe_activity(incident: Incident, run: Run | None) -> str:
    if run is None:
        return suppress_mentions(incident.level)
    where = f"<#{run.thread_id}>" if run.thread_id else f"run `{run.id}`"
    if not run.has_ended:
        verb = {"fix": "I am on it", "revert": "I am undoing it"}.get(run.goal, "I look into it")
        waits = (
            " and wait for “ship it”" if run.status is Status.WAITING and _is_at_ship(run) else ""
        )
        why = "" if run.goal == "fix" else suppress_mentions(incident.level, 300)
        return f"{verb} in {where}{waits}. {why}".strip()
    reason = suppress_mentions(run.reason, 300) if run.reason else str(run.status)
    return f"{where}: {reason}"


def _is_at_ship(run: Run) -> bool:
    return run.stage == "ship" and not run.is_parked


def _render_reports(incident: Incident) -> str:
    lines = [_report(each) for each in incident.reports[-_REPORTS:]]
    more = len(incident.reports) + incident.unnamed - len(lines)
    return "\n".join([*lines, *([f"… and {more} more"] if more else [])])


def _report(each: Report) -> str:
    name = to_plain_text(each.person.name, 40)
    return (
        f"• {name}: “{to_plain_text(each.text, 120)}”" if each.text else f"• {name} pointed at it"
    )


def build_incident_buttons(incident: Incident, run: Run | None) -> tuple[Button, ...]:
    """Return what people may press: to go on where the bot did not, and to have it be quiet."""
    if not incident.open:
        return ()
    buttons: list[Button] = []
    idle = run is None or run.has_ended
    if idle and run is None:
        buttons.append(_build_button("Investigate", "investigate", incident))
    if idle and not _has_live_fix(run):
        buttons.append(_build_button("Fix it", "fix", incident, style="primary"))
    if incident.muted_until is None:
        buttons.append(_build_button("Mute", "mute", incident))
    return tuple(buttons)


def _has_live_fix(run: Run | None) -> bool:
    """Whether a fix is live: its watch says whether it holds, and offers to take it back."""
    return run is not None and run.goal == "fix" and run.status is Status.DONE


def _build_button(
    label: str,
    act: str,
    incident: Incident,
    style: Literal["primary", "secondary"] = "secondary",
) -> Button:
    return Button(label=label, action="incident", arguments=(act, incident.id), style=style)


def _describe_since(incident: Incident) -> str:
    since = (
        f"since {format_timestamp(incident.since, 'R')}"
        if incident.open
        else f"since {format_timestamp(incident.since, 'R')}, quiet since {format_timestamp(incident.last_at, 'R')}"
    )
    if incident.fix is None or incident.fix.live_at is None:
        return since
    watched = "being watched" if incident.is_watched else "not seen since"
    return f"fixed in #{incident.fix.number}, {watched}"


def _format_span(time: timedelta) -> str:
    """Return `less than a minute`, `12 min`, `2 h 5 min` or `3 days`."""
    minutes = round(time / timedelta(minutes=1))
    if minutes < 1:
        return "less than a minute"
    if minutes < 120:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} days"


def _format_ordinal(number: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if 10 <= number % 100 <= 20 else ends.get(number % 10, 'th')}"
