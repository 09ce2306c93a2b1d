"""The interface of the agent for the rest of the program: what users can ask it to do."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Literal

import structlog
from theseus_observe.redaction import redact

from bot.authority.approvals import ApprovalRequest
from bot.authority.live_items import LiveItemService
from bot.authority.policy import Act, check_binding
from bot.authority.trigger_redaction import redact_trigger
from bot.domain.dialogue import Instruction, Question
from bot.domain.errors import ForgeError, PartMissing, StoreConflict, WrongStage
from bot.domain.history import History
from bot.domain.journal import Action
from bot.domain.people import Person
from bot.domain.proposal import Approval
from bot.domain.run import FINAL_STATUSES, Run, Stage, Status, Trigger, Waiting
from bot.domain.run_state import Edge
from bot.periodic import log_tracebacks, run_until_success
from bot.ports.live_registry import LiveRegistry
from bot.presentation.cards import format_status
from bot.self_improvement.assembly import AgentParts
from bot.self_improvement.proposal_closer import close_proposal, describe_closing
from bot.self_improvement.question_records import QuestionRecords
from bot.self_improvement.questions import QuestionService
from bot.self_improvement.run_starter import build_retry_trigger, restart_run, take_over
from bot.self_improvement.services import RunSettings, Services
from bot.self_improvement.transitions import open_question, to_be_fixed

_TRIES = 10  # a worker may save the run between reading and saving it here
_NOT_RECOVERED = log_tracebacks(
    structlog.stdlib.get_logger(__name__), "runs could not be recovered; I will try again"
)


class SelfImprovementAgent:
    """Runs the stages. Every request of a person is authorised and audited here."""

    def __init__(self, services: Services, settings: RunSettings, parts: AgentParts) -> None:
        self._services = services
        self._settings = settings
        self._parts = parts
        self.commands, self.fixes = parts.commands, parts.fixes
        self.audit_writer, self.audit = parts.audit_writer, parts.audit
        self.approvals, self.autonomy = parts.approvals, parts.autonomy
        self.emergency, self.budget = parts.emergency, parts.budget
        self.memory, self.watch = parts.memory, parts.watch
        self.base_updates, self.requests = parts.base_updates, parts.requests
        self.permit, self.find = parts.authorizer.ask, parts.approvals.find
        self.trials, self.changes, self.wishes = (
            parts.trials,
            parts.changes,
            parts.changes.feature_requests,
        )
        self.agreements, self.proposal_cards = parts.agreements, parts.proposal_cards
        self.flags, self.feedback = parts.flags, parts.feedback
        self.endorsements = parts.endorsements
        self.questions = QuestionService(
            QuestionRecords(services, parts.fixes, parts.commands),
            parts.authorizer,
            settings.people,
            parts.budget,
            parts.memory,
            parts.changes,
            parts.emergency,
            parts.flags,
        )

    async def run_forever(self) -> None:
        """Recover what an earlier process left, then work until cancelled."""
        await run_until_success(self.recover, self._services.clock, failed=_NOT_RECOVERED)
        async with asyncio.TaskGroup() as group:
            for part in (
                self.emergency,
                self._parts.workers,
                self._parts.poller,
                self._parts.reconciler,
                self._parts.archiver,
                self.watch,
                self.audit_writer,
                self.base_updates,
                self._services.budget,
                self.audit,
            ):
                if part is not None:
                    group.create_task(part.run_forever(), name=type(part).__name__)

    async def recover(self) -> None:
        """Continue, queue or end every unfinished run; resume none during an emergency stop."""
        stop = await self.emergency.on_start()
        await self.audit.on_start()
        await self._parts.recovery.recover(stopped=stop is not None)
        self._parts.workers.wake()

    async def drain(self, seconds: float, *, refuse: str = "") -> None:
        """Finish the current step of each run within `seconds`, and start no other step.

        With `refuse`, new requests are refused with that text.
        """
        if refuse:
            self._parts.admission.close(refuse)
        await self._parts.workers.drain(seconds)

    # Requests of people

    async def request(self, trigger: Trigger) -> Run:
        """Start a run, or return the run that the same trigger has started, with thread and card.

        Raises `NotAuthorized`, `Stopped`, `TooMany`, or `ChatRejected` if no thread can be opened.
        """
        trigger = redact_trigger(trigger)
        await self.permit(trigger.person, Act.ASK, note=f"{trigger.goal}: {trigger.subject}")
        return await self._parts.admission.start(trigger)

    async def start_itself(self, trigger: Trigger) -> Run:
        """Start a run without a person's request; see `AutonomyPolicy`.

        Raises `Paused`, `ChatRejected`.
        """
        run = await self.autonomy.start(trigger)
        if run.goal == "change":
            await self.wishes.mark_started(trigger.text, run.id)
        return run

    async def promote(self, run_id: str, person: Person) -> Run:
        """Turn an investigation into a fix (“Fix it”). Raises `WrongStage`, `TooMany`."""
        await self.permit(person, Act.ASK, run_id=run_id, note="fix it")
        async with self._parts.run_locks.get(run_id):
            run = await self._services.store.get(run_id)
            if run.goal != "investigate":
                raise WrongStage(f"Run `{run.id}` is a {run.goal} already ({format_status(run)}).")
            if run.status is not Status.DONE:
                raise WrongStage(
                    f"Run `{run.id}` has not finished its investigation ({format_status(run)})."
                )
            history = await self._services.store.get_history(run.id)
            diagnosis = history.diagnosis
            if diagnosis is None or not diagnosis.file:
                raise WrongStage(f"Run `{run.id}` found nothing in this project's code to fix.")
            if not (diagnosis.triage.ours or diagnosis.triage.remedies):
                raise WrongStage(diagnosis.triage.summary)
            fix = to_be_fixed(take_over(run, person))
            return await self._parts.admission.queue(fix, history.add_shaper(person))

    async def retry(self, run_id: str, person: Person) -> Run:
        """Start an ended run again from the beginning. Raises `WrongStage`.

        A run that had a proposal stays as it ended; a new run is started instead and returned.
        """
        await self.permit(person, Act.ASK, run_id=run_id, note="retry")
        async with self._parts.run_locks.get(run_id):
            run = await self._services.store.get(run_id)
            if run.status not in FINAL_STATUSES - {Status.DONE}:
                raise WrongStage(
                    f"Run `{run.id}` has not failed ({format_status(run)}). Only a failed run can "
                    "be retried."
                )
            history = await self._services.store.get_history(run.id)
            if history.proposal is not None:
                return await self._parts.admission.start(build_retry_trigger(run.trigger, person))
            await self._parts.cancellation.drop(run.id)
            finished_revision = (
                () if history.revising is None else (history.revising.replace(is_finished=True),)
            )
            return await self._parts.admission.queue(
                restart_run(run, person), history.add_shaper(person), *finished_revision
            )

    async def approve(self, request: ApprovalRequest) -> tuple[Run, Approval, bool]:
        """Approve the newest head for shipping, if the person may. See `Approvals.give`."""
        result = await self.approvals.give(request)
        self._parts.workers.wake()
        return result

    async def reject(
        self, run_id: str, person: Person, *, why: str = "", card_id: int | None = None
    ) -> Run:
        """End a waiting run; with `card_id`, only if that card is current.

        Raises `WrongStage`, `StaleApproval`.
        """
        await self.permit(person, Act.REJECT, run_id=run_id, note=why)
        async with self._parts.run_locks.get(run_id):
            run = await self._services.store.get(run_id)
            history = await self._services.store.get_history(run.id)
            proposed = run.stage is Stage.SHIP and run.status is Status.WAITING
            if not proposed and run.waiting is not Waiting.JUDGEMENT:
                status = format_status(run)
                if history.revising is not None and not run.has_ended:
                    status = "it is being revised; “cancel” ends the run and closes the proposal"
                raise WrongStage(f"Run `{run.id}` has no open proposal ({status}).")
            if (proposal := history.proposal) is not None:
                check_binding(proposal, card_id=card_id, head=None, forge_head=None)
            reason = redact(f"Rejected by {person.name}{f': {why}' if why else ''}.")
            opened = await close_proposal(self._services.forge, run, history, reason)
            if why:
                await self.memory.remember_rejection(run, history, redact(why))
            ended = await self._parts.transitions.end(
                run, Edge.REJECTED, reason + describe_closing(opened)
            )
            await self._parts.cancellation.drop(run.id)
            return ended

    async def revise(
        self,
        run_id: str,
        person: Person,
        instruction: str,
        how: Literal["text", "modal"] = "text",
        key: str = "",
    ) -> Run:
        """Revise the proposal as a person asks, or record the request for the next round.

        `key` makes a repeated delivery of the same message harmless. Raises `WrongStage` if there
        is no change to revise, or if the engine cannot follow instructions.
        """
        await self.permit(person, Act.REVISE, run_id=run_id, note=instruction)
        now = self._services.clock.now()
        item = Instruction(
            key=key or f"{person.id}:{now.isoformat()}",
            text=redact(instruction),
            by=person.name,
            how=how,
            at=now,
        )
        await self._services.stop_guard.check()
        return await self._run_exclusively(
            run_id, lambda run: self._parts.dialogue.tell(run, (item,), person)
        )

    async def answer(self, run_id: str, person: Person, text: str) -> Run:
        """Answer the question a run waits for; the first answer counts. Raises `WrongStage`."""
        await self.permit(person, Act.ANSWER, run_id=run_id, note=text)
        await self._services.stop_guard.check()
        return await self._run_exclusively(
            run_id, lambda run: self._parts.dialogue.answer(run, person, text)
        )

    async def get_question(self, run: Run) -> Question | None:
        """Return the question the run waits for, with the id of its message; `None` without one."""
        if not run.is_parked:
            return None
        question = open_question(run, await self._services.store.get_history(run.id))
        if question is None or question.message_id is not None:
            return question
        return await self._parts.transitions.post_question(run, question)

    async def cancel(self, run_id: str, person: Person) -> Run:
        """End a run and everything it started, and close its proposal.

        Raises `WrongStage` if the run has ended, or if it has been merged and is coming live.
        """
        await self.permit(person, Act.CANCEL, run_id=run_id)
        reason = f"Cancelled by {person.name}."
        return await self._run_exclusively(
            run_id, lambda run: self._parts.cancellation.cancel(run.id, reason)
        )

    # Queries

    async def list_runs(self, *, limit: int = 20) -> tuple[Run, ...]:
        """Return the newest runs, newest first."""
        return await self._services.store.find(limit=limit)

    async def get_history(self, run_id: str) -> History:
        """Return the records of a run."""
        return await self._services.store.get_history(run_id)

    async def get_histories(self, runs: Collection[Run]) -> list[tuple[Run, History]]:
        """Return the runs with their records; runs that no longer exist are left out."""
        known = await self._services.store.get_histories([run.id for run in runs])
        return [(run, known[run.id]) for run in runs if run.id in known]

    async def list_evidence(self, run_id: str) -> tuple[Action, ...]:
        """Return the journal records that the run's diagnosis is based on, newest first."""
        diagnosis = (await self._services.store.get_history(run_id)).diagnosis
        ids = diagnosis.evidence_ids if diagnosis else ()
        found = [await self._services.journal.get(record_id) for record_id in ids]
        return tuple(filter(None, found))

    @property
    def live_registry(self) -> LiveRegistry | None:
        """The registry of versions of what can change while the bot runs, if there is one."""
        return self._services.live_registry

    @property
    def live_items(self) -> LiveItemService:
        """The service for what can change while the bot runs.

        Raises `PartMissing` if it is missing.
        """
        if self._services.live_registry is None:
            raise PartMissing("This bot was started without a live registry.")
        return LiveItemService(self._services.live_registry, self._parts.authorizer)

    @property
    def can_change(self) -> bool:
        """True if this bot can write changes that people request, not only fixes of failures."""
        return self._parts.changes.able

    @property
    def engine(self) -> str:
        """The names of the engines that write changes, for people."""
        return self._settings.engine

    async def format_vital_signs(self) -> tuple[str, ...]:
        """Return lines for `/health`: forge, autonomy, sandbox, backups, engine and more."""
        try:
            forge = await self._services.forge.check_connection()
        except ForgeError as error:
            forge = f"⚠️ {error}"
        signs = [
            await each.format_vital_sign() for each in (self.emergency, self.audit, self.autonomy)
        ]
        return (
            f"**Forge** {forge}",
            *signs,
            *self._settings.vital_signs,
            *[await sign() for sign in self._settings.signs],
            f"**Engine** {self.engine}",
            *self._settings.code_signs(),
        )

    # Implementation

    async def _run_exclusively(self, run_id: str, act: Callable[[Run], Awaitable[Run]]) -> Run:
        """Run `act` under the run's lock; repeat it if a worker changed the run in between."""
        async with self._parts.run_locks.get(run_id):
            for _ in range(_TRIES):
                try:
                    return await act(await self._services.store.get(run_id))
                except StoreConflict:
                    continue
        raise WrongStage(f"Run `{run_id}` is changing right now. Please try again.")
