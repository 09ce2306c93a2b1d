"""Requests to start a run again: as a fix, from the beginning, or for another failure."""

from dataclasses import dataclass

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.authority.run_locks import RunLocks
from bot.domain.errors import WrongStage
from bot.domain.people import Person
from bot.domain.run import Run, Status
from bot.domain.run_state import Edge
from bot.ports.store import Store
from bot.presentation.cards import format_status
from bot.self_improvement.requests.retry_changes import RetryChanges
from bot.self_improvement.requests.run_starter import (
    RunAdmission,
    build_retry_trigger,
    restart_run,
    take_over,
)
from bot.self_improvement.runs.cancellation import Cancellation
from bot.self_improvement.runs.transitions import to_be_fixed


@dataclass(frozen=True, eq=False)
class RunRestarts:
    """Starts ended runs again because a person asks; each request is authorised and audited."""

    store: Store
    authorizer: Authorizer
    run_locks: RunLocks
    admission: RunAdmission
    cancellation: Cancellation
    retry_changes: RetryChanges

    async def promote(self, run_id: str, person: Person) -> Run:
        """Turn an investigation into a fix (“Fix it”). Raises `WrongStage`, `TooMany`."""
        await self.authorizer.ask(person, Act.ASK, run_id=run_id, note="fix it")
        async with self.run_locks.get(run_id):
            run = await self.store.get(run_id)
            if run.goal != "investigate":
                raise WrongStage(f"Run `{run.id}` is a {run.goal} already ({format_status(run)}).")
            if run.status is not Status.DONE:
                raise WrongStage(
                    f"Run `{run.id}` has not finished its investigation ({format_status(run)})."
                )
            history = await self.store.get_history(run.id)
            diagnosis = history.diagnosis
            if diagnosis is None or not diagnosis.file:
                raise WrongStage(f"Run `{run.id}` found nothing in this project's code to fix.")
            if not (diagnosis.triage.ours or diagnosis.triage.remedies):
                raise WrongStage(diagnosis.triage.summary)
            fix = to_be_fixed(take_over(run, person))
            return await self.admission.queue(fix, history.add_shaper(person))

    async def retry(self, run_id: str, person: Person) -> Run:
        """Start an ended run again from the beginning. Raises `WrongStage`.

        A run that had a proposal stays as it ended; a new run is started instead and returned.
        """
        await self.authorizer.ask(person, Act.ASK, run_id=run_id, note="retry")
        async with self.run_locks.get(run_id):
            run = await self.store.get(run_id)
            if not run.can_be_retried:
                raise WrongStage(
                    f"Run `{run.id}` has not ended without a result ({format_status(run)}), so "
                    "there is nothing to try again."
                )
            history = await self.store.get_history(run.id)
            if history.proposal is not None:
                return await self.admission.start(build_retry_trigger(run, person))
            await self.cancellation.drop(run)
            finished_revision = (
                () if history.revising is None else (history.revising.replace(is_finished=True),)
            )
            return await self.admission.queue(
                restart_run(run, person),
                self.retry_changes.record(run, history),
                history.add_shaper(person),
                *finished_revision,
            )

    async def choose(self, run_id: str, error_id: str, person: Person) -> Run:
        """Restart a run for the failure of that record. Raises `NotAuthorized`, `WrongStage`.

        The failure has to be one of those the run offers, and no choice may have been made before.
        """
        await self.authorizer.ask(person, Act.ASK, run_id, f"the error {error_id} is meant")
        async with self.run_locks.get(run_id):
            run = await self.store.get(run_id)
            history = await self.store.get_history(run.id)
            offered = history.diagnosis.choices if history.diagnosis else ()
            if not run.has_ended or error_id not in {each.error_id for each in offered}:
                raise WrongStage(
                    f"Run `{run.id}` does not ask for this. The failure was already chosen."
                )
            edge = Edge.FAILURE_CHOSEN if run.status is Status.DONE else Edge.RETRIED
            restarted = restart_run(run, person, edge)
            retargeted = restarted.replace(trigger=restarted.trigger.replace(error_id=error_id))
            return await self.admission.queue(retargeted, history.add_shaper(person))
