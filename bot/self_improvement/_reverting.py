"""Reverting: asking for a shipped change to be taken back. People decide whether it is."""

from collections.abc import Awaitable, Callable

from bot.domain.cards import standing
from bot.domain.errors import UnknownRun, WrongStage
from bot.domain.people import Person
from bot.domain.policy import Act
from bot.domain.run import Run, Status, Trigger
from bot.self_improvement._parts import Doors
from bot.self_improvement._permits import Permits

_LOOKED_THROUGH = 500  # of the newest runs, for a number


class Reverting:
    """Starts one revert a run. It proposes; shipping it takes an approval like any other."""

    def __init__(
        self, doors: Doors, permits: Permits, start: Callable[[Trigger], Awaitable[Run]]
    ) -> None:
        self._doors = doors
        self._permits = permits
        self._start = start

    async def ask(
        self,
        person: Person,
        *,
        run_id: str | None = None,
        thread_id: int | None = None,
        number: int | None = None,
    ) -> Run:
        """Return the run that takes back what is meant, by run, number or thread.

        Asked again, it is the run already there. Raises `NotAuthorized`, `UnknownRun`,
        `WrongStage`.
        """
        named = run_id or (f"#{number}" if number is not None else f"thread {thread_id}")
        await self._permits.ask(person, Act.ASK, run_id, f"revert {named}")
        run = await self._meant(run_id, thread_id, number)
        history = await self._doors.store.history(run.id)
        proposal = history.proposal
        if run.status is not Status.DONE or history.shipment is None or proposal is None:
            raise WrongStage(
                f"Run `{run.id}` has merged nothing that I could take back ({standing(run)})."
            )
        what = run.trigger.subject or "the last failure"
        return await self._start(
            Trigger(
                key=f"revert:{run.id}",
                goal="revert",
                person=person,
                place=run.trigger.place.but(message_id=None, thread_id=None),
                text=f"Revert #{proposal.number}",
                subject=f"#{proposal.number} ({what})"[:200],
                reverts=run.id,
                at=self._doors.clock.now(),
            )
        )

    async def _meant(self, run_id: str | None, thread_id: int | None, number: int | None) -> Run:
        if run_id is not None:
            return await self._doors.store.get(run_id.strip(" `#").lower())
        if number is not None:
            return await self._proposing(number)
        if thread_id is not None:
            runs = await self._doors.store.find(thread_id=thread_id, limit=1)
            if runs:
                return runs[0]
        raise UnknownRun("I don't know what to revert; say it in the run's thread, or its number.")

    async def _proposing(self, number: int) -> Run:
        for run in await self._doors.store.find(status={Status.DONE}, limit=_LOOKED_THROUGH):
            proposal = (await self._doors.store.history(run.id)).proposal
            if proposal is not None and proposal.number == number:
                return run
        raise UnknownRun(f"None of my runs has shipped #{number}.")
