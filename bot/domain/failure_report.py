"""Reports by people who may not ask for work; each is stored until the failure is fixed."""

from pydantic import AwareDatetime
from theseus_guard.record import Record

from bot.domain.people import Place


class FailureReport(Record):
    """One person's report of one failure, and where to inform them when it is fixed."""

    fingerprint: str
    event: str
    person_id: int
    place: Place
    at: AwareDatetime

    @property
    def key(self) -> str:
        """The name that the report is stored under."""
        return f"{REPORTED}{self.fingerprint}:{self.person_id}"


REPORTED = "reported:"
"""Prefix of the names of such records."""
