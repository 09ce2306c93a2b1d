"""A change that was found, not proven: what people judge it by, and who decided to propose it."""

from pydantic import AwareDatetime

from bot.domain.people import Person
from bot.domain.record import Record


class PlausibleEdit(Record):
    """Why a change is shown to people as found, not proven; sentences for them.

    All tests pass with it, and nothing else can judge it: `reason` says what is missing. `evidence`
    speaks for it and `against` does not; `answers` are those of calls that failed. `by_hand`:
    people have pushed to it since.
    """

    reason: str
    evidence: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    by_hand: bool = False


class Endorsement(Record):
    """One approver's decision to propose an unproven change, for exactly the head they read."""

    head: str
    person: Person
    at: AwareDatetime
