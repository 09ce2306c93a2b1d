"""What people think of a change that is live: 👍 and 👎, counted by person. It decides nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import NamedTuple

from bot.domain.history import History
from bot.domain.personal_data import DataSubject
from bot.domain.run import Run, Status
from bot.domain.traffic import TrafficRecord
from bot.domain.use import ChangeFeedback, Sign, UseWatch
from bot.ports.key_value_store import KeyValueStore
from bot.ports.store import Store
from bot.ports.traffic import CatchUp, TrafficLog

USE_WATCH = "use:"
"""What the names of watches of use begin with; feedback is heard as long as one is there."""

_FEEDBACK = "feedback:"
_MOST = 10_000  # people whose sign is kept, of one change
_NEWEST = 200  # uses of a command that an answer is looked for among

Answered = Callable[[int, Collection[str]], Awaitable[TrafficRecord | None]]
"""Returns what an interaction was, by its id, among uses of these events; `None`: nobody knows."""


async def get_no_record(_interaction: int, _events: Collection[str]) -> TrafficRecord | None:
    """Return nothing: no use is recorded."""
    return None


def build_record_lookup(
    traffic: TrafficLog, get_pseudonym: Callable[[int], str], catch_up: CatchUp
) -> Answered:
    """Return what looks in the traffic; `called` is how that calls an interaction.

    `catch_up` has what people were answered a moment ago written down: that is when they react.
    """

    async def find_record(interaction: int, events: Collection[str]) -> TrafficRecord | None:
        name = get_pseudonym(interaction)
        await catch_up()
        for event in events:
            for record in await traffic.list_recent(event, limit=_NEWEST):
                if name and record.pseudonyms.get("interaction") == name:
                    return record
        return None

    return find_record


class SignedChange(NamedTuple):
    """The change that a sign is about; `flagged` says whether the answer was with its flag on.

    `None`: it was no answer, or nobody knows.
    """

    run_id: str
    flagged: bool | None = None


class FeedbackService:
    """Keeps the last sign of each person, of changes whose use is being counted."""

    def __init__(self, store: Store, key_values: KeyValueStore, answered: Answered) -> None:
        self._store = store
        self._key_values = key_values
        self._answered = answered
        self._one_at_a_time = asyncio.Lock()

    async def is_counting(self) -> bool:
        """Whether the use of anything is being counted: else nobody has to look closer."""
        return bool(await self._key_values.list_records(USE_WATCH, UseWatch))

    async def find_signed_change(
        self, thread_id: int, message_id: int, interaction_id: int | None
    ) -> SignedChange | None:
        """Return the shipped change that a message of ours is about; `None`: it is about none.

        It is one of what was said in the thread of the run after its last card, or the answer to a
        use of its commands since they are live. Raises `StoreError`.
        """
        for run in await self._store.find(thread_id=thread_id, limit=1):
            watch = await self._key_values.get(USE_WATCH + run.id, UseWatch)
            history = await self._store.get_history(run.id)
            said_since = watch is not None and _is_later(message_id, run, history)
            return SignedChange(run.id) if said_since else None
        if interaction_id is None:
            return None
        for watch in reversed(await self._key_values.list_records(USE_WATCH, UseWatch)):
            record = await self._answered(interaction_id, watch.events)
            if record is not None and record.at >= watch.began_at:
                return SignedChange(watch.run_id, record.flags.get(watch.flag))
        return None

    async def give(self, change: SignedChange, person_id: int, sign: Sign) -> None:
        """Keep what somebody thinks now, in place of what they thought before."""
        who = str(person_id)
        async with self._one_at_a_time:
            known = await self.get_feedback(change.run_id)
            if len(known.signs) >= _MOST and who not in known.signs:
                return
            others = _remove_person(known, who)
            on = {} if change.flagged is None else {who: change.flagged}
            signs, flagged = {**others.signs, who: sign}, {**others.flagged, **on}
            await self._put(known.replace(signs=signs, flagged=flagged))

    async def take_back(self, run_id: str, person_id: int, sign: Sign) -> None:
        """Forget that sign of somebody; a later one stays."""
        async with self._one_at_a_time:
            known = await self.get_feedback(run_id)
            if known.signs.get(str(person_id)) == sign:
                await self._put(_remove_person(known, str(person_id)))

    async def get_feedback(self, run_id: str) -> ChangeFeedback:
        """Return what people think of a run's change."""
        found = await self._key_values.get(_FEEDBACK + run_id, ChangeFeedback)
        return found or ChangeFeedback(run_id=run_id)

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many signs are that person's. Raises `StoreError`."""
        return len(await self._list_signed_by(subject))

    async def erase(self, subject: DataSubject) -> int:
        """Forget every sign of that person; return how many. Raises `StoreError`."""
        async with self._one_at_a_time:
            theirs = await self._list_signed_by(subject)
            for each in theirs:
                await self._put(_remove_person(each, str(subject.id)))
        return len(theirs)

    async def forget(self, run_id: str) -> None:
        """Forget all of it, once it is told; again is harmless."""
        await self._key_values.remove(_FEEDBACK + run_id)

    async def _list_signed_by(self, subject: DataSubject) -> list[ChangeFeedback]:
        known = await self._key_values.list_records(_FEEDBACK, ChangeFeedback)
        return [each for each in known if str(subject.id) in each.signs]

    async def _put(self, known: ChangeFeedback) -> None:
        await self._key_values.put(_FEEDBACK + known.run_id, known)


def _remove_person(known: ChangeFeedback, who: str) -> ChangeFeedback:
    """Return it without that person's sign, and without what had the flag on for them."""
    return known.replace(
        signs={each: sign for each, sign in known.signs.items() if each != who},
        flagged={each: on for each, on in known.flagged.items() if each != who},
    )


def _is_later(message_id: int, run: Run, history: History) -> bool:
    """Whether a message stands below the card of what is live now; ids grow with time."""
    card = history.proposal.card_id if history.proposal else None
    return run.status is Status.DONE and card is not None and message_id > card
