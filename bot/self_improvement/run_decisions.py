"""Decisions that end a run: reject, cancel."""

from dataclasses import dataclass

from theseus_observe.redaction import redact

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act, check_binding
from bot.authority.run_locks import RunLocks
from bot.domain.errors import WrongStage
from bot.domain.people import Person
from bot.domain.run import Run, Stage, Status, Waiting
from bot.domain.run_state import Edge
from bot.memory.recording import MemoryRecorder
from bot.ports.store import Store
from bot.ports.targets import Targets
from bot.presentation.cards import format_status
from bot.self_improvement.requests.proposal_closer import close_proposal, describe_closing
from bot.self_improvement.runs.cancellation import Cancellation
from bot.self_improvement.runs.exclusive_runs import run_exclusively
from bot.self_improvement.runs.transitions import RunTransitions


@dataclass(frozen=True, eq=False)
class RunDecisions:
    """Carries out people's decisions; each is authorised and audited first."""

    store: Store
    targets: Targets
    authorizer: Authorizer
    run_locks: RunLocks
    transitions: RunTransitions
    cancellation: Cancellation
    memory: MemoryRecorder

    async def reject(
        self,
        run_id: str,
        person: Person,
        *,
        why: str = "",
        card_id: int | None = None,
        head: str | None = None,
        how: str = "",
    ) -> Run:
        """End a waiting run; with `card_id` or `head`, only if that card or commit is current.

        Raises `WrongStage`, `StaleApproval`.
        """
        await self.authorizer.ask(person, Act.REJECT, run_id=run_id, note=why, how=how)
        async with self.run_locks.get(run_id):
            run = await self.store.get(run_id)
            history = await self.store.get_history(run.id)
            proposed = run.stage is Stage.SHIP and run.status is Status.WAITING
            if not proposed and run.waiting is not Waiting.JUDGEMENT:
                status = format_status(run)
                if history.revising is not None and not run.has_ended:
                    status = "it is being revised; “cancel” ends the run and closes the proposal"
                raise WrongStage(f"Run `{run.id}` has no open proposal ({status}).")
            if (proposal := history.proposal) is not None:
                check_binding(proposal, card_id=card_id, head=head, forge_head=None)
            reason = redact(f"Rejected by {person.name}{f': {why}' if why else ''}.")
            opened = await close_proposal(self.targets, run, history, reason)
            if why:
                await self.memory.remember_rejection(run, history, redact(why))
            ended = await self.transitions.end(
                run, Edge.REJECTED, reason + describe_closing(opened)
            )
            await self.cancellation.drop(run)
            return ended

    async def cancel(self, run_id: str, person: Person, *, why: str = "") -> Run:
        """End a run and everything it started, and close its proposal; `why` is shown.

        Raises `WrongStage` if the run has ended, or if it has been merged and is coming live.
        """
        await self.authorizer.ask(person, Act.CANCEL, run_id=run_id, note=why)
        reason = f"Cancelled by {person.name}{f': {why}' if why else ''}."
        return await run_exclusively(
            self.run_locks,
            self.store,
            run_id,
            lambda run: self.cancellation.cancel(run.id, reason),
        )
