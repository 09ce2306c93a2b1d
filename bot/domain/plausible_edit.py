"""Plausible changes: found but not proven, with their evidence and the decision to propose them."""

from pydantic import AwareDatetime
from theseus_guard.record import Record

from bot.domain.people import Person


class PlausibleEdit(Record):
    """Why a change is shown to people as plausible, not proven.

    All fields are sentences for people.

    All tests pass with it, and no other check can judge it: `reason` says what is missing.
    `evidence` supports the change, `against` speaks against it, and `answers` are the answers of
    calls that failed before. `by_hand` is true if people have pushed to it since.
    """

    reason: str
    evidence: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    by_hand: bool = False


class Endorsement(Record):
    """An approver's decision to propose a plausible change, for exactly the head they read."""

    head: str
    person: Person
    at: AwareDatetime
