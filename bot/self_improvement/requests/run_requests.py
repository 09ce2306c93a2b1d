"""Requests about an existing run: revert it, or reopen its thread."""

from dataclasses import dataclass

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.authority.run_locks import RunLocks
from bot.domain.errors import UnknownRun, WrongStage
from bot.domain.ids import parse_run_id
from bot.domain.people import Person
from bot.domain.run import Run, Status, Trigger
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.presentation.cards import format_status
from bot.presentation.titles import change_title
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.requests.run_starter import RunAdmission
from bot.self_improvement.runs.transitions import RunTransitions
from bot.self_improvement.runs.worker import Workers

_LOOKED_THROUGH = 500  # of the newest runs, for a number


@dataclass(frozen=True, eq=False)
class RunRequests:
    """Carries out such requests; each is authorised and audited first."""

    store: Store
    clock: Clock
    authorizer: Authorizer
    run_locks: RunLocks
    admission: RunAdmission
    notifier: RunNotifier
    transitions: RunTransitions
    workers: Workers

    async def revert(
        self,
        person: Person,
        *,
        run_id: str | None = None,
        thread_id: int | None = None,
        number: int | None = None,
    ) -> Run:
        """Return the run that proposes the revert of a shipped run, found by id, number or thread.

        A repeated request returns the same run. Raises `NotAuthorized`, `UnknownRun`, `WrongStage`.
        """
        named = run_id or (f"#{number}" if number is not None else f"thread {thread_id}")
        known = await self._find_id(run_id, thread_id, number)
        await self.authorizer.ask(person, Act.ASK, known, f"revert {named}")
        run = await self._find_run(run_id, thread_id, number)
        history = await self.store.get_history(run.id)
        proposal = history.proposal
        if run.status is not Status.DONE or history.shipment is None or proposal is None:
            raise WrongStage(
                f"Run `{run.id}` has merged nothing that I could revert ({format_status(run)})."
            )
        return await self.admission.start(
            Trigger(
                key=f"revert:{run.id}",
                goal="revert",
                person=person,
                place=run.trigger.place.replace(message_id=None, thread_id=None),
                text=f"Revert #{proposal.number}",
                subject=f"#{proposal.number} ({change_title(run, history, 180)})",
                reverts=run.id,
                target=run.trigger.target,
                at=self.clock.now(),
            )
        )

    async def reopen(self, run_id: str, person: Person) -> Run:
        """Return the run in a new thread, where what it waits for is posted again.

        Raises `WrongStage` if it waits for nothing, and `ChatRejected` if no thread can be opened.
        """
        await self.authorizer.ask(person, Act.ASK, run_id, "open a new thread")
        async with self.run_locks.get(run_id):
            run = await self.store.get(run_id)
            if run.status is not Status.WAITING:
                raise WrongStage(f"Run `{run.id}` does not wait for that ({format_status(run)}).")
            fresh = run.replace(thread_id=None, card_id=None, reopened=run.reopened + 1)
            announced = await self.notifier.announce(fresh)
            if run.asks:
                saved = await self.store.save(announced)
                await self.transitions.say_parked(saved, await self.store.get_history(run.id))
                return saved
            saved = await self.transitions.move_to_new_thread(announced)
        self.workers.wake()
        return saved

    async def _find_id(
        self, run_id: str | None, thread_id: int | None, number: int | None
    ) -> str | None:
        """Return the id of the run, so that the lists of its target count; `None` if unknown."""
        try:
            return (await self._find_run(run_id, thread_id, number)).id
        except UnknownRun:
            return None

    async def _find_run(self, run_id: str | None, thread_id: int | None, number: int | None) -> Run:
        if run_id is not None:
            return await self.store.get(parse_run_id(run_id))
        if number is not None:
            return await self._find_shipped_run(number)
        if thread_id is not None:
            runs = await self.store.find(thread_id=thread_id, limit=1)
            if runs:
                return runs[0]
        raise UnknownRun(
            "I don't know what to revert. Ask in the run's thread, or give a number (“revert #7”). "
            "`/revert` shows recent changes."
        )

    async def _find_shipped_run(self, number: int) -> Run:
        """Return the newest run that shipped that number; each bot has numbers of its own."""
        found: dict[str, Run] = {}
        done = await self.store.find(status={Status.DONE}, limit=_LOOKED_THROUGH)
        histories = await self.store.get_histories([run.id for run in done])
        for run in done:
            history = histories.get(run.id)
            proposal = history.proposal if history is not None else None
            if proposal is not None and proposal.number == number:
                found.setdefault(run.trigger.target, run)
        if len(found) > 1:
            listed = ", ".join(f"run `{run.id}` ({name})" for name, run in sorted(found.items()))
            raise UnknownRun(
                f"Several bots have a #{number}: {listed}. Ask in the thread of the run, or use "
                "`/revert` with its id."
            )
        if not found:
            raise UnknownRun(f"None of my runs has shipped #{number}.")
        return next(iter(found.values()))
