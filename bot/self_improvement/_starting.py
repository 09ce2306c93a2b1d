"""Starting runs: one for a trigger, with its thread and card before anything is done."""

from bot.domain.errors import StoreConflict
from bot.domain.ids import run_id as new_run_id
from bot.domain.people import ITSELF, Person
from bot.domain.run import Run, Stage, Status, Trigger
from bot.self_improvement._parts import Doors
from bot.self_improvement._startup import Startup

_TRIES = 10


class Starting:
    """Makes runs of triggers."""

    def __init__(self, doors: Doors, startup: Startup) -> None:
        self._doors = doors
        self._startup = startup

    async def start(self, trigger: Trigger) -> Run:
        """Return the trigger's run, new or known, announced. Raises `ChatRejected`."""
        run = await self._created(trigger)
        if run.trigger.person.id != trigger.person.id:  # asked for by others before
            history = await self._doors.store.history(run.id)
            await self._doors.store.append(run.id, history.shaped_by(trigger.person))
        if run.status is Status.WAITING and run.thread_id is None:
            try:
                run = await self._startup.announce(run)
            except StoreConflict:  # the same trigger, delivered twice
                run = await self._doors.store.get(run.id)
        return run

    async def _created(self, trigger: Trigger) -> Run:
        now = self._doors.clock.now()
        new = Run(
            id=new_run_id(),
            goal=trigger.goal,
            status=Status.WAITING,  # not queued before it has a thread to speak in
            trigger=trigger,
            created_at=now,
            updated_at=now,
        )
        for _ in range(_TRIES):
            try:
                return await self._doors.store.create(new)
            except StoreConflict:
                new = new.but(id=new_run_id())  # somebody has this id already
        return await self._doors.store.create(new)


def again(trigger: Trigger, person: Person) -> Trigger:
    """Return the trigger of a new run in place of one that had a proposal."""
    place = trigger.place.but(message_id=None, thread_id=None)
    key = f"{trigger.key}:again"
    words_of = trigger.shaped_by | {trigger.person.id}
    return trigger.but(key=key, person=person, place=place, origin="person", shaped_by=words_of)


def taken_over(run: Run, person: Person) -> Run:
    """Return a run that goes on at a person's word; what the bot began is theirs then."""
    if run.trigger.person != ITSELF:
        return run
    return run.but(trigger=run.trigger.but(person=person, origin="person"))


def begun_anew(run: Run, person: Person) -> Run:
    """Return a run that starts again from the beginning at a person's word."""
    return taken_over(run, person).but(
        stage=Stage.OBSERVE,
        status=Status.QUEUED,
        attempt=run.attempt + 1,
        round=1,
        first_round=1,
        interruptions=0,
        parks=0,
        reason="",
    )
