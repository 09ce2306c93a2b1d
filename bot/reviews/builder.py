"""Builds the review of an incident from its records. Pure functions, without I/O."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from theseus_observe.redaction import redact

from bot.domain.history import History
from bot.domain.incident import Incident
from bot.domain.incident_review import MOST_ACTIONS, ActionItem, IncidentReview, TimelineEntry
from bot.domain.restart import RestartReport
from bot.domain.run import Run
from bot.presentation.counts import format_count, format_people_count

_LATE = timedelta(minutes=15)  # longer than any window in which rules count
_TEXT = 300


def get_review_id(incident: Incident) -> str:
    """Return the id of the review: an incident that comes back is reviewed again."""
    return f"{incident.id}-{incident.recurrences}"


def build_review(
    incident: Incident, run: Run | None, history: History, now: datetime
) -> IncidentReview:
    """Return the review. `run` worked on the incident; `history` has its records."""
    diagnosis = history.diagnosis
    reading = diagnosis.cause if diagnosis is not None and diagnosis.explained_by else ""
    actions = [ActionItem(text=_clean(text)) for text in _list_actions(incident, history)]
    return IncidentReview(
        id=get_review_id(incident),
        incident=incident.id,
        kind="rollback" if incident.rollback is not None else "incident",
        target=incident.target,
        title=_clean(incident.title),
        severity=incident.severity,
        began_at=incident.since,
        ended_at=incident.resolved_at,
        timeline=tuple(sorted(_list_moments(incident, run, history), key=lambda each: each.at)),
        impact=tuple(map(_clean, _list_impact(incident))),
        cause=_clean(_describe_cause(incident, history)),
        reading=_clean(reading, 800),
        reading_by=_clean(diagnosis.explained_by) if diagnosis is not None else "",
        not_caught=tuple(map(_clean, _list_gaps(incident, history))),
        prevention=tuple(map(_clean, _list_prevention(incident, history))),
        actions=tuple(actions[:MOST_ACTIONS]),
        run_id=run.id if run is not None else None,
        at=now,
    )


def _clean(text: str, limit: int = _TEXT) -> str:
    return " ".join(redact(text).split())[:limit]


def _list_moments(incident: Incident, run: Run | None, history: History) -> Iterator[TimelineEntry]:
    """Yield what happened when, as records say."""
    found: list[tuple[datetime | None, str]] = [
        (incident.since, "the code was rolled back" if incident.rollback else "it began"),
        (incident.opened_at, f"I noticed it: {incident.noticed or 'by its records'}"),
        (incident.announced_at, "the channel was told"),
        *((each.at, "a person reported it") for each in incident.reports),
        (incident.recurred_at, "it came back"),
        (incident.last_at, "it was seen last"),
        (incident.resolved_at, incident.closed_for or "it was over"),
    ]
    if run is not None:
        found.append((run.created_at, f"run {run.id} began ({run.goal})"))
    if history.proposal is not None:
        found.append((history.proposal.at, f"#{history.proposal.number} was proposed"))
    if history.approval is not None:
        found.append((history.approval.at, "a person approved it"))
    if history.shipment is not None:
        found.append((history.shipment.at, f"`{history.shipment.merge_commit[:7]}` was merged"))
    if history.outcome is not None:
        verdict = history.outcome.verdict.replace("_", " ")
        found.append((history.outcome.at, f"the verdict on the fix: {verdict}"))
    for at, text in found:
        if at is not None:
            yield TimelineEntry(at=at, text=_clean(text))


def _list_impact(incident: Incident) -> Iterator[str]:
    if incident.rollback is not None:
        yield f"commit {incident.rollback.commit[:7]} does not run"
        if incident.rollback.not_back:
            yield f"the checkout was not rolled back: {incident.rollback.not_back}"
        yield format_count(incident.count, "failed start") if incident.count else "one failed start"
        return
    name = incident.name or incident.event
    yield f"{format_count(incident.count, 'time')} in {name}"
    if incident.affected:
        yield f"{format_people_count(len(incident.affected))} affected"
    if incident.resolved_at is not None:
        minutes = (incident.last_at - incident.since).total_seconds() / 60
        yield f"{max(minutes, 0):.0f} min from the first to the last failure"


def _describe_cause(incident: Incident, history: History) -> str:
    """Return the cause as far as records prove it."""
    if incident.rollback is not None:
        return f"The new code did not work: {incident.rollback.why or 'no reason was recorded'}"
    diagnosis = history.diagnosis
    parts = [incident.triage.summary]
    if incident.error:
        parts.append(f"It was {incident.error}.")
    if diagnosis is not None and diagnosis.found and not diagnosis.explained_by:
        parts.append(diagnosis.cause)
    if diagnosis is not None and diagnosis.suspects:
        first = diagnosis.suspects[0]
        parts.append(f"The likeliest commit is {first.commit.sha[:7]}.")
    return " ".join(parts)


def _list_gaps(incident: Incident, history: History) -> Iterator[str]:
    """Yield why it was not caught before people met it."""
    if incident.rollback is not None:
        yield "the checks before the merge passed: they do not start the whole bot as it ran here"
        return
    if incident.follows is not None:
        if incident.follows.fix is not None:
            yield f"the fix of incident {incident.follows.incident} did not hold"
        else:
            yield f"incident {incident.follows.incident} had the same fault and ended without a fix"
    if history.plan is not None and history.plan.reproduction is not None:
        yield "no test did what people did: the test of the fix is the first one"
    if incident.opened_at - incident.since > _LATE:
        minutes = (incident.opened_at - incident.since).total_seconds() / 60
        yield f"it was too rare for {minutes:.0f} min to cross a threshold"
    if any(each.at < incident.opened_at for each in incident.reports):
        yield "people reported it before a rule noticed it"
    if not incident.triage.ours:
        yield "it is not caused by our code, so no check of ours could"


def _list_prevention(incident: Incident, history: History) -> Iterator[str]:
    """Yield what is done already so that it does not happen again."""
    if incident.rollback is not None:
        yield "the older code was made live by itself, and this commit is not tried again"
    if history.shipment is not None and history.plan is not None and history.plan.reproduction:
        yield "the fix was shipped with a test that failed before it"
    if history.outcome is not None and history.outcome.verdict == "fixed":
        yield "the fix has held in the records since"


def _list_actions(incident: Incident, history: History) -> Iterator[str]:
    """Yield what is still to be done, in sentences that are feature requests."""
    name = incident.name or incident.event
    if incident.rollback is not None:
        yield _describe_start_test(incident.rollback)
        return
    held = history.outcome is not None and history.outcome.verdict == "fixed"
    if incident.triage.ours and history.shipment is None:
        yield f"Fix the cause of incident {incident.id} in {name}: no change for it is live"
    if incident.triage.ours and not held and history.shipment is not None:
        yield f"Check whether the fix of incident {incident.id} in {name} holds"
    if not incident.triage.ours:
        yield f"Add an answer to {name} for when {incident.triage.whose or 'the other side'} fails"
    if incident.opened_at - incident.since > _LATE:
        yield f"Add a lower threshold for {name} in `detection.overrides`"
    if incident.follows is not None:
        yield f"Add a test for the fault of incidents {incident.follows.incident} and {incident.id}"


def _describe_start_test(rollback: RestartReport) -> str:
    return f"Add a test that starts the bot as commit {rollback.commit[:7]} failed to"
