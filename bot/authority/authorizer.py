"""Permits: who may do what, asked of the one policy, and written down."""

from bot.authority.approval_policy import ApprovalPolicy
from bot.authority.audit_writer import AuditWriter
from bot.authority.policy import Act
from bot.domain.audit import AuditEntry
from bot.domain.errors import ChatUnavailable, NotAuthorized
from bot.domain.people import Person
from bot.ports.clock import Clock
from bot.redaction import redact


class Authorizer:
    """Authorises and audits."""

    def __init__(
        self, approval_policy: ApprovalPolicy, audit_writer: AuditWriter, clock: Clock
    ) -> None:
        self._approval_policy = approval_policy
        self._audit_writer = audit_writer
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
            return await self._approval_policy.present(person, act)
        except (NotAuthorized, ChatUnavailable):
            await self._audit(person, act, run_id, allowed=False, note=note)
            raise

    async def _audit(
        self, person: Person, act: Act, run_id: str | None, *, allowed: bool, note: str
    ) -> None:
        await self._audit_writer.write(
            AuditEntry(
                at=self._clock.now(),
                action=act,
                allowed=allowed,
                person=person,
                run_id=run_id,
                note=redact(note),
            )
        )
