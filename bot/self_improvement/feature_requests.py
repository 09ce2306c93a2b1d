"""What people wish for while nobody can begin it: kept, counted, looked at and forgotten."""

import asyncio
import hashlib

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.domain.errors import NotAuthorized, OutOfBounds, TooMany
from bot.domain.feature_request import LONGEST, FeatureRequest, Requester
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.grammar.feature_requests import normalise_request
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.redaction import redact

_PREFIX = "wish:"
_ID = 6  # letters of an id; some 16 million
MOST = 300
"""Wishes that are kept; beyond that the one of fewest people, said longest ago, makes room."""
MOST_OF_ONE = 20
"""Wishes of one person that are kept at once."""
EMPTY_REQUEST = "Tell me what to change: “add a /coinflip command”."
_NO_MEMBER = (
    "Sorry {name}, I keep wishes only of people who are members of the server I work for, said "
    "there or in a direct message."
)
_ENOUGH = (
    "I keep {most} wishes of yours already, which is what I take from one person. `/capabilities` "
    "shows them; somebody on my list can have some of them made, or forgotten."
)


class FeatureRequestService:
    """Wishes, in the key-value store. Everybody in the server may have one; see `FeatureRequest`."""

    def __init__(self, key_values: KeyValueStore, clock: Clock, authorizer: Authorizer) -> None:
        self._key_values = key_values
        self._clock = clock
        self._authorizer = authorizer
        self._writing = asyncio.Lock()

    async def keep(self, person: Person, text: str) -> FeatureRequest:
        """Keep what somebody wishes for, without secrets; where it is there, with one word more.

        Raises `NotAuthorized` for programs and strangers to the server, `OutOfBounds` without a
        word, `TooMany`, `StoreError`.
        """
        if person.bot or person.outsider:
            raise NotAuthorized(_NO_MEMBER.format(name=person.name))
        said = " ".join(redact(text).split())[:LONGEST]
        if not said:
            raise OutOfBounds(EMPTY_REQUEST)
        now = self._clock.get_time()
        async with self._writing:
            kept = {wish.id: wish for wish in await self.list_requests()}
            wish = kept.get(create_request_id(said))
            if wish is not None:
                grown = wish.add_requester(person, now)
            else:
                await self._make_room(kept, person)
                first = Requester(id=person.id, name=person.name)
                grown = FeatureRequest(
                    id=create_request_id(said),
                    text=said,
                    requesters=(first,),
                    first_at=now,
                    last_at=now,
                )
            await self._key_values.put(_PREFIX + grown.id, grown)
        return grown

    async def list_requests(self) -> tuple[FeatureRequest, ...]:
        """Return every wish, that of most people first, then the newest. Raises `StoreError`."""
        found = await self._key_values.list_records(_PREFIX, FeatureRequest)
        return tuple(sorted(found, key=lambda wish: wish.rank, reverse=True))

    async def find(self, named: str) -> FeatureRequest | None:
        """Return the wish of that id (`wish:k7m2xq`, `k7m2xq`), if there is one."""
        return await self._key_values.get(_PREFIX + _normalise(named), FeatureRequest)

    async def find_same(self, text: str) -> FeatureRequest | None:
        """Return the wish for the same as `text` says, if anybody has it."""
        return await self.find(create_request_id(" ".join(text.split())[:LONGEST]))

    async def forget(self, person: Person, named: str) -> FeatureRequest | None:
        """Forget that wish for good, and return it; `None` where there is none.

        Raises `NotAuthorized`, `StoreError`.
        """
        await self._authorizer.ask(person, Act.STEER, None, f"forget: {_PREFIX}{_normalise(named)}")
        wish = await self.find(named)
        if wish is not None:
            await self.drop(wish)
        return wish

    async def drop(self, feature_request: FeatureRequest) -> None:
        """Keep it no longer; again is harmless."""
        async with self._writing:
            await self._key_values.remove(_PREFIX + feature_request.id)

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many wishes that person is one of. Raises `StoreError`."""
        return len(await self._list_for_person(subject))

    async def erase(self, subject: DataSubject) -> int:
        """Have that person wish for nothing any more; what only they wished for goes.

        Returns how many wishes that were. Raises `StoreError`.
        """
        async with self._writing:
            theirs = await self._list_for_person(subject)
            for wish in theirs:
                others = tuple(each for each in wish.requesters if each.id != subject.id)
                if others:
                    await self._key_values.put(_PREFIX + wish.id, wish.replace(requesters=others))
                else:
                    await self._key_values.remove(_PREFIX + wish.id)
        return len(theirs)

    async def mark_started(self, text: str, run_id: str) -> None:
        """Note the run that is begun for the same as somebody wished for, if anybody did."""
        async with self._writing:
            wish = await self.find_same(text)
            if wish is not None:
                await self._key_values.put(_PREFIX + wish.id, wish.replace(run_id=run_id))

    async def _list_for_person(self, subject: DataSubject) -> list[FeatureRequest]:
        wishes = await self.list_requests()
        return [wish for wish in wishes if subject.id in {each.id for each in wish.requesters}]

    async def _make_room(self, stored: dict[str, FeatureRequest], person: Person) -> None:
        own = [each for each in stored.values() if each.requesters[0].id == person.id]
        if len(own) >= MOST_OF_ONE:
            raise TooMany(_ENOUGH.format(most=MOST_OF_ONE))
        if len(stored) >= MOST:
            least = min(stored.values(), key=lambda wish: wish.rank)
            await self._key_values.remove(_PREFIX + least.id)


def create_request_id(text: str) -> str:
    """Return the id of what is wished for: the same for the same wish in other words."""
    return hashlib.sha256(normalise_request(text).encode("utf-8", "replace")).hexdigest()[:_ID]


def _normalise(named: str) -> str:
    return named.strip(" `").lower().removeprefix(_PREFIX)
