"""The messages about an incident."""

from datetime import datetime, timedelta
from typing import Literal

from bot.domain.conduct import Conduct
from bot.domain.incident import MOST_AFFECTED, Earlier, Incident, Report, Severity
from bot.domain.posts import Button, Card, CardField, Image, Post
from bot.domain.restart import RestartReport
from bot.domain.run import Run, Status
from bot.domain.shipped_fix import ShippedFix
from bot.presentation.cards._incident_acts import describe_mute
from bot.presentation.cards._plain_text import suppress_mentions, to_plain_text
from bot.presentation.cards._text import to_one_line
from bot.presentation.counts import format_count, format_people_count
from bot.presentation.restarts import render_rollback
from bot.presentation.times import format_age, format_timestamp
from bot.triage import Origin

_MARKS = {Severity.HIGH: "🔴", Severity.MEDIUM: "🟠", Severity.LOW: "🟡"}
_ORIGINS = {
    Origin.OUTSIDE: "a third party",
    Origin.INPUT: "invalid input, and the refusal is correct",
    Origin.CODE: "this bot's code",
    Origin.DATA: "data that this bot stores",
    Origin.ENVIRONMENT: "this machine or its configuration",
    Origin.UNKNOWN: "not known yet",
}
Tone = Literal["working", "good", "warning", "bad"]
_TONES: dict[Severity, Tone] = {
    Severity.HIGH: "bad",
    Severity.MEDIUM: "warning",
    Severity.LOW: "warning",
}
_REPORTS = 5


def render_incident(incident: Incident, run: Run | None = None, image: Image | None = None) -> Post:
    """Return the incident's one message, in its current state."""
    if incident.rollback is not None:
        return _render_rollback(incident, incident.rollback)
    if incident.conduct is not None:
        return _render_conduct(incident, incident.conduct)
    return Post(
        card=Card(
            title=_format_title(incident),
            body="\n".join(_list_body_lines(incident)),
            tone=_choose_tone(incident),
            fields=_build_fields(incident, run),
            footer=f"incident {incident.id} · {incident.severity}",
        ),
        buttons=(*build_incident_buttons(incident, run), *_build_acts(incident)),
        images=(image,) if image is not None else (),
    )


def _choose_tone(incident: Incident) -> Tone:
    if incident.is_watched:
        return "working"
    return _TONES[incident.severity] if incident.open else "good"


def _render_rollback(incident: Incident, report: RestartReport) -> Post:
    """Return the message about code that was rolled back: what to do, or that it is closed."""
    post = render_rollback(report)
    footer = f"\n-# incident {incident.id} · {incident.severity}"
    if not incident.open:
        what = f"{to_plain_text(incident.full_title)}: {to_plain_text(report.why)}"
        text = f"✅ {what}. It is closed: {incident.closed_for}.{footer}"
        return post.replace(text=text, buttons=())
    acts = _build_closing_buttons(incident)
    return post.replace(text=post.text + footer, buttons=(*post.buttons, *acts))


def _render_conduct(incident: Incident, conduct: Conduct) -> Post:
    """Return the message about the bot's own activity: what was found, in which runs."""
    mark = _get_mark(incident)
    footer = f"\n-# incident {incident.id} · {incident.severity}"
    head = f"{mark} **{to_plain_text(incident.title)}**: {to_plain_text(conduct.summary)}."
    if not incident.open:
        ending = to_plain_text(incident.closed_for)
        return Post(text=f"{head} It is closed: {ending}.{footer}")
    runs = ", ".join(f"`{run}`" for run in conduct.runs)
    advice = (
        "Look at these runs. `/pause` stops what I start by myself, and “revert” in a "
        "run's thread takes its change back. Close this when you have decided."
    )
    text = f"{head}\nRuns: {runs}\n{advice}{footer}"
    return Post(text=text, buttons=_build_closing_buttons(incident))


def _build_closing_buttons(incident: Incident) -> tuple[Button, ...]:
    """Return the buttons of an incident that ends when a person closes it."""
    close = _build_button("Close", "close", incident)
    return *_build_pauses(incident), close


def _build_pauses(incident: Incident) -> tuple[Button, ...]:
    """Return the buttons that silence an incident for a time, unless it is silenced."""
    if incident.has_mute:
        return ()
    later = _build_button("Later", "later", incident)
    return later, _build_button("Ignore", "mute", incident)


def format_incident_line(incident: Incident) -> str:
    """Return one line about an incident: sign, id, title, count and time."""
    run = f" · run `{incident.run_id}`" if incident.run_id else ""
    often = format_count(incident.count, "time")
    return (
        f"{_get_mark(incident)} `{incident.id}` {to_plain_text(incident.full_title, 120)} · "
        f"{often} · {_describe_since(incident)}{run}"
    )


def format_incident_label(incident: Incident, now: datetime, limit: int = 200) -> str:
    """Return an incident on one line of at most `limit` characters, without Markdown."""
    begins, at = (
        ("began", incident.since) if incident.open else ("ended, last seen", incident.last_at)
    )
    ends = f" · {format_count(incident.count, 'time')} · {begins} {format_age(at, now)}"
    return f"{_get_mark(incident)} {to_one_line(incident.full_title, limit - len(ends) - 2)}{ends}"


def _get_mark(incident: Incident) -> str:
    if incident.is_watched:
        return "👀"
    return _MARKS[incident.severity] if incident.open else "✅"


def render_recurrence(incident: Incident) -> Post:
    """Return the short message that a resolved incident has come back."""
    count = incident.recurrences
    times = "" if count < 2 else f", for the {_format_ordinal(count)} time"
    return Post(
        text=f"{_MARKS[incident.severity]} Again{times}: {to_plain_text(incident.full_title)}",
        reply_to=incident.message.message_id if incident.message else None,
    )


def _format_title(incident: Incident) -> str:
    if incident.is_watched:
        return f"👀 Fix is live: {to_plain_text(incident.full_title, 220)}"
    if incident.open:
        prefix = "again: " if incident.recurrences else ""
        return f"{_MARKS[incident.severity]} {prefix}{to_plain_text(incident.full_title, 220)}"
    ended = "Fixed" if incident.fix is not None and incident.fix.verdict == "fixed" else "Resolved"
    return f"✅ {ended}: {to_plain_text(incident.full_title, 220)}"


def _list_body_lines(incident: Incident) -> list[str]:
    last = format_timestamp(incident.last_at, "R")
    lines = [_fix(incident.fix)] if incident.fix is not None else []
    if incident.follows is not None:
        lines.append(_describe_earlier(incident.follows))
    if incident.followed_by is not None:
        lines.append(f"It occurred again later: incident `{incident.followed_by}`.")
    if incident.open and incident.fix is None and incident.noticed:
        lines.append(f"I noticed it when {incident.noticed}.")
    if not incident.open and incident.loop is not None and incident.resolved_at is not None:
        outage = _format_span(incident.resolved_at - incident.last_at)
        lines.append(f"It stopped {last} and was down for {outage}.")
    elif not incident.open and incident.resolved_at is not None:
        duration = _format_span(incident.last_at - (incident.recurred_at or incident.since))
        quiet_time = _format_span(incident.resolved_at - incident.last_at)
        reason = f" I closed it because no rule had detected it for {quiet_time}."
        lines.append(f"Last seen {last}. It lasted {duration}.{'' if incident.fix else reason}")
    if incident.has_mute:
        lines.append(f"🔇 {describe_mute(incident)}")
    if incident.recurrences and incident.recurred_at is not None:
        times, newest = format_count(incident.recurrences, "time"), incident.recurred_at
        lines.append(f"It came back {times}, last {format_timestamp(newest, 'R')}.")
    return lines


def _describe_earlier(before: Earlier) -> str:
    """Return the earlier incident of the same fault, and how it ended."""
    same = f"The same fault was incident `{before.incident}`"
    if before.fix is None:
        return f"{same}, last seen {format_timestamp(before.ended_at, 'R')}."
    return f"{same}, fixed in {before.fix.label}. That fix does not work."


def _fix(fix: ShippedFix) -> str:
    """Return what was shipped for the incident, and whether it is known to work."""
    if fix.live_at is None:
        return f"A fix is merged in {fix.label} and goes live with my next restart."
    live = (
        f"A fix went live {format_timestamp(fix.live_at, 'R')} in {fix.label}, and the "
        "fault has not been seen since."
    )
    if fix.verdict == "fixed":
        return f"{live} The fix works."
    if fix.verdict is None and fix.watched_until is not None:
        return f"{live} I watch it until {format_timestamp(fix.watched_until)} at the latest."
    return f"{live} It has been used too little to say whether the fix works."


def _build_fields(incident: Incident, run: Run | None) -> tuple[CardField, ...]:
    fields = [
        CardField(name="How often", value=format_count(incident.count, "time"), inline=True),
        CardField(name="Since", value=format_timestamp(incident.since, "R"), inline=True),
        CardField(name="Affected", value=_format_affected(incident), inline=True),
        CardField(name="Where the fault is", value=_render_triage(incident)),
    ]
    if incident.assignee is not None:
        name = to_plain_text(incident.assignee.person.name, 40)
        fields.append(CardField(name="Looked after by", value=name, inline=True))
    doing = _describe_activity(incident, run)
    if doing:
        fields.append(CardField(name="What I am doing", value=doing))
    if incident.reports:
        fields.append(CardField(name="Reports", value=_render_reports(incident)))
    ids = ", ".join(f"`{record[-8:]}`" for record in incident.evidence[:5])
    if ids:
        fields.append(CardField(name="Evidence", value=ids))
    return tuple(fields)


def _format_affected(incident: Incident) -> str:
    count = len(incident.affected)
    if count == 0:
        return "no known users"
    people = format_people_count(count)
    return f"{people} or more" if count >= MOST_AFFECTED else people


def _render_triage(incident: Incident) -> str:
    triage = incident.triage
    sure = "" if triage.origin is Origin.UNKNOWN else f" ({triage.confidence} confidence)"
    reasons = [f"• {suppress_mentions(reason, 180)}" for reason in triage.reasons[:4]]
    if incident.triage_before is not None and incident.triage_changed_at is not None:
        changed = format_timestamp(incident.triage_changed_at, "R")
        reasons.append(f"• judged again {changed}; before that: {_ORIGINS[incident.triage_before]}")
    if triage.remedies:
        reasons.append(f"• what we can do about it, if you ask me to: {'; '.join(triage.remedies)}")
    return "\n".join([f"**{_ORIGINS[triage.origin].capitalize()}**{sure}", *reasons])


def _describe_activity(incident: Incident, run: Run | None) -> str:
    if run is None:
        return suppress_mentions(incident.level)
    where = f"<#{run.thread_id}>" if run.thread_id else f"run `{run.id}`"
    if not run.has_ended:
        verb = {"fix": "I am on it", "revert": "I am reverting it"}.get(
            run.goal, "I am looking into it"
        )
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
        f"• {name}: “{to_plain_text(each.text, 120)}”" if each.text else f"• {name} pointed to it"
    )


def build_incident_buttons(incident: Incident, run: Run | None) -> tuple[Button, ...]:
    """Return the buttons that continue the work, and those that silence the incident."""
    if not incident.open:
        return ()
    buttons: list[Button] = []
    idle = run is None or run.has_ended
    if idle and run is None:
        buttons.append(_build_button("Investigate", "investigate", incident))
    if idle and not _has_live_fix(run):
        buttons.append(_build_button("Fix it", "fix", incident, style="primary"))
    return (*buttons, *_build_pauses(incident))


def _build_acts(incident: Incident) -> tuple[Button, ...]:
    """Return the buttons that say who looks after the incident, and that it is not ours."""
    if not incident.open:
        return ()
    buttons: list[Button] = []
    if incident.assignee is None:
        buttons.append(_build_button("I take it", "take", incident))
    if incident.triage.origin is not Origin.OUTSIDE:
        buttons.append(_build_button("Third party's", "outside", incident))
    return tuple(buttons)


def _has_live_fix(run: Run | None) -> bool:
    """Return whether a fix is live: then its watch offers the revert, and no button is needed."""
    return run is not None and run.goal == "fix" and run.status is Status.DONE


def _build_button(
    label: str,
    act: str,
    incident: Incident,
    style: Literal["primary", "secondary"] = "secondary",
) -> Button:
    return Button(label=label, action="incident", arguments=(act, incident.id), style=style)


def _describe_since(incident: Incident) -> str:
    since = f"since {format_timestamp(incident.since, 'R')}"
    if not incident.open:
        since += f", last seen {format_timestamp(incident.last_at, 'R')}"
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
