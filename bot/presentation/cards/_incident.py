"""What people are told of an incident, and of several at once."""

from datetime import datetime, timedelta
from typing import Literal

from bot.domain.incident import MOST_AFFECTED, Earlier, Incident, Report, Severity
from bot.domain.posts import Button, Card, CardField, Image, Post
from bot.domain.restart import RestartReport
from bot.domain.run import Run, Status
from bot.domain.shipped_fix import ShippedFix
from bot.presentation.cards._plain_text import plain, tame
from bot.presentation.cards._text import one_line
from bot.presentation.counts import counted, people_counted
from bot.presentation.restarts import taken_back
from bot.presentation.times import ago, moment
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


def incident(told: Incident, run: Run | None = None, image: Image | None = None) -> Post:
    """Return the incident's one message, as it stands now."""
    if told.rollback is not None:
        return _rollback(told, told.rollback)
    return Post(
        card=Card(
            title=_title(told),
            body="\n".join(_body(told)),
            tone="working" if told.watched else _TONES[told.severity] if told.open else "good",
            fields=_fields(told, run),
            footer=f"incident {told.id} · {told.severity}",
        ),
        buttons=incident_buttons(told, run),
        images=(image,) if image is not None else (),
    )


def _rollback(told: Incident, report: RestartReport) -> Post:
    """Return the message of code that was taken back: what to do about it, or that it is over."""
    post = taken_back(report)
    footer = f"\n-# incident {told.id} · {told.severity}"
    if not told.open:
        over = f"✅ {plain(told.title)}: {plain(report.why)}. It is over: {told.closed_for}."
        return post.but(text=over + footer, buttons=())
    close = _button("Close", "close", told)
    return post.but(text=post.text + footer, buttons=(*post.buttons, close))


def incident_line(told: Incident) -> str:
    """Return one line about an incident: mark, id, title, how often, since when."""
    run = f" · run `{told.run_id}`" if told.run_id else ""
    often = counted(told.count, "time")
    return f"{_mark(told)} `{told.id}` {plain(told.title, 120)} · {often} · {_since(told)}{run}"


def incident_label(told: Incident, now: datetime, limit: int = 200) -> str:
    """Return an incident on one line of at most `limit` characters, without Markdown."""
    begins, at = ("began", told.since) if told.open else ("over, last", told.last_at)
    ends = f" · {counted(told.count, 'time')} · {begins} {ago(at, now)}"
    return f"{_mark(told)} {one_line(told.title, limit - len(ends) - 2)}{ends}"


def _mark(told: Incident) -> str:
    if told.watched:
        return "👀"
    return _MARKS[told.severity] if told.open else "✅"


def came_back(told: Incident) -> Post:
    """Return the short word that a resolved incident is there again."""
    times = "" if told.again < 2 else f", for the {_ordinal(told.again)} time"
    return Post(
        text=f"{_MARKS[told.severity]} Again{times}: {plain(told.title)}",
        reply_to=told.message.message_id if told.message else None,
    )


def _title(told: Incident) -> str:
    if told.watched:
        return f"👀 Fix is live: {plain(told.title, 220)}"
    if told.open:
        again = "again: " if told.again else ""
        return f"{_MARKS[told.severity]} {again}{plain(told.title, 220)}"
    ended = "Fixed" if told.fix is not None and told.fix.verdict == "fixed" else "Resolved"
    return f"✅ {ended}: {plain(told.title, 220)}"


def _body(told: Incident) -> list[str]:
    lines = [_fix(told.fix)] if told.fix is not None else []
    if told.follows is not None:
        lines.append(_before(told.follows))
    if told.followed_by is not None:
        lines.append(f"It was seen again after that: incident `{told.followed_by}`.")
    if told.open and told.fix is None and told.noticed:
        lines.append(f"I noticed it when {told.noticed}.")
    if not told.open and told.loop is not None and told.resolved_at is not None:
        stood = _span(told.resolved_at - told.last_at)
        lines.append(f"It stopped {moment(told.last_at, 'R')}, and stood for {stood}.")
    elif not told.open and told.resolved_at is not None:
        lasted = _span(told.last_at - (told.again_at or told.since))
        waited = _span(told.resolved_at - told.last_at)
        why = "" if told.fix is not None else f" I closed it when no rule had seen it for {waited}."
        lines.append(f"Quiet since {moment(told.last_at, 'R')}; it lasted {lasted}.{why}")
    if told.muted_until is not None:
        who = plain(told.muted_by.name, 40) if told.muted_by else "somebody"
        lines.append(f"🔇 Muted by {who} until {moment(told.muted_until)}.")
    if told.again and told.again_at is not None:
        lines.append(
            f"It came back {counted(told.again, 'time')}, last {moment(told.again_at, 'R')}."
        )
    return lines


def _before(before: Earlier) -> str:
    """Return which incident it was about the same before, and how that ended."""
    if before.fix is None:
        return (
            f"The same was incident `{before.incident}`, quiet since {moment(before.over_at, 'R')}."
        )
    return (
        f"The same was incident `{before.incident}`, fixed in {before.fix.told}: "
        "that fix does not hold."
    )


def _fix(fix: ShippedFix) -> str:
    """Return what was shipped for it, and whether that is known to hold."""
    if fix.live_at is None:
        return f"A fix is merged in {fix.told}; it comes live with my next restart."
    live = (
        f"A fix is live since {moment(fix.live_at, 'R')}, in {fix.told}, and it was not seen since."
    )
    if fix.verdict == "fixed":
        return f"{live} It holds."
    if fix.verdict is None and fix.watched_until is not None:
        return f"{live} I watch it until {moment(fix.watched_until)} at the latest."
    return f"{live} Too little was done there to say whether it holds."


def _fields(told: Incident, run: Run | None) -> tuple[CardField, ...]:
    fields = [
        CardField(name="How often", value=counted(told.count, "time"), inline=True),
        CardField(name="Since", value=moment(told.since, "R"), inline=True),
        CardField(name="Affected", value=_affected(told), inline=True),
        CardField(name="Whose fault", value=_triage(told)),
    ]
    doing = _doing(told, run)
    if doing:
        fields.append(CardField(name="What I do", value=doing))
    if told.reports:
        fields.append(CardField(name="People say", value=_reports(told)))
    ids = ", ".join(f"`{record[-8:]}`" for record in told.evidence[:5])
    if ids:
        fields.append(CardField(name="Evidence", value=ids))
    return tuple(fields)


def _affected(told: Incident) -> str:
    count = len(told.affected)
    if count == 0:
        return "nobody known"
    people = people_counted(count)
    return f"{people} or more" if count >= MOST_AFFECTED else people


def _triage(told: Incident) -> str:
    triage = told.triage
    sure = "" if triage.origin is Origin.UNKNOWN else f" ({triage.confidence} confidence)"
    reasons = [f"• {tame(reason, 180)}" for reason in triage.reasons[:4]]
    if told.triage_before is not None and told.triage_changed_at is not None:
        before = _ORIGINS[told.triage_before]
        reasons.append(
            f"• judged again {moment(told.triage_changed_at, 'R')}; before that: {before}"
        )
    if triage.remedies:
        reasons.append(f"• ours to do about it, if you say so: {'; '.join(triage.remedies)}")
    return "\n".join([f"**{_ORIGINS[triage.origin].capitalize()}**{sure}", *reasons])


def _doing(told: Incident, run: Run | None) -> str:
    if run is None:
        return tame(told.level)
    where = f"<#{run.thread_id}>" if run.thread_id else f"run `{run.id}`"
    if not run.ended:
        verb = {"fix": "I am on it", "revert": "I am undoing it"}.get(run.goal, "I look into it")
        waits = " and wait for “ship it”" if run.status is Status.WAITING and _at_ship(run) else ""
        why = "" if run.goal == "fix" else tame(told.level, 300)
        return f"{verb} in {where}{waits}. {why}".strip()
    reason = tame(run.reason, 300) if run.reason else str(run.status)
    return f"{where}: {reason}"


def _at_ship(run: Run) -> bool:
    return run.stage == "ship" and not run.parked


def _reports(told: Incident) -> str:
    lines = [_report(each) for each in told.reports[-_REPORTS:]]
    more = len(told.reports) + told.unnamed - len(lines)
    return "\n".join([*lines, *([f"… and {more} more"] if more else [])])


def _report(each: Report) -> str:
    name = plain(each.person.name, 40)
    return f"• {name}: “{plain(each.text, 120)}”" if each.text else f"• {name} pointed at it"


def incident_buttons(told: Incident, run: Run | None) -> tuple[Button, ...]:
    """Return what people may press: to go on where the bot did not, and to have it be quiet."""
    if not told.open:
        return ()
    buttons: list[Button] = []
    idle = run is None or run.ended
    if idle and run is None:
        buttons.append(_button("Investigate", "investigate", told))
    if idle and not _mended(run):
        buttons.append(_button("Fix it", "fix", told, style="primary"))
    if told.muted_until is None:
        buttons.append(_button("Mute", "mute", told))
    return tuple(buttons)


def _mended(run: Run | None) -> bool:
    """Whether a fix is live: its watch says whether it holds, and offers to take it back."""
    return run is not None and run.goal == "fix" and run.status is Status.DONE


def _button(
    label: str,
    act: str,
    told: Incident,
    style: Literal["primary", "secondary"] = "secondary",
) -> Button:
    return Button(label=label, action="incident", arguments=(act, told.id), style=style)


def _since(told: Incident) -> str:
    since = (
        f"since {moment(told.since, 'R')}"
        if told.open
        else f"since {moment(told.since, 'R')}, quiet since {moment(told.last_at, 'R')}"
    )
    if told.fix is None or told.fix.live_at is None:
        return since
    watched = "being watched" if told.watched else "not seen since"
    return f"fixed in #{told.fix.number}, {watched}"


def _span(time: timedelta) -> str:
    """Return `less than a minute`, `12 min`, `2 h 5 min` or `3 days`."""
    minutes = round(time / timedelta(minutes=1))
    if minutes < 1:
        return "less than a minute"
    if minutes < 120:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} days"


def _ordinal(number: int) -> str:
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if 10 <= number % 100 <= 20 else ends.get(number % 10, 'th')}"
