"""Permits: who may do what, asked of the one policy, and written down."""

from bot.domain.audit import AuditEntry
from bot.domain.errors import NotAuthorized
from bot.domain.people import AllowList, Person
from bot.domain.policy import Act, authorize
from bot.self_improvement._parts import Doors
from bot.telemetry import redact


class Permits:
    """Authorises and audits."""

    def __init__(self, doors: Doors, people: AllowList) -> None:
        self._doors = doors
        self._people = people

    async def ask(self, person: Person, act: Act, run_id: str | None, note: str) -> None:
        """Raise `NotAuthorized` with a polite refusal; reading is not audited when allowed."""
        try:
            authorize(self._people, person, act)
        except NotAuthorized:
            await self._audit(person, act, run_id, allowed=False, note=note)
            raise
        if act is not Act.READ:
            await self._audit(person, act, run_id, allowed=True, note=note)

    async def _audit(
        self, person: Person, act: Act, run_id: str | None, *, allowed: bool, note: str
    ) -> None:
        await self._doors.store.audit(
            AuditEntry(
                at=self._doors.clock.now(),
                action=act,
                allowed=allowed,
                person=person,
                run_id=run_id,
                note=redact(note),
            )
        )
