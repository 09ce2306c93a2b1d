"""Which failures a request refers to: decided once, stored with the request."""

from typing import Literal, Self

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.journal import Action, FailureGroup
from bot.domain.shipped_fix import ShippedFix
from bot.domain.slowness import Slowness

Named = Literal["exactly", "in words", "not at all"]


class FailureReference(Record):
    """A failure group by the ids of its records.

    Capsules are large and every run is loaded often, so that the records stay in the journal.
    """

    fingerprint: str
    event: str
    count: int = Field(ge=1)
    first_seen: AwareDatetime
    last_seen: AwareDatetime
    newest: str
    action_ids: tuple[str, ...]

    @classmethod
    def from_group(cls, group: FailureGroup) -> Self:
        """Return the reference to a group."""
        return cls(
            fingerprint=group.fingerprint,
            event=group.event,
            count=group.count,
            first_seen=group.first_seen,
            last_seen=group.last_seen,
            newest=group.newest.id,
            action_ids=group.action_ids,
        )

    def restore(self, newest: Action) -> FailureGroup:
        """Return the group with its newest record."""
        return FailureGroup(
            fingerprint=self.fingerprint,
            event=self.event,
            count=self.count,
            first_seen=self.first_seen,
            last_seen=self.last_seen,
            newest=newest,
            action_ids=self.action_ids,
        )


class RequestMatch(Record):
    """The failures that a request refers to. The fields have the meaning of `Evidence`."""

    groups: tuple[FailureReference, ...] = ()
    nearby: tuple[FailureReference, ...] = ()
    likely: tuple[FailureReference, ...] = ()
    before_fix: FailureReference | None = None
    fix: ShippedFix | None = None
    slow: Slowness | None = None
    searched: str = ""
    named: Named = "exactly"
    idle: tuple[str, ...] = ()
    change: bool = False

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint of the failure, if the match is certain."""
        return self.groups[0].fingerprint if self.groups else None
