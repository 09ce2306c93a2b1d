"""Answers to people who report a failure but may not ask for work."""

from datetime import datetime

from bot.domain.evidence import Evidence
from bot.domain.failure_report import FailureReport
from bot.domain.journal import FailureGroup, format_event_name
from bot.domain.names import join_with_or
from bot.domain.people import Person
from bot.domain.posts import Post
from bot.domain.run import Run
from bot.domain.shipped_fix import ShippedFix
from bot.presentation.counts import format_times
from bot.presentation.failure_labels import format_action, get_exception
from bot.presentation.missing_failure import build_diagnosis
from bot.presentation.times import format_age, format_timestamp


def render_thanks(
    person: Person, group: FailureGroup, able: tuple[str, ...], run: Run | None, now: datetime
) -> str:
    """Return thanks for a report, what happens next, and who (`able`) may ask for a fix."""
    times, last = format_times(group.count), format_age(group.last_seen, now)
    seen = f"failed {times}, last {last} ({get_exception(group)})"
    noted = f"Thanks {person.name}, I have noted it: {format_action(group)} {seen}."
    if run is not None and run.thread_id is not None:
        doing = f"I am on it in <#{run.thread_id}>"
    else:
        doing = f"{join_with_or(able)} can ask me to fix it" if able else ""
    hear = "I tell you here when it is fixed"
    return f"{noted} {doing}; {hear}." if doing else f"{noted} {hear}."


def render_unknown(person: Person, evidence: Evidence, able: tuple[str, ...]) -> str:
    """Return the answer if no failure certainly matches the report."""
    if evidence.fix is not None:
        return f"Thanks {person.name}. {build_diagnosis(evidence).summary}"
    who = f" {join_with_or(able)} can ask me to work on it; you can report it." if able else ""
    return (
        f"Thanks {person.name}.{who} I looked for {evidence.searched} and cannot tell which "
        f"failure you mean. Tell me the command as you typed it and what you saw."
    )


def render_fixed(report: FailureReport, fix: ShippedFix) -> Post:
    """Return the message that a reporter gets once, where they reported the failure."""
    live = f" {format_timestamp(fix.live_at, 'R')}" if fix.live_at else ""
    return Post(
        text=(
            f"<@{report.person_id}> what you reported is fixed: {format_event_name(report.event)}, "
            f"in {fix.label}, live{live}. If it fails again, tell me."
        ),
        reply_to=report.place.message_id,
        notify=(report.person_id,),
    )
