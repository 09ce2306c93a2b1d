"""A wish: a change that people ask for and that is not shipped, with who wants it."""

from typing import ClassVar, Self

from pydantic import AwareDatetime, Field

from bot.domain.names import Name
from bot.domain.people import Person
from bot.domain.record import Record

LONGEST = 300
"""Characters of what is wished for that are kept."""
MOST_NAMED = 200
"""People kept by name of those who wish the same; who comes after them is only counted."""


class Requester(Record):
    """Somebody who wishes for it. `times` is how often they said so: they count once all the same.

    The name is the one they had when they said it first.
    """

    id: int
    name: Name
    times: int = Field(default=1, ge=1)


class FeatureRequest(Record):
    """One change, in the words of whoever asked first; the same wish of others joins it.

    `id` is made of what is wished for, so that asking twice finds it again.
    """

    former_names: ClassVar = {"wishers": "requesters"}

    id: str = Field(min_length=1)
    text: str = Field(min_length=1, max_length=LONGEST)
    requesters: tuple[Requester, ...] = Field(min_length=1)
    uncounted: int = Field(default=0, ge=0, description="people beyond those kept by name")
    run_id: str | None = Field(default=None, description="the run begun for it last")
    first_at: AwareDatetime
    last_at: AwareDatetime

    @property
    def votes(self) -> int:
        """How many people wish for it."""
        return len(self.requesters) + self.uncounted

    @property
    def rank(self) -> tuple[int, AwareDatetime]:
        """What to sort by: the wish of most people is the greatest, of as many the newest."""
        return self.votes, self.last_at

    def add_requester(self, person: Person, at: AwareDatetime) -> Self:
        """Return it with one more word for it; who said it before counts once."""
        known = [each for each in self.requesters if each.id == person.id]
        if known:
            again = known[0].replace(times=known[0].times + 1)
            named = tuple(again if each.id == person.id else each for each in self.requesters)
            return self.replace(requesters=named, last_at=at)
        if len(self.requesters) >= MOST_NAMED:
            return self.replace(uncounted=self.uncounted + 1, last_at=at)
        new = Requester(id=person.id, name=person.name)
        return self.replace(requesters=(*self.requesters, new), last_at=at)
