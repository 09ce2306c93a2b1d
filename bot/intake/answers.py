"""Sentences that answer requests: where to follow the work, or why there is none."""

from bot.domain.evidence import RequestAnswer
from bot.domain.feature_request import FeatureRequest
from bot.domain.people import Person
from bot.domain.run import Run, Status
from bot.intake.work import IntakeResult
from bot.presentation.cards import format_status
from bot.presentation.feature_requests import change_joined, describe_stored_request
from bot.presentation.missing_failure import request_answer
from bot.self_improvement.requests.change_requests import ChangeBegun


def on_it(run: Run) -> str:
    """Return where to follow a requested run."""
    return f"On it: <#{run.thread_id}>" if run.thread_id else f"On it: run `{run.id}`."


def describe_revert(run: Run) -> str:
    """Return where to follow a requested revert; each change has at most one."""
    if not run.has_ended:
        return on_it(run)
    where = f"<#{run.thread_id}>" if run.thread_id else f"run `{run.id}`"
    text = f"This revert was already requested, in {where}: {run.reason or format_status(run)}"
    return text if run.status is Status.DONE else f"{text} `/runs retry {run.id}` tries it again."


def describe_result(person: Person, asked: IntakeResult | RequestAnswer) -> str:
    """Return where to follow the run, that the person joined a run, or the answer."""
    if isinstance(asked, RequestAnswer):
        return request_answer(asked, "investigate").text
    if not asked.joined:
        return on_it(asked.run)
    run = asked.run
    where = f"<#{run.thread_id}>" if run.thread_id else f"run `{run.id}`"
    fixing = "I am on it" if run.goal == "fix" else "I am looking into it"
    incident_note = "" if asked.incident is None else f"that is incident `{asked.incident.id}`: "
    more = "" if asked.incident else " already. If you want more, say it there"
    return f"{person.name}, {incident_note}{fixing} in {where}{more}."


def describe_change(
    person: Person, answer: ChangeBegun | FeatureRequest, *, listed: bool, able: bool
) -> str:
    """Return where to follow a requested change, or that the request was stored."""
    if isinstance(answer, FeatureRequest):
        return describe_stored_request(answer, listed=listed, able=able)
    return change_joined(person, answer.run) if answer.joined else on_it(answer.run)
