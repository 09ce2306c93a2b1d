"""Gaps: requests that the bot could not serve, grouped by what they ask for."""

import math
from collections.abc import Iterable
from typing import Literal, Self

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.feature_request import MOST_NAMED, Requester
from bot.domain.people import Person

GAP = "gap:"
"""The beginning of the names under which gaps are stored."""
LONGEST_GAP = 200
GapKind = Literal["server", "research", "repository", "skill"]

# Work for people, and what can go wrong, from 1 (little) to 3. A server and a repository are
# entries of the configuration, but bring code of others; a skill is a text that is reviewed.
_COST = {"server": 1, "research": 2, "repository": 2, "skill": 1}
_RISK = {"server": 2, "research": 2, "repository": 3, "skill": 1}


class CapabilityGap(Record):
    """Requests for one thing the bot cannot do, in the text of the first requester."""

    id: str
    kind: GapKind
    text: str = Field(min_length=1, max_length=LONGEST_GAP)
    words: tuple[str, ...] = Field(description="the stems of its words, which similar ones share")
    requesters: tuple[Requester, ...] = Field(min_length=1)
    first_at: AwareDatetime
    last_at: AwareDatetime
    proposed: bool = Field(default=False, description="whether it became a feature request")

    @property
    def times(self) -> int:
        """How often people asked."""
        return sum(each.times for each in self.requesters)

    @property
    def rank(self) -> float:
        """People count most, then how often they asked; divided by cost and risk."""
        wanted = 2 * len(self.requesters) + math.log2(self.times)
        return wanted / (_COST[self.kind] + _RISK[self.kind])

    @property
    def is_wanted(self) -> bool:
        """True if several people asked, or one person again and again."""
        return len(self.requesters) > 1 or self.times > 2

    def add(self, person: Person, at: AwareDatetime) -> Self:
        """Return the gap with one more request of that person."""
        known = {each.id: each for each in self.requesters}
        first = known.get(person.id)
        if first is None and len(known) >= MOST_NAMED:
            return self.replace(last_at=at)
        if first is None:
            known[person.id] = Requester(id=person.id, name=person.name)
        else:
            known[person.id] = first.replace(times=first.times + 1)
        return self.replace(requesters=tuple(known.values()), last_at=at)


def sort_gaps(gaps: Iterable[CapabilityGap]) -> tuple[CapabilityGap, ...]:
    """Return the gaps, the highest rank first, then the newest."""
    return tuple(sorted(gaps, key=lambda each: (each.rank, each.last_at), reverse=True))
