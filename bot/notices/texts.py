"""What people read of notices, digests and quiet mode. Pure functions."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain.history import History
from bot.domain.notices import (
    DigestSchedule,
    NoticeDelivery,
    NoticeSettings,
    ProposalGroup,
    QuietPeriod,
    Reminder,
)
from bot.domain.people import Person
from bot.domain.posts import Post
from bot.domain.run import Run, Status
from bot.notices.activity import Activity
from bot.presentation.cards import format_money, format_status, to_plain_text
from bot.presentation.counts import format_count
from bot.presentation.later import build_notice_buttons
from bot.presentation.times import format_timestamp
from bot.presentation.titles import add_target, change_title, format_title

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MOST = 8
_LEVELS = {
    "needs a person": "I announce only what needs a person",
    "nothing": "I announce nothing",
}
_DONE = {
    Status.DONE: "is done",
    Status.FAILED: "ended without a result",
    Status.CANCELLED: "was cancelled",
    Status.REJECTED: "was rejected",
    Status.QUARANTINED: "was set aside",
}


def describe_quiet(period: QuietPeriod) -> str:
    """Return who made the bot quiet, how far, and until when."""
    until = f"until {format_timestamp(period.until, 'f')}" if period.until else "until it is ended"
    return (
        f"🔕 **{to_plain_text(period.by.name)}** has set quiet mode: {_LEVELS[period.level]}, "
        f"{until}. Incidents of high severity are always announced. `/quiet mode: off` ends it."
    )


def describe_quiet_end(person: Person) -> str:
    """Return who ended quiet mode."""
    return f"🔔 **{to_plain_text(person.name)}** has ended quiet mode."


def describe_settings(settings: NoticeSettings) -> str:
    """Return how a person is told of each kind."""
    names = {
        NoticeDelivery.MENTION: "a mention, where it happens",
        NoticeDelivery.DIRECT: "a direct message",
        NoticeDelivery.NONE: "nothing",
    }
    return (
        "You get from me:\n"
        f"- when a request of yours has ended: {names[settings.done]}\n"
        f"- when a proposal waits that you may approve: {names[settings.approval]}\n"
        f"- when a failure that you have reported is fixed: {names[settings.fixed]}"
    )


def describe_schedule(schedule: DigestSchedule) -> str:
    """Return when and where a digest comes."""
    where = "in the dev channel" if schedule.to_channel else "as a direct message to you"
    day = f"every {WEEKDAYS[schedule.weekday]}" if schedule.every == "weekly" else "every day"
    return f"📰 A digest comes {day} at {schedule.at:%H:%M} ({schedule.timezone}), {where}."


def describe_schedule_end(*, to_channel: bool) -> str:
    """Return that no digest comes any more."""
    return f"No digest comes {'to the dev channel' if to_channel else 'to you'} any more."


def render_digest(schedule: DigestSchedule, activity: Activity) -> Post:
    """Return a digest: one line with the numbers, then what waits and what was shipped."""
    period = "This week" if schedule.every == "weekly" else "Last 24 hours"
    lines = [f"📰 **{period}**: {summarise_activity(activity)}."]
    lines += [f"- waits: {format_run(run, history)}" for run, history in activity.waiting[:_MOST]]
    lines += [f"- shipped: {_format_shipped(*each)}" for each in activity.shipped[:_MOST]]
    hidden = sum(max(0, len(each) - _MOST) for each in (activity.waiting, activity.shipped))
    if hidden:
        lines.append(f"- and {hidden} more")
    buttons = build_notice_buttons("digest", "all") if activity.waiting else ()
    return Post(text="\n".join(lines), buttons=buttons)


def summarise_activity(activity: Activity) -> str:
    """Return the numbers: `3 fixes, 2 held, $1.20, 1 proposal waits`."""
    counts = (
        (activity.fixes, "fix", "fixes"),
        (activity.changes, "change", "changes"),
        (activity.reverts, "revert", "reverts"),
    )
    parts = [f"{count} {one if count == 1 else many}" for count, one, many in counts if count]
    parts = parts or ["nothing shipped"]
    if activity.held:
        parts.append(f"{activity.held} held")
    if activity.not_held:
        parts.append(f"{activity.not_held} did not hold")
    if activity.usd is not None:
        parts.append(format_money(activity.usd))
    waiting = len(activity.waiting)
    if waiting:
        parts.append(f"{format_count(waiting, 'proposal')} wait{'s' if waiting == 1 else ''}")
    if activity.asking:
        parts.append(f"{format_count(activity.asking, 'question')} open")
    if activity.incidents:
        parts.append(format_count(activity.incidents, "open incident"))
    return ", ".join(parts)


def format_run(run: Run, history: History) -> str:
    """Return a proposal on one line, with the link to its thread."""
    number = f"#{history.proposal.number} " if history.proposal else ""
    title = to_plain_text(add_target(change_title(run, history), run.trigger))
    where = f" in <#{run.thread_id}>" if run.thread_id else ""
    return f"{number}{title}{where}"


def _format_shipped(run: Run, history: History) -> str:
    verdicts = {"fixed": ", it held", "not_fixed": ", **it did not hold**"}
    outcome = history.outcome.verdict if history.outcome else ""
    return f"{format_run(run, history)}{verdicts.get(outcome, '')}"


def render_done(run: Run, person_id: int) -> Post:
    """Return the notice that a person's request has ended."""
    title = to_plain_text(format_title(run.trigger, 80))
    where = f" in <#{run.thread_id}>" if run.thread_id else ""
    text = f"<@{person_id}> your request “{title}” {_DONE[run.status]}{where}."
    return Post(text=text, notify=(person_id,))


def render_approval_wanted(run: Run, history: History, person_id: int) -> Post:
    """Return the notice that a proposal waits for an approver."""
    text = f"<@{person_id}> your approval is wanted: {format_run(run, history)}."
    return Post(text=text, notify=(person_id,), buttons=build_notice_buttons("run", run.id))


def render_group(group: ProposalGroup, waiting: Sequence[tuple[Run, History]]) -> Post:
    """Return the message about several proposals that wait; without any, that all are decided."""
    about = f"`{to_plain_text(group.subject, 100)}`"
    if not waiting:
        return Post(text=f"🗂️ The proposals about {about} are decided.")
    wait = "waits" if len(waiting) == 1 else "wait"
    lines = [
        f"🗂️ {format_count(len(waiting), 'proposal')} about {about} {wait} for a decision. "
        "Look at them together: one may replace another."
    ]
    lines += [f"- {format_run(run, history)}" for run, history in waiting[:_MOST]]
    if len(waiting) > _MOST:
        lines.append(f"- and {len(waiting) - _MOST} more")
    return Post(text="\n".join(lines), buttons=build_notice_buttons("group", group.id))


def render_reminder(reminder: Reminder, run: Run | None, link: str) -> Post:
    """Return the reminder; `run` is what waits, if it is about one run."""
    what = f"“{to_plain_text(format_title(run.trigger, 80))}”" if run else "this"
    status = f": {format_status(run)}" if run else ""
    text = f"⏰ <@{reminder.person_id}> you wanted to come back to {what}{status}. {link}"
    buttons = build_notice_buttons(reminder.kind, reminder.subject)
    return Post(text=text.strip(), notify=(reminder.person_id,), buttons=buttons)


def describe_reminder(due: datetime) -> str:
    """Return when a person is reminded."""
    return f"I remind you {format_timestamp(due, 'R')} ({format_timestamp(due, 'f')})."


def describe_ignoring() -> str:
    """Return the answer to who ignores an announcement."""
    return (
        "I will not tell you of this again. For others nothing changes. “Later” brings it back to "
        "you."
    )
