"""Permits: who may do what, asked of the one policy, and written down."""

from bot.domain.audit import AuditEntry
from bot.domain.errors import ChatUnavailable, NotAuthorized
from bot.domain.people import Person
from bot.domain.policy import Act
from bot.ports.clock import Clock
from bot.self_improvement._clerk import Clerk
from bot.self_improvement._quorum import Quorum
from bot.telemetry import redact


class Permits:
    """Authorises and audits."""

    def __init__(self, quorum: Quorum, clerk: Clerk, clock: Clock) -> None:
        self._quorum = quorum
        self._clerk = clerk
        self._clock = clock

    async def ask(self, person: Person, act: Act, run_id: str | None, note: str) -> None:
        """Raise `NotAuthorized` with a polite refusal; reading is not audited when allowed.

        Raises `ChatUnavailable` where only approvers may, and nobody can tell who is one.
        """
        person = await self.admit(person, act, run_id, note)
        if act is not Act.READ:
            await self._audit(person, act, run_id, allowed=True, note=note)

    async def admit(self, person: Person, act: Act, run_id: str | None, note: str) -> Person:
        """Raise as `ask` does; what is allowed is for the caller to write down."""
        try:
            return await self._quorum.present(person, act)
        except (NotAuthorized, ChatUnavailable):
            await self._audit(person, act, run_id, allowed=False, note=note)
            raise

    async def _audit(
        self, person: Person, act: Act, run_id: str | None, *, allowed: bool, note: str
    ) -> None:
        await self._clerk.write(
            AuditEntry(
                at=self._clock.now(),
                action=act,
                allowed=allowed,
                person=person,
                run_id=run_id,
                note=redact(note),
            )
        )
