"""A new thread in place of one that was deleted: the run goes on where people see it."""

from collections.abc import Callable

from bot.domain.cards import standing
from bot.domain.errors import WrongStage
from bot.domain.people import Person
from bot.domain.policy import Act
from bot.domain.run import Run, Stage, Status
from bot.self_improvement._kit import Kit
from bot.self_improvement._permits import Permits
from bot.self_improvement._turns import Turns


class Reopening:
    """Opens threads anew, for whoever may ask for work."""

    def __init__(self, kit: Kit, permits: Permits, turns: Turns, wake: Callable[[], None]) -> None:
        self._doors = kit.doors
        self._voice = kit.voice
        self._keeper = kit.keeper
        self._permits = permits
        self._turns = turns
        self._wake = wake

    async def ask(self, run_id: str, person: Person) -> Run:
        """Return the run in its new thread: what it waited with is said there again.

        Raises `WrongStage` where it waits for nothing, `ChatRejected` where no thread opens.
        """
        await self._permits.ask(person, Act.ASK, run_id, "open a new thread")
        async with self._turns.of(run_id):
            run = await self._doors.store.get(run_id)
            if run.status is not Status.WAITING:
                raise WrongStage(f"Run `{run.id}` does not wait for that ({standing(run)}).")
            fresh = run.but(thread_id=None, card_id=None, reopened=run.reopened + 1)
            announced = await self._voice.announce(fresh)
            if run.parked:
                saved = await self._doors.store.save(announced)
                await self._keeper.say_parked(saved, await self._doors.store.history(run.id))
                return saved
            stage = Stage.PROPOSE if run.stage is Stage.SHIP else run.stage  # with a new card
            saved = await self._doors.store.save(
                announced.but(stage=stage, status=Status.QUEUED, reason="")
            )
        self._wake()
        return saved
