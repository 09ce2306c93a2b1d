"""The audit log is looked after: checked, noted in the journal, kept in bounds."""

import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from bot.authority.announcements import tell
from bot.authority.kill_switch import KillSwitchGuard
from bot.domain.audit import AuditEntry, AuditHead, AuditState, Configured
from bot.domain.errors import StoreError, TheseusError
from bot.domain.journal import ActionOutcome, JournalQuery, Kind
from bot.periodic import run_periodically
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.key_value_store import KeyValueStore
from bot.ports.recorder import ActionRecorder
from bot.ports.store import Store

HEAD = "audit_head"
"""How ends of the log are journalled: `gateway.audit_head`, with number and hash as its agent."""
_CONFIGURED = "configured"
_TAIL = 500  # entries looked at before anything else is done at a start
_NOTED = 1_000  # ends of the log that the journal is asked for
_DAY, _SOON = timedelta(days=1), timedelta(minutes=1)
_log = logging.getLogger(__name__)


async def load_heads(journal: Journal) -> Sequence[AuditHead]:
    """Return where the audit log ended at other times, as the journal has it."""
    query = JournalQuery(event=f"{Kind.GATEWAY}.{HEAD}", limit=_NOTED)
    heads = []
    for action in await journal.read(query):
        number, _, chained = (action.agent or "").partition(" ")
        if number.isdigit():
            heads.append(AuditHead(number=int(number), hash=chained, at=action.ts))
    return heads


class AuditWatch:
    """Keeps the bot from merging, and from work of its own, while the log does not hold.

    Whoever has the machine looks at it and says that it is known: `theseus audit accept`.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        chat: Chat,
        journal: Journal,
        key_values: KeyValueStore,
        recorder: ActionRecorder,
        stop_guard: KillSwitchGuard,
        *,
        dev_channel_id: int,
        keep_for: timedelta,
        configured: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._chat = chat
        self._journal = journal
        self._key_values = key_values
        self._recorder = recorder
        self._stop_guard = stop_guard
        self._dev_channel_id = dev_channel_id
        self._keep_for = keep_for
        self._configuration = configured
        self.state = AuditState()

    async def on_start(self) -> None:
        """Look at the newest entries and where they end; audit that the configuration changed."""
        await self._run_safely(self._look_at_tail)
        await self._run_safely(self._audit_configuration)
        self._mark(self.state)

    async def run_forever(self) -> None:
        """Check all of it, remove what is old, note where it ends; daily, until cancelled."""
        try:
            soon = _SOON.total_seconds()  # a start has other things to do
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
        """Check the whole log against what is known of it elsewhere; tell what is broken."""
        await self._apply_state(await self._store.verify_audit_log(await load_heads(self._journal)))

    async def format_vital_sign(self) -> str:
        """Return a line for `/health`, with as many entries as there are now."""
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
            self._stop_guard.distrust = ""
            return
        way_out = (
            "Nothing is merged, and I begin nothing by myself, until somebody on the machine has "
            "looked at it (`theseus audit verify`) and takes note of it (`theseus audit accept`)."
        )
        self._stop_guard.distrust = f"The audit log does not hold. {broken.summary} {way_out}"
        mark = hashlib.sha256(f"{broken.kind} {broken.summary}".encode()).hexdigest()[:12]
        await self._say(f"⚠️ {self._stop_guard.distrust}", f"audit-broken:{mark}")

    async def _note_end(self) -> None:
        self._mark(await self._store.verify_audit_log(tail=1))

    def _mark(self, state: AuditState) -> None:
        """Note in the journal where the log ends, unless that is in doubt."""
        if self.state.broken is None:
            end = f"{state.last} {state.hash}"
            self._recorder.record(Kind.GATEWAY, HEAD, ActionOutcome.OK, agent=end)

    async def _forget(self) -> None:
        now = self._clock.get_time()
        await self._store.forget_audit_entries(now - self._keep_for, now)

    async def _audit_configuration(self) -> None:
        """Audit what is configured, whenever that is not what it was at the last start."""
        told = self._configuration
        before = await self._key_values.get(_CONFIGURED, Configured)
        if not told or (before is not None and before.summary == told):
            return
        await self._store.append_audit_entry(
            AuditEntry(
                at=self._clock.get_time(),
                action="configured",
                allowed=True,
                how="start",
                note=told if before is None else f"{told}; before: {before.summary}",
            )
        )
        await self._key_values.put(_CONFIGURED, Configured(summary=told))

    async def _say(self, text: str, key: str) -> None:
        await tell(self._chat, self._dev_channel_id, text, key=key)

    async def _run_safely(self, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except TheseusError:
            _log.exception("the audit log could not be looked after; the next look tries")
