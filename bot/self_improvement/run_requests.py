"""Requests about an existing run: revert it, choose the failure it is about, reopen its thread."""

from collections.abc import Callable

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.authority.run_locks import RunLocks
from bot.domain.errors import UnknownRun, WrongStage
from bot.domain.people import Person
from bot.domain.run import Run, Status, Trigger
from bot.presentation.cards import format_status
from bot.presentation.titles import change_title
from bot.self_improvement.notifier import RunNotifier
from bot.self_improvement.run_starter import RunAdmission, restart_run
from bot.self_improvement.services import Services
from bot.self_improvement.transitions import RunTransitions

_LOOKED_THROUGH = 500  # of the newest runs, for a number


class RunRequests:
    """Carries out such requests; each is authorised and audited first."""

    def __init__(
        self,
        services: Services,
        authorizer: Authorizer,
        run_locks: RunLocks,
        admission: RunAdmission,
        notifier: RunNotifier,
        transitions: RunTransitions,
        wake: Callable[[], None],
    ) -> None:
        self._services = services
        self._authorizer = authorizer
        self._run_locks = run_locks
        self._admission = admission
        self._notifier = notifier
        self._transitions = transitions
        self._wake = wake

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
        await self._authorizer.ask(person, Act.ASK, run_id, f"revert {named}")
        run = await self._find_run(run_id, thread_id, number)
        history = await self._services.store.get_history(run.id)
        proposal = history.proposal
        if run.status is not Status.DONE or history.shipment is None or proposal is None:
            raise WrongStage(
                f"Run `{run.id}` has merged nothing that I could revert ({format_status(run)})."
            )
        return await self._admission.start(
            Trigger(
                key=f"revert:{run.id}",
                goal="revert",
                person=person,
                place=run.trigger.place.replace(message_id=None, thread_id=None),
                text=f"Revert #{proposal.number}",
                subject=f"#{proposal.number} ({change_title(run, history, 180)})",
                reverts=run.id,
                at=self._services.clock.now(),
            )
        )

    async def choose(self, run_id: str, error_id: str, person: Person) -> Run:
        """Restart a run for the failure of that record. Raises `NotAuthorized`, `WrongStage`.

        The failure has to be one of those the run offers, and no choice may have been made before.
        """
        await self._authorizer.ask(person, Act.ASK, run_id, f"the error {error_id} is meant")
        async with self._run_locks.get(run_id):
            run = await self._services.store.get(run_id)
            history = await self._services.store.get_history(run.id)
            offered = history.diagnosis.choices if history.diagnosis else ()
            if not run.has_ended or error_id not in {each.error_id for each in offered}:
                raise WrongStage(
                    f"Run `{run.id}` does not ask for this. The failure was already chosen."
                )
            restarted = restart_run(run, person)
            retargeted = restarted.replace(trigger=restarted.trigger.replace(error_id=error_id))
            return await self._admission.queue(retargeted, history.add_shaper(person))

    async def reopen(self, run_id: str, person: Person) -> Run:
        """Return the run in a new thread, where what it waits for is posted again.

        Raises `WrongStage` if it waits for nothing, and `ChatRejected` if no thread can be opened.
        """
        await self._authorizer.ask(person, Act.ASK, run_id, "open a new thread")
        async with self._run_locks.get(run_id):
            run = await self._services.store.get(run_id)
            if run.status is not Status.WAITING:
                raise WrongStage(f"Run `{run.id}` does not wait for that ({format_status(run)}).")
            fresh = run.replace(thread_id=None, card_id=None, reopened=run.reopened + 1)
            announced = await self._notifier.announce(fresh)
            if run.asks:
                saved = await self._services.store.save(announced)
                await self._transitions.say_parked(
                    saved, await self._services.store.get_history(run.id)
                )
                return saved
            saved = await self._transitions.queue_in_new_thread(announced)
        self._wake()
        return saved

    async def _find_run(self, run_id: str | None, thread_id: int | None, number: int | None) -> Run:
        if run_id is not None:
            return await self._services.store.get(run_id.strip(" `#").lower())
        if number is not None:
            return await self._find_shipped_run(number)
        if thread_id is not None:
            runs = await self._services.store.find(thread_id=thread_id, limit=1)
            if runs:
                return runs[0]
        raise UnknownRun(
            "I don't know what to revert. Ask in the run's thread, or give a number (“revert #7”). "
            "`/revert` shows recent changes."
        )

    async def _find_shipped_run(self, number: int) -> Run:
        for run in await self._services.store.find(status={Status.DONE}, limit=_LOOKED_THROUGH):
            proposal = (await self._services.store.get_history(run.id)).proposal
            if proposal is not None and proposal.number == number:
                return run
        raise UnknownRun(f"None of my runs has shipped #{number}.")
