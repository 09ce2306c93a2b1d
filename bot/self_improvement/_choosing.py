"""Choosing: a run that was not sure which failure is meant goes on with the one a person names."""

from collections.abc import Awaitable, Callable

from bot.domain.errors import WrongStage
from bot.domain.people import Person
from bot.domain.policy import Act
from bot.domain.record import Record
from bot.domain.run import Run
from bot.self_improvement._parts import Doors
from bot.self_improvement._permits import Permits
from bot.self_improvement._starting import begun_anew
from bot.self_improvement._turns import Turns

Queue = Callable[[Run, Record], Awaitable[Run]]


class Choosing:
    """Begins such runs anew, about that failure alone."""

    def __init__(self, doors: Doors, permits: Permits, turns: Turns, queue: Queue) -> None:
        self._doors = doors
        self._permits = permits
        self._turns = turns
        self._queue = queue

    async def choose(self, run_id: str, error_id: str, person: Person) -> Run:
        """Go on with the failure of that record. Raises `NotAuthorized`, `WrongStage`.

        It has to be one of those the run offers, and nobody has chosen before.
        """
        await self._permits.ask(person, Act.ASK, run_id, f"the error {error_id} is meant")
        async with self._turns.of(run_id):
            run = await self._doors.store.get(run_id)
            history = await self._doors.store.history(run.id)
            offered = history.diagnosis.choices if history.diagnosis else ()
            if not run.ended or error_id not in {each.error_id for each in offered}:
                raise WrongStage(
                    f"Run `{run.id}` does not ask that: which failure is meant was said already."
                )
            anew = begun_anew(run, person)
            meant = anew.but(trigger=anew.trigger.but(error_id=error_id))
            return await self._queue(meant, history.shaped_by(person))
