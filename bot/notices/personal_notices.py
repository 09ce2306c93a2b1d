"""Tells people what they have chosen: their request has ended, their approval is wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.authority.policy import Act
from bot.authority.quiet_state import QuietState
from bot.domain.errors import ChatUnavailable, PortError
from bot.domain.history import History
from bot.domain.notices import FOR_APPROVAL, NoticeDelivery, NoticeKind, NoticeSettings
from bot.domain.posts import Post
from bot.domain.run import Run
from bot.notices.delivery import deliver
from bot.notices.ignored import IgnoredNotices
from bot.notices.preferences import NoticePreferences
from bot.notices.recipients import Recipients
from bot.notices.texts import render_approval_wanted, render_done
from bot.periodic import log_warnings, run_periodically
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.store import Store

_SECONDS = 10.0
_LOOKED_AT = 100
_RECENT = timedelta(days=1)  # the outbox knows the keys of notices for longer than that
_log = structlog.stdlib.get_logger(__name__)
_FAILED = log_warnings(_log, "people could not be told of their runs; I will try again")


@dataclass(frozen=True, eq=False)
class PersonalNotices:
    """Sends each notice once. Who may not read about a run any more is told nothing.

    While no one has chosen a notice, no run is read.
    """

    preferences: NoticePreferences
    recipients: Recipients
    quiet: QuietState
    store: Store
    chat: Chat
    clock: Clock
    ignored: IgnoredNotices
    _sent: dict[str, datetime] = field(default_factory=dict, init=False)

    async def run_forever(self) -> None:
        """Look for what people want to know every ten seconds, until cancelled."""
        await run_periodically(
            self.look, self.clock, _SECONDS, first_after=_SECONDS, tolerated=PortError,
            failed=_FAILED,
        )  # fmt: skip

    async def look(self) -> None:
        """Send what is new. Raises `PortError`; the rest is sent at the next look."""
        wanted = [each for each in await self.preferences.list_all() if _has_choice(each)]
        if not wanted:
            return
        now = self.clock.now()
        for key in [key for key, at in self._sent.items() if now - at > _RECENT]:
            del self._sent[key]
        runs = await self.store.find(limit=_LOOKED_AT)
        recent = [run for run in runs if now - run.updated_at < _RECENT]
        histories = await self._read_proposals(recent, wanted)
        for settings in wanted:
            ignored = await self.ignored.list_runs(settings.person_id)
            for run in recent:
                if run.updated_at >= settings.changed_at and run.id not in ignored:
                    await self._tell(run, settings, histories.get(run.id))

    async def _read_proposals(
        self, runs: Sequence[Run], wanted: Sequence[NoticeSettings]
    ) -> Mapping[str, History]:
        """Return the histories of the runs that wait for approvers, if somebody wants to know."""
        if all(each.approval is NoticeDelivery.NONE for each in wanted):
            return {}
        return await self.store.get_histories([r.id for r in runs if r.waiting in FOR_APPROVAL])

    async def _tell(self, run: Run, settings: NoticeSettings, history: History | None) -> None:
        """Send the notices about one run to one person, unless that was done."""
        person_id = settings.person_id
        if run.has_ended and run.trigger.person.id == person_id:
            key = f"notice:done:{run.id}:{run.attempt}:{person_id}"
            if settings.done is not NoticeDelivery.NONE and key not in self._sent:
                await self._send(run, NoticeKind.DONE, settings, key, render_done(run, person_id))
        elif history is not None and settings.approval is not NoticeDelivery.NONE:
            proposal = history.proposal
            key = f"notice:approval:{run.id}:{proposal.head[:12] if proposal else ''}:{person_id}"
            if proposal is not None and proposal.card_id is not None and key not in self._sent:
                post = render_approval_wanted(run, history, person_id)
                await self._send(run, NoticeKind.APPROVAL, settings, key, post)

    async def _send(
        self, run: Run, kind: NoticeKind, settings: NoticeSettings, key: str, post: Post
    ) -> None:
        delivery = settings.get_delivery(kind)
        needs_person = kind is NoticeKind.APPROVAL
        if delivery is NoticeDelivery.MENTION and self.quiet.has_to_wait(needs_person=needs_person):
            return
        act = Act.SHIP if needs_person else Act.READ
        try:
            person = await self.recipients.find(settings.person_id, act, run.trigger.target)
        except ChatUnavailable as error:
            _log.warning("%s is told later: %s", settings.person_id, error)
            return
        if person is not None:
            await deliver(self.chat, delivery, settings.person_id, run.thread_id, post, key)
        self._sent[key] = self.clock.now()


def _has_choice(settings: NoticeSettings) -> bool:
    return any(each is not NoticeDelivery.NONE for each in (settings.done, settings.approval))
