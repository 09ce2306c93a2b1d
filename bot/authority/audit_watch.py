"""Watches the audit log: checks it, saves its end in the journal, and removes old entries."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog

from bot.authority.announcements import DevChannelAnnouncer
from bot.authority.kill_switch import KillSwitchGuard
from bot.domain.audit import AuditEntry, AuditHead, AuditState, Configured
from bot.domain.errors import StoreError, TheseusError
from bot.domain.journal import ActionOutcome, JournalQuery, Kind
from bot.periodic import run_periodically
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.key_value_store import KeyValueStore
from bot.ports.recorder import ActionRecorder
from bot.ports.store import Store

HEAD = "audit_head"
"""The journal event for ends of the log: `gateway.audit_head`, with number and hash as agent."""
_CONFIGURED = "configured"
_TAIL = 500  # entries checked first at a start; the full check follows later
_NOTED = 1_000  # ends of the log read from the journal
_DAY, _SOON = timedelta(days=1), timedelta(minutes=1)
_log = structlog.stdlib.get_logger(__name__)


async def load_heads(journal: Journal) -> Sequence[AuditHead]:
    """Return the ends of the audit log at other times, as saved in the journal."""
    query = JournalQuery(event=f"{Kind.GATEWAY}.{HEAD}", limit=_NOTED)
    heads = []
    for action in await journal.read(query):
        number, _, chained = (action.agent or "").partition(" ")
        if number.isdigit():
            heads.append(AuditHead(number=int(number), hash=chained, at=action.ts))
    return heads


class AuditWatch:
    """Blocks merges and autonomous work while the audit log is not intact.

    An operator on the machine examines the break and acknowledges it: `theseus audit accept`.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        announcer: DevChannelAnnouncer,
        journal: Journal,
        key_values: KeyValueStore,
        recorder: ActionRecorder,
        stop_guard: KillSwitchGuard,
        *,
        keep_for: timedelta,
        configured: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._announcer = announcer
        self._journal = journal
        self._key_values = key_values
        self._recorder = recorder
        self._stop_guard = stop_guard
        self._keep_for = keep_for
        self._configuration = configured
        self.state = AuditState()

    async def on_start(self) -> None:
        """Check the newest entries and the end of the log; audit a changed configuration."""
        await self._run_safely(self._look_at_tail)
        await self._run_safely(self._audit_configuration)
        self._mark(self.state)

    async def run_forever(self) -> None:
        """Check the whole log daily, remove old entries and save its end, until cancelled."""
        try:
            soon = _SOON.total_seconds()  # the start itself has more urgent work
            await run_periodically(self._turn, self._clock, self._pause, first_after=soon)
        finally:
            await self._run_safely(self._note_end)

    async def _turn(self) -> None:
        await self._run_safely(self.look)
        if self.state.broken is None:
            await self._run_safely(self._forget)
            await self._run_safely(self._note_end)

    def _pause(self) -> float:
        return (_SOON if self.state.broken else _DAY).total_seconds()

    async def look(self) -> None:
        """Check the whole log against its saved ends; announce a break."""
        await self._apply_state(await self._store.verify_audit_log(await load_heads(self._journal)))

    async def format_vital_sign(self) -> str:
        """Return a line for `/health`, with the current number of entries."""
        broken, last = self.state.broken, 0
        if broken is None:
            try:
                now = await self._store.verify_audit_log(tail=1)
            except StoreError as error:
                return f"**Audit log** ⚠️ {error}"
            broken, last = now.broken, now.last
        if broken is not None:
            return f"**Audit log** ⚠️ {broken.summary} See `theseus audit verify`."
        return f"**Audit log** holds, {last:,} {'entry' if last == 1 else 'entries'}"

    async def _look_at_tail(self) -> None:
        heads = await load_heads(self._journal)
        await self._apply_state(await self._store.verify_audit_log(heads, tail=_TAIL))

    async def _apply_state(self, state: AuditState) -> None:
        self.state, broken = state, state.broken
        if broken is None:
            self._stop_guard.forbid_merges("")
            return
        remedy = (
            "I merge nothing and start no work of my own until an operator on the machine has "
            "checked it (`theseus audit verify`) and acknowledged it (`theseus audit accept`)."
        )
        distrust = f"The audit log is not intact. {broken.summary} {remedy}"
        self._stop_guard.forbid_merges(distrust)
        mark = hashlib.sha256(f"{broken.kind} {broken.summary}".encode()).hexdigest()[:12]
        await self._announcer.tell(f"⚠️ {distrust}", key=f"audit-broken:{mark}")

    async def _note_end(self) -> None:
        self._mark(await self._store.verify_audit_log(tail=1))

    def _mark(self, state: AuditState) -> None:
        """Save the end of the log in the journal, unless the log is broken."""
        if self.state.broken is None:
            end = f"{state.last} {state.hash}"
            self._recorder.record(Kind.GATEWAY, HEAD, ActionOutcome.OK, agent=end)

    async def _forget(self) -> None:
        now = self._clock.now()
        await self._store.forget_audit_entries(now - self._keep_for, now)

    async def _audit_configuration(self) -> None:
        """Audit the configuration if it changed since the last start."""
        summary = self._configuration
        before = await self._key_values.get(_CONFIGURED, Configured)
        if not summary or (before is not None and before.summary == summary):
            return
        await self._store.append_audit_entry(
            AuditEntry(
                at=self._clock.now(),
                action="configured",
                allowed=True,
                how="start",
                note=summary if before is None else f"{summary}; before: {before.summary}",
            )
        )
        await self._key_values.put(_CONFIGURED, Configured(summary=summary))

    async def _run_safely(self, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except TheseusError:
            _log.exception("the audit log could not be checked; the next check tries again")
