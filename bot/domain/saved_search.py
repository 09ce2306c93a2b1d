"""Searches of the dashboard that a person saved."""

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

MOST_SAVED = 20
LONGEST_NAME = 60
LONGEST_QUERY = 1_000


class SavedSearch(Record):
    """One search: the page's path, and its fields in the form of an address (`q=dice&kind=fix`)."""

    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    path: str
    query: str = Field(max_length=LONGEST_QUERY)
    at: AwareDatetime

    @property
    def href(self) -> str:
        """The address of the results."""
        return f"{self.path}?{self.query}" if self.query else self.path


class SavedSearchList(Record):
    """The searches of one person; without an id, those of the operator. The newest come last."""

    person_id: int | None = None
    searches: tuple[SavedSearch, ...] = Field(default=(), max_length=MOST_SAVED)
