"""Asks the policy who may do what, and writes the decisions to the audit log."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from theseus_observe.redaction import redact

from bot.authority.approval_policy import ApprovalPolicy
from bot.authority.policy import Act
from bot.domain.audit import AuditEntry
from bot.domain.errors import ChatUnavailable, NotAuthorized, StoreError
from bot.domain.guilds import Scope
from bot.domain.people import Person
from bot.domain.run import Run
from bot.domain.target import OWN_TARGET
from bot.periodic import log_tracebacks, run_periodically
from bot.ports.clock import Clock
from bot.ports.store import Store

_MOST = 10
"""The number of refusals of one person for one act that are written within `_WINDOW`.

Further refusals are only counted, so that no one can flood the audit log.
"""
_WINDOW = timedelta(minutes=1)
_NOT_WRITTEN = log_tracebacks(
    structlog.stdlib.get_logger(__name__),
    "refusals could not be written to the audit log; tried again",
)


@dataclass
class _Spell:
    """The refusals of one person for one act since `began`."""

    began: datetime
    last: AuditEntry
    count: int = 0


class AuditWriter:
    """Writes audit entries. Allowed acts are written at once; of equal refusals, ten a minute.

    Further refusals are written as one number. If the log cannot be written, `write` raises
    `StoreError`, and the caller must not do what could not be audited.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._spells: dict[tuple[int, str], _Spell] = {}

    async def write(self, entry: AuditEntry) -> None:
        """Write the entry, with the place of its person's message, or only count it."""
        await self._count_up()
        at = entry.person.at if entry.person else None
        if at is not None:
            entry = entry.replace(
                channel_id=entry.channel_id or at.thread_id or at.channel_id,
                message_id=entry.message_id or at.message_id,
            )
        if entry.allowed or entry.person is None:
            await self._store.append_audit_entry(entry)
            return
        key = (entry.person.id, entry.action)
        spell = self._spells.setdefault(key, _Spell(entry.at, entry))
        spell.count, spell.last = spell.count + 1, entry
        if spell.count <= _MOST:
            await self._store.append_audit_entry(entry)

    def is_rate_limited(self, person_id: int) -> bool:
        """Return whether the person was refused so often that they should get no more answers."""
        return any(
            spell.count > _MOST for (who, _), spell in self._spells.items() if who == person_id
        )

    async def run_forever(self) -> None:
        """Write the number of refusals that were not written, once a minute, until cancelled."""
        window = _WINDOW.total_seconds()
        await run_periodically(
            self._count_up, self._clock, window, first_after=window, failed=_NOT_WRITTEN
        )

    async def _count_up(self) -> None:
        """Write the number of refusals that were not written, for each window that has ended."""
        now = self._clock.now()
        ended = [key for key, spell in self._spells.items() if now - spell.began >= _WINDOW]
        for key in ended:
            spell = self._spells.pop(key)
            if spell.count <= _MOST:
                continue
            more = f"{spell.count - _MOST:,} more such refusals within a minute"
            try:
                await self._store.append_audit_entry(
                    spell.last.replace(at=now, run_id=None, note=more)
                )
            except StoreError:
                self._spells.setdefault(key, spell)
                raise


@dataclass(frozen=True, eq=False)
class Authorizer:
    """Checks and audits what people ask for."""

    approval_policy: ApprovalPolicy
    audit_writer: AuditWriter
    clock: Clock

    async def ask(
        self,
        person: Person,
        act: Act,
        run_id: str | None = None,
        note: str = "",
        *,
        target: str = OWN_TARGET,
        how: str = "",
    ) -> None:
        """Raise `NotAuthorized` with a polite refusal if the person may not do `act`.

        The lists of the run's server and target count; without a run, those of `target`, in the
        server where a request for work is made. Allowed reading is not audited. Raises
        `ChatUnavailable` if roles have to be read, and cannot be.
        """
        person = await self.admit(person, act, run_id, note, target, how=how)
        if act is not Act.READ:
            await self._audit(person, act, run_id, allowed=True, note=note, how=how)

    async def choose_readable(self, person: Person) -> frozenset[str]:
        """Return the targets whose work the person may look at.

        Raises `NotAuthorized` if there is none.
        """
        readable = self.approval_policy.list_readable(person)
        if not readable:
            await self.ask(person, Act.READ)
        return readable

    async def choose_runs(self, person: Person, runs: Iterable[Run]) -> tuple[Run, ...]:
        """Return those of the runs that the person may look at.

        Raises `NotAuthorized` for people who may look at nothing here.
        """
        policy = self.approval_policy
        here = policy.people.find_guild(person.at)
        if not policy.is_allowed(person, Act.READ, Scope(guild_id=here)):
            await self.choose_readable(person)
        return tuple(run for run in runs if policy.can_read(person, run))

    async def audit_operator_act(self, act: Act, note: str) -> None:
        """Audit an act of the operator on the local pages, who is no person of the chat."""
        entry = AuditEntry(
            at=self.clock.now(), action=act, allowed=True, how="page", note=redact(note)
        )
        await self.audit_writer.write(entry)

    async def admit(
        self,
        person: Person,
        act: Act,
        run_id: str | None,
        note: str,
        target: str = OWN_TARGET,
        *,
        how: str = "",
    ) -> Person:
        """Return the person, or raise as `ask` does. The caller audits an allowed act."""
        policy = self.approval_policy
        if run_id is not None:
            scope = await policy.find_scope(person, act, run_id)
        else:
            scope = policy.choose_scope(person, act, target)
        try:
            return await policy.present(person, act, scope)
        except (NotAuthorized, ChatUnavailable):
            await self._audit(person, act, run_id, allowed=False, note=note, how=how)
            raise

    async def _audit(
        self,
        person: Person,
        act: Act,
        run_id: str | None,
        *,
        allowed: bool,
        note: str,
        how: str = "",
    ) -> None:
        await self.audit_writer.write(
            AuditEntry(
                at=self.clock.now(),
                action=act,
                allowed=allowed,
                person=person,
                run_id=run_id,
                how=how,
                note=redact(note),
            )
        )
