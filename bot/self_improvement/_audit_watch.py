"""The audit log is looked after: checked, noted in the journal, kept in bounds."""

import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from bot.domain.audit import AuditEntry, AuditHead, AuditState, Configured
from bot.domain.errors import StoreError, TheseusError
from bot.domain.journal import ActionOutcome, JournalQuery, Kind
from bot.ports.journal import Journal
from bot.self_improvement._parts import Doors, Limits
from bot.self_improvement._stop_sign import StopSign
from bot.self_improvement._telling import tell

HEAD = "audit_head"
"""How ends of the log are journalled: `gateway.audit_head`, with number and hash as its agent."""
_CONFIGURED = "configured"
_TAIL = 500  # entries looked at before anything else is done at a start
_NOTED = 1_000  # ends of the log that the journal is asked for
_DAY, _SOON = timedelta(days=1), timedelta(minutes=1)
_log = logging.getLogger(__name__)


async def noted_heads(journal: Journal) -> Sequence[AuditHead]:
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

    def __init__(self, doors: Doors, limits: Limits, sign: StopSign) -> None:
        self._doors = doors
        self._limits = limits
        self._sign = sign
        self.state = AuditState()

    async def at_start(self) -> None:
        """Look at the newest entries and where they end; audit that the configuration changed."""
        await self._quietly(self._look_at_tail)
        await self._quietly(self._configured)
        self._mark(self.state)

    async def run_forever(self) -> None:
        """Check all of it, remove what is old, note where it ends; daily, until cancelled."""
        try:
            pause = _SOON  # a start has other things to do
            while True:
                await self._doors.clock.sleep(pause.total_seconds())
                await self._quietly(self.look)
                pause = _SOON if self.state.broken else _DAY
                if self.state.broken is None:
                    await self._quietly(self._forget)
                    await self._quietly(self._note_end)
        finally:
            await self._quietly(self._note_end)

    async def look(self) -> None:
        """Check the whole log against what is known of it elsewhere; tell what is broken."""
        await self._seen(
            await self._doors.store.audit_state(await noted_heads(self._doors.journal))
        )

    async def vital_sign(self) -> str:
        """Return a line for `/health`, with as many entries as there are now."""
        broken, last = self.state.broken, 0
        if broken is None:
            try:
                now = await self._doors.store.audit_state(tail=1)
            except StoreError as error:
                return f"**Audit log** ⚠️ {error}"
            broken, last = now.broken, now.last
        if broken is not None:
            return f"**Audit log** ⚠️ {broken.told} See `theseus audit verify`."
        return f"**Audit log** holds, {last:,} {'entry' if last == 1 else 'entries'}"

    async def _look_at_tail(self) -> None:
        heads = await noted_heads(self._doors.journal)
        await self._seen(await self._doors.store.audit_state(heads, tail=_TAIL))

    async def _seen(self, state: AuditState) -> None:
        self.state, broken = state, state.broken
        if broken is None:
            self._sign.distrust = ""
            return
        way_out = (
            "Nothing is merged, and I begin nothing by myself, until somebody on the machine has "
            "looked at it (`theseus audit verify`) and takes note of it (`theseus audit accept`)."
        )
        self._sign.distrust = f"The audit log does not hold. {broken.told} {way_out}"
        mark = hashlib.sha256(f"{broken.kind} {broken.told}".encode()).hexdigest()[:12]
        await self._say(f"⚠️ {self._sign.distrust}", f"audit-broken:{mark}")

    async def _note_end(self) -> None:
        self._mark(await self._doors.store.audit_state(tail=1))

    def _mark(self, state: AuditState) -> None:
        """Note in the journal where the log ends, unless that is in doubt."""
        if self.state.broken is None:
            end = f"{state.last} {state.hash}"
            self._doors.recorder.record(Kind.GATEWAY, HEAD, ActionOutcome.OK, agent=end)

    async def _forget(self) -> None:
        now = self._doors.clock.now()
        await self._doors.store.audit_forget(now - self._limits.audit, now)

    async def _configured(self) -> None:
        """Audit what is configured, whenever that is not what it was at the last start."""
        told = self._limits.configured
        before = await self._doors.shelf.get(_CONFIGURED, Configured)
        if not told or (before is not None and before.told == told):
            return
        await self._doors.store.audit(
            AuditEntry(
                at=self._doors.clock.now(),
                action="configured",
                allowed=True,
                how="start",
                note=told if before is None else f"{told}; before: {before.told}",
            )
        )
        await self._doors.shelf.put(_CONFIGURED, Configured(told=told))

    async def _say(self, text: str, key: str) -> None:
        await tell(self._doors.chat, self._limits.dev_channel_id, text, key=key)

    async def _quietly(self, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except TheseusError:
            _log.exception("the audit log could not be looked after; the next look tries")
