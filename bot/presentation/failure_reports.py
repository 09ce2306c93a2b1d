"""What people read who report a failure and may not ask for work: thanks, and that it is fixed."""

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
    """Return thanks for a report, with what comes of it and who may have more done."""
    times, last = format_times(group.count), format_age(group.last_seen, now)
    seen = f"failed {times}, last {last} ({get_exception(group)})"
    noted = f"Thanks {person.name}, that is noted: {format_action(group)} {seen}."
    if run is not None and run.thread_id is not None:
        doing = f"I am on it in <#{run.thread_id}>"
    else:
        doing = f"{join_with_or(able)} can have me fix it" if able else ""
    hear = "I tell you here when it is fixed"
    return f"{noted} {doing}; {hear}." if doing else f"{noted} {hear}."


def render_unknown(person: Person, evidence: Evidence, able: tuple[str, ...]) -> str:
    """Return what is said where no failure is there that somebody surely means."""
    if evidence.fix is not None:
        return f"Thanks {person.name}. {build_diagnosis(evidence).summary}"
    more = f" {join_with_or(able)} can have me look further." if able else ""
    return (
        f"Thanks {person.name}. I looked for {evidence.searched} and cannot tell which failure "
        f"that is: tell me the command as you typed it and what you saw.{more}"
    )


def render_fixed(report: FailureReport, fix: ShippedFix) -> Post:
    """Return what a reporter hears once, where they reported it."""
    live = f" {format_timestamp(fix.live_at, 'R')}" if fix.live_at else ""
    return Post(
        text=(
            f"<@{report.person_id}> what you reported is fixed: {format_event_name(report.event)}, in "
            f"{fix.label}, live{live}. If it fails again, tell me."
        ),
        reply_to=report.place.message_id,
        notify=(report.person_id,),
    )
