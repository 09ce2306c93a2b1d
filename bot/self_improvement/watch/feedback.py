"""Counts users' reactions (👍 and 👎) to a live change, per person. They decide nothing."""

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
"""The key prefix of use watches; reactions count as long as the run has one."""

_FEEDBACK = "feedback:"
_MOST = 10_000  # the largest number of people per change
_NEWEST = 200  # the newest uses of a command that are searched

Answered = Callable[[int, Collection[str]], Awaitable[TrafficRecord | None]]
"""Returns the use with an interaction's id among these events; `None` if it is not found."""


def build_record_lookup(
    traffic: TrafficLog, get_pseudonym: Callable[[int], str], catch_up: CatchUp
) -> Answered:
    """Return a lookup in the traffic; `get_pseudonym` maps an interaction id to its pseudonym.

    `catch_up` writes pending traffic to the log, because people react within moments.
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
    """The change that a reaction is about; `flagged` says whether its flag was on for the answer.

    `flagged` is `None` if the message was no answer, or if this is unknown.
    """

    run_id: str
    flagged: bool | None = None


class FeedbackService:
    """Stores the last reaction of each person to changes whose use is being counted."""

    def __init__(self, store: Store, key_values: KeyValueStore, answered: Answered) -> None:
        self._store = store
        self._key_values = key_values
        self._answered = answered
        # All reactions to a change are one record: two that arrive together would overwrite each
        # other.
        self._one_at_a_time = asyncio.Lock()

    async def is_counting(self) -> bool:
        """Return whether the use of any change is being counted; if not, ignore reactions."""
        return bool(await self._key_values.list_records(USE_WATCH, UseWatch))

    async def find_signed_change(
        self, thread_id: int, message_id: int, interaction_id: int | None
    ) -> SignedChange | None:
        """Return the shipped change that a message of the bot is about; `None` if there is none.

        The message is in the run's thread after its last card, or it answers a use of the change's
        commands since they are live. Raises `StoreError`.
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
        """Store the person's reaction in place of an earlier one."""
        who = str(person_id)
        async with self._one_at_a_time:
            known = await self.get_feedback(change.run_id)
            if len(known.signs) >= _MOST and who not in known.signs:
                return
            others = _remove_person(known, who)
            flag_state = {} if change.flagged is None else {who: change.flagged}
            signs, flagged = {**others.signs, who: sign}, {**others.flagged, **flag_state}
            await self._put(known.replace(signs=signs, flagged=flagged))

    async def take_back(self, run_id: str, person_id: int, sign: Sign) -> None:
        """Remove that reaction of a person; a different, later one stays."""
        async with self._one_at_a_time:
            known = await self.get_feedback(run_id)
            if known.signs.get(str(person_id)) == sign:
                await self._put(_remove_person(known, str(person_id)))

    async def get_feedback(self, run_id: str) -> ChangeFeedback:
        """Return the reactions to a run's change."""
        found = await self._key_values.get(_FEEDBACK + run_id, ChangeFeedback)
        return found or ChangeFeedback(run_id=run_id)

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many reactions the person has given. Raises `StoreError`."""
        return len(await self._list_signed_by(subject))

    async def erase(self, subject: DataSubject) -> int:
        """Remove every reaction of the person; return how many. Raises `StoreError`."""
        async with self._one_at_a_time:
            signed = await self._list_signed_by(subject)
            for each in signed:
                await self._put(_remove_person(each, str(subject.id)))
        return len(signed)

    async def forget(self, run_id: str) -> None:
        """Remove all reactions to a run's change, after they were reported.

        Can be repeated safely.
        """
        await self._key_values.remove(_FEEDBACK + run_id)

    async def _list_signed_by(self, subject: DataSubject) -> list[ChangeFeedback]:
        known = await self._key_values.list_records(_FEEDBACK, ChangeFeedback)
        return [each for each in known if str(subject.id) in each.signs]

    async def _put(self, known: ChangeFeedback) -> None:
        await self._key_values.put(_FEEDBACK + known.run_id, known)


def _remove_person(known: ChangeFeedback, who: str) -> ChangeFeedback:
    """Return the feedback without the person's reaction and flag state."""
    return known.replace(
        signs={each: sign for each, sign in known.signs.items() if each != who},
        flagged={each: on for each, on in known.flagged.items() if each != who},
    )


def _is_later(message_id: int, run: Run, history: History) -> bool:
    """Return whether a message is below the card of the live change; ids grow with time."""
    card = history.proposal.card_id if history.proposal else None
    return run.status is Status.DONE and card is not None and message_id > card
