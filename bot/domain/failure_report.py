"""What somebody who may not ask for work says is broken, kept until it is fixed."""

from pydantic import AwareDatetime

from bot.domain.people import Place
from bot.domain.record import Record


class FailureReport(Record):
    """One person's word about one failure, and where they are to hear of its end."""

    fingerprint: str
    event: str
    person_id: int
    place: Place
    at: AwareDatetime

    @property
    def key(self) -> str:
        """What it is kept under."""
        return f"{REPORTED}{self.fingerprint}:{self.person_id}"


REPORTED = "reported:"
"""How the names of such records begin."""
