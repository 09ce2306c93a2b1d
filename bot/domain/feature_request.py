"""Feature requests ("wishes"): changes that people ask for and that are not shipped yet."""

from typing import ClassVar, Self

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.names import Name
from bot.domain.people import ITSELF, Person

LONGEST = 300
"""The maximum number of characters stored of a feature request."""
MOST_NAMED = 200
"""The maximum number of requesters stored by name; further ones are only counted."""


class Requester(Record):
    """A person who asked for the feature. `times` is how often; the person counts once anyway.

    The name is the one they had when they asked first.
    """

    id: int
    name: Name
    times: int = Field(default=1, ge=1)


class FeatureRequest(Record):
    """One requested change, in the text of the first requester; others' equal requests join it.

    `id` is derived from the text, so that asking again finds the same record.
    """

    former_names: ClassVar = {"wishers": "requesters"}

    id: str = Field(min_length=1)
    text: str = Field(min_length=1, max_length=LONGEST)
    requesters: tuple[Requester, ...] = Field(min_length=1)
    uncounted: int = Field(default=0, ge=0, description="people beyond those stored by name")
    run_id: str | None = Field(default=None, description="the last run begun for it")
    reason: str = Field(default="", description="why a self-audit proposed it; empty: people did")
    value: int = Field(default=0, ge=0, le=5, description="how useful the self-audit called it")
    first_at: AwareDatetime
    last_at: AwareDatetime

    @property
    def votes(self) -> int:
        """The number of people who asked for it."""
        people = [each for each in self.requesters if each.id != ITSELF.id]
        return len(people) + self.uncounted

    @property
    def rank(self) -> tuple[int, int, AwareDatetime]:
        """The sort key: more votes first, then what is more useful, then the newest."""
        return self.votes, self.value, self.last_at

    def add_requester(self, person: Person, at: AwareDatetime) -> Self:
        """Return the request with one more requester. A person who asked before counts once."""
        known = [each for each in self.requesters if each.id == person.id]
        if known:
            updated = known[0].replace(times=known[0].times + 1)
            named = tuple(updated if each.id == person.id else each for each in self.requesters)
            return self.replace(requesters=named, last_at=at)
        if len(self.requesters) >= MOST_NAMED:
            return self.replace(uncounted=self.uncounted + 1, last_at=at)
        new = Requester(id=person.id, name=person.name)
        return self.replace(requesters=(*self.requesters, new), last_at=at)
