"""Stores requests that could not be served, groups them, and proposes what most people miss."""

import asyncio
import hashlib

from theseus_observe.redaction import redact

from bot.domain.audit_ideas import AuditIdea
from bot.domain.feature_request import Requester
from bot.domain.gaps import GAP, LONGEST_GAP, CapabilityGap, sort_gaps
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.grammar.feature_requests import normalise_request
from bot.grammar.unserved_requests import find_gap_kind
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.self_improvement.requests.feature_requests import FeatureRequestService

MOST_GAPS = 200
"""The largest number of gaps; beyond it the one of the lowest rank is deleted."""
_MOST_OF_ONE = 20
_SIMILAR = 0.5  # of the words of two requests together, that both have
_ID = 6


class GapService:
    """Gaps in the key-value store. Everyone who may talk to the bot may leave one."""

    def __init__(
        self, key_values: KeyValueStore, clock: Clock, feature_requests: FeatureRequestService
    ) -> None:
        self._key_values = key_values
        self._clock = clock
        self._feature_requests = feature_requests
        self._writing = asyncio.Lock()

    async def note(
        self, person: Person, text: str, *, with_model: bool = False
    ) -> CapabilityGap | None:
        """Store a request that could not be served; `None` if the text asks for nothing.

        `with_model` leaves out what a chat model can do by itself, such as translating.

        A skill that several people miss becomes a feature request, which people can start. Nothing
        is stored of programs and strangers, nor of a person who has left too many. Raises
        `StoreError`.
        """
        kind = find_gap_kind(text)
        plain = " ".join(redact(text).split())[:LONGEST_GAP]
        if kind is None or not plain or person.bot or person.outsider:
            return None
        if with_model and kind == "skill":
            return None
        words = tuple(normalise_request(plain).split())
        async with self._writing:
            stored = await self.list_gaps()
            same = next((e for e in stored if e.kind == kind and _is_similar(e.words, words)), None)
            now = self._clock.now()
            if same is not None:
                gap = await self._propose(same.add(person, now))
            elif sum(each.requesters[0].id == person.id for each in stored) >= _MOST_OF_ONE:
                return None
            else:
                name = hashlib.sha256(" ".join((kind, *words)).encode()).hexdigest()[:_ID]
                first = Requester(id=person.id, name=person.name)
                gap = CapabilityGap(
                    id=name, kind=kind, text=plain, words=words, requesters=(first,),
                    first_at=now, last_at=now,
                )  # fmt: skip
                if len(stored) >= MOST_GAPS:
                    await self._key_values.remove(GAP + stored[-1].id)
            await self._key_values.put(GAP + gap.id, gap)
        return gap

    async def list_gaps(self) -> tuple[CapabilityGap, ...]:
        """Return all gaps, the highest rank first. Raises `StoreError`."""
        return sort_gaps(await self._key_values.list_records(GAP, CapabilityGap))

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many gaps the person has left or joined. Raises `StoreError`."""
        return sum(_is_requester(each, subject) for each in await self.list_gaps())

    async def erase(self, subject: DataSubject) -> int:
        """Remove the person from all gaps; delete those of only this person. Raises `StoreError`.

        The text of a gap that the person began goes too: the whole gap is deleted.
        """
        async with self._writing:
            affected = [each for each in await self.list_gaps() if _is_requester(each, subject)]
            for gap in affected:
                others = tuple(each for each in gap.requesters if each.id != subject.id)
                if not others or gap.requesters[0].id == subject.id:
                    await self._key_values.remove(GAP + gap.id)
                else:
                    await self._key_values.put(GAP + gap.id, gap.replace(requesters=others))
        return len(affected)

    async def _propose(self, gap: CapabilityGap) -> CapabilityGap:
        """Return the gap, after it was proposed as a feature request if enough people miss it.

        Only skills: a server, the web or a repository takes an entry that people write.
        """
        if gap.kind != "skill" or gap.proposed or not gap.is_wanted:
            return gap
        reason = f"asked {gap.times} times by {len(gap.requesters)} people; it cannot be done yet"
        idea = AuditIdea(text=f"learn to do this: {gap.text}", reason=reason, value=3)
        await self._feature_requests.propose(idea)
        return gap.replace(proposed=True)


def _is_similar(words: tuple[str, ...], others: tuple[str, ...]) -> bool:
    return len({*words} & {*others}) >= _SIMILAR * len({*words} | {*others})


def _is_requester(gap: CapabilityGap, subject: DataSubject) -> bool:
    return subject.id in {each.id for each in gap.requesters}
