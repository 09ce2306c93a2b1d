"""Stores feature requests (“wishes”) that cannot be started now, and counts who wants them."""

import asyncio
import hashlib

from theseus_observe.redaction import redact

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.domain.audit_ideas import LONGEST_REASON, AuditIdea
from bot.domain.errors import NotAuthorized, OutOfBounds, TooMany
from bot.domain.feature_request import LONGEST, FeatureRequest, Requester
from bot.domain.people import ITSELF, Person
from bot.domain.personal_data import DataSubject
from bot.grammar.feature_requests import normalise_request
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore

_PREFIX = "wish:"
_ID = 6  # letters of an id; about 16 million ids
MOST = 300
"""The largest number of requests; beyond it the one of fewest people, oldest first, is deleted."""
MOST_OF_ONE = 20
"""The largest number of requests of one person."""
MOST_IDEAS_KEPT = 20
"""The largest number of open ideas of self-audits; then none is added until people decide."""
_SIMILAR = 0.6  # of the words of two requests together, that both have
EMPTY_REQUEST = "Tell me what to change: “add a /coinflip command”."
_NO_MEMBER = (
    "Sorry {name}, I keep wishes only from members of the server I work for. They can tell me in "
    "the server or in a direct message."
)
_ENOUGH = (
    "I already keep {most} wishes of yours, which is my limit for one person. `/capabilities` "
    "shows them. Somebody on my list can have some of them made or forgotten."
)


class FeatureRequestService:
    """Feature requests in the key-value store. Every member of the server may make them."""

    def __init__(self, key_values: KeyValueStore, clock: Clock, authorizer: Authorizer) -> None:
        self._key_values = key_values
        self._clock = clock
        self._authorizer = authorizer
        # A request is read, changed and written as one record: two people at once would lose one
        # name.
        self._writing = asyncio.Lock()

    async def keep(self, person: Person, text: str) -> FeatureRequest:
        """Store a feature request without secrets; if it exists, add the person to it.

        Raises `NotAuthorized` for bots and people outside the server, `OutOfBounds` for an empty
        request, `TooMany`, `StoreError`.
        """
        if person.bot or person.outsider:
            raise NotAuthorized(_NO_MEMBER.format(name=person.name))
        request_text = " ".join(redact(text).split())[:LONGEST]
        if not request_text:
            raise OutOfBounds(EMPTY_REQUEST)
        now = self._clock.now()
        async with self._writing:
            stored = {wish.id: wish for wish in await self.list_requests()}
            wish = stored.get(create_request_id(request_text))
            if wish is not None:
                updated = wish.add_requester(person, now)
            else:
                await self._make_room(stored, person)
                first = Requester(id=person.id, name=person.name)
                updated = FeatureRequest(
                    id=create_request_id(request_text),
                    text=request_text,
                    requesters=(first,),
                    first_at=now,
                    last_at=now,
                )
            await self._key_values.put(_PREFIX + updated.id, updated)
        return updated

    async def propose(self, idea: AuditIdea) -> FeatureRequest | None:
        """Store an idea of a self-audit as a request without votes; `None` if it is known already.

        People's requests are never displaced, and only a few ideas are stored at a time. Raises
        `StoreError`.
        """
        text = " ".join(redact(idea.text).split())[:LONGEST]
        async with self._writing:
            stored = await self.list_requests()
            own = [each for each in stored if not each.votes]
            is_full = len(own) >= MOST_IDEAS_KEPT or len(stored) >= MOST
            if not text or is_full or any(_is_similar(text, each.text) for each in stored):
                return None
            now = self._clock.now()
            request = FeatureRequest(
                id=create_request_id(text),
                text=text,
                requesters=(Requester(id=ITSELF.id, name=ITSELF.name),),
                reason=" ".join(redact(idea.reason).split())[:LONGEST_REASON],
                value=idea.value,
                first_at=now,
                last_at=now,
            )
            await self._key_values.put(_PREFIX + request.id, request)
        return request

    async def list_requests(self) -> tuple[FeatureRequest, ...]:
        """Return every request, most people first, then newest first. Raises `StoreError`."""
        found = await self._key_values.list_records(_PREFIX, FeatureRequest)
        return tuple(sorted(found, key=lambda wish: wish.rank, reverse=True))

    async def find(self, named: str) -> FeatureRequest | None:
        """Return the request with that id (`wish:k7m2xq` or `k7m2xq`), if it exists."""
        return await self._key_values.get(_PREFIX + _normalise(named), FeatureRequest)

    async def find_same(self, text: str) -> FeatureRequest | None:
        """Return the stored request for the same change as `text`, if it exists."""
        return await self.find(create_request_id(" ".join(text.split())[:LONGEST]))

    async def forget(self, person: Person, named: str) -> FeatureRequest | None:
        """Delete a request and return it; `None` if it does not exist.

        Raises `NotAuthorized`, `StoreError`.
        """
        await self._authorizer.ask(person, Act.STEER, None, f"forget: {_PREFIX}{_normalise(named)}")
        wish = await self.find(named)
        if wish is not None:
            await self.drop(wish)
        return wish

    async def drop(self, feature_request: FeatureRequest) -> None:
        """Delete a request. Can be repeated safely."""
        async with self._writing:
            await self._key_values.remove(_PREFIX + feature_request.id)

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many requests the person has made or joined. Raises `StoreError`."""
        return len(await self._list_for_person(subject))

    async def erase(self, subject: DataSubject) -> int:
        """Remove the person from all requests; delete requests of only this person.

        Returns how many requests were affected. Raises `StoreError`.
        """
        async with self._writing:
            affected = await self._list_for_person(subject)
            for wish in affected:
                others = tuple(each for each in wish.requesters if each.id != subject.id)
                if others:
                    await self._key_values.put(_PREFIX + wish.id, wish.replace(requesters=others))
                else:
                    await self._key_values.remove(_PREFIX + wish.id)
        return len(affected)

    async def mark_started(self, text: str, run_id: str) -> None:
        """Record the run that was started for the same change, if the request is stored."""
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
    """Return the id of a request: the same change in other words has the same id."""
    return hashlib.sha256(normalise_request(text).encode("utf-8", "replace")).hexdigest()[:_ID]


def _is_similar(text: str, other: str) -> bool:
    """Return whether two requests are about the same, by the words that describe them."""
    words, others = set(normalise_request(text).split()), set(normalise_request(other).split())
    return len(words & others) >= _SIMILAR * len(words | others)


def _normalise(named: str) -> str:
    return named.strip(" `").lower().removeprefix(_PREFIX)
