"""Announces incidents in the chat, each in one message that is kept up to date."""

from datetime import datetime, timedelta

import structlog

from bot.domain.errors import ChatRejected, UnknownRun
from bot.domain.incident import Assignee, Digest, Incident
from bot.domain.posts import Post
from bot.domain.run import Run
from bot.monitoring.auto_run_starter import AutoRunStarter
from bot.monitoring.digests import Digests, get_start_time
from bot.monitoring.incident_charts import IncidentCharts
from bot.monitoring.incident_repository import IncidentRepository
from bot.periodic import log_tracebacks, run_periodically
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.presentation import cards
from bot.self_improvement import SelfImprovementAgent

TURN_SECONDS = 1.0
_SETTLED = timedelta(seconds=1)  # wait this long, so that incidents of one storm are seen together
_LATEST = timedelta(seconds=3)  # at the latest, also while anomalies are being classified
_PACE = timedelta(seconds=5)
_OLD = timedelta(hours=1)
_OLD_PACE = timedelta(
    minutes=1
)  # Discord limits edits of messages older than an hour more strictly
_EDITS_A_TURN = 3  # stays below Discord's limit of five messages in five seconds per channel
_RECENTLY_ANNOUNCED = timedelta(hours=6)  # a recurrence within this time is not announced
_DIGEST_LIVES = timedelta(days=1)
_log = structlog.stdlib.get_logger(__name__)


class IncidentNotifier:
    """Announces what the repository holds.

    Each message has a lasting key, so none is sent twice.
    """

    def __init__(
        self,
        incident_repository: IncidentRepository,
        digests: Digests,
        auto_run_starter: AutoRunStarter,
        incident_charts: IncidentCharts,
        agent: SelfImprovementAgent,
        chat: Chat,
        clock: Clock,
        *,
        dev_channel_id: int,
    ) -> None:
        self._incident_repository = incident_repository
        self._digests = digests
        self._auto_run_starter = auto_run_starter
        self._incident_charts = incident_charts
        self._agent = agent
        self._chat = chat
        self._clock = clock
        self._dev_channel_id = dev_channel_id
        self._posts: dict[str, Post] = {}  # by the id of the incident or digest
        self._edited: dict[str, datetime] = {}
        self._states: dict[str, tuple[object, ...]] = {}
        self._refused: set[str] = set()
        self._done: set[tuple[str, str | None]] = (
            set()
        )  # ended incidents, each with the one that follows it

    async def run_forever(self) -> None:
        """Announce and update every second, until cancelled."""
        failed = log_tracebacks(_log, "incidents could not be announced; I will try again")
        await run_periodically(self.turn, self._clock, TURN_SECONDS, failed=failed)

    async def turn(self) -> None:
        """Announce new incidents, start the runs that follow from them, and update old messages."""
        now = self._clock.now()
        fresh = tuple(each for each in self._incident_repository.open if self._is_fresh(each, now))
        for incident in self._digests.sort_in(fresh, now):
            await self._announce(incident.id)
        await self._incident_repository.flush()
        for digest in self._incident_repository.digests:
            await self._announce_digest(digest)
        for incident in self._incident_repository.open:
            if self._has_unannounced_return(incident, now):
                await self._announce_return(incident, now)
            if incident.has_mute and not self._is_silent(incident, now):
                await self._announce_mute_end(incident, now)
            if incident.assignee is not None and not incident.assignee.is_informed:
                await self._notify_assignee(incident, incident.assignee)
            if incident.is_announced and not self._digests.is_held(incident, now):
                await self._auto_run_starter.start_if_allowed(incident.id)
        await self._bring_up_to_date(now)
        await self._incident_repository.flush()

    def has_announced(self, incident: Incident) -> bool:
        """Return whether the chat shows a message about the incident.

        A recurrence shortly after the last message counts as announced. A digest counts only once
        it has been sent.
        """
        digests = {each.id for each in self._incident_repository.digests if each.message}
        if incident.message is None and incident.digest not in digests:
            return False
        announced_at, recurred_at = incident.announced_at, incident.recurred_at
        return (
            announced_at is None
            or recurred_at is None
            or recurred_at - announced_at < _RECENTLY_ANNOUNCED
        )

    # New incidents

    def _is_fresh(self, incident: Incident, now: datetime) -> bool:
        is_new = not incident.is_announced and incident.id not in self._refused
        delay = _SETTLED if not self._incident_repository.busy else _LATEST
        return is_new and not incident.is_muted(now) and now - get_start_time(incident) >= delay

    async def _announce(self, incident_id: str) -> None:
        """Post the incident's message.

        The incident is stored first, so the message key never changes.
        """
        self._auto_run_starter.record_level(incident_id)
        incident = self._incident_repository.get(incident_id)
        if incident is None:
            return
        await self._incident_repository.flush()
        post = cards.render_incident(incident)
        try:
            ref = await self._chat.post(self._dev_channel_id, post, key=f"incident:{incident.id}")
        except ChatRejected as error:
            _log.warning("incident %s cannot be announced: %s", incident.id, error)
            self._refused.add(incident.id)
            return
        now = self._clock.now()
        self._incident_repository.change(incident.id, message=ref, told_at=now)
        self._note(incident.id, post, now)
        self._states[incident.id] = _get_state(incident)
        await self._incident_repository.flush()

    def _has_unannounced_return(self, incident: Incident, now: datetime) -> bool:
        """Return whether the incident came back long after its last message."""
        announced_at, recurred_at = incident.announced_at, incident.recurred_at
        if (
            announced_at is None
            or recurred_at is None
            or not incident.is_announced
            or announced_at >= recurred_at
        ):
            return False
        is_late = recurred_at - announced_at >= _RECENTLY_ANNOUNCED
        return is_late and not self._is_silent(incident, now)

    def _is_silent(self, incident: Incident, now: datetime) -> bool:
        """Return whether nothing is to be said about the incident now."""
        return self._digests.is_held(incident, now) or incident.is_muted(now)

    async def _announce_return(self, incident: Incident, now: datetime) -> None:
        """Reply that the incident is back; an incident of a digest gets its own message."""
        if incident.message is None:
            self._incident_repository.change(incident.id, digest=None)
            await self._announce(incident.id)
            return
        key = f"again:{incident.recurrences}"
        await self._reply(incident, cards.render_recurrence(incident), key)
        self._incident_repository.change(incident.id, told_at=now)

    async def _announce_mute_end(self, incident: Incident, now: datetime) -> None:
        """Reply that the incident is not ignored any more, and end the mute."""
        end = incident.muted_until.timestamp() if incident.muted_until else incident.muted_to
        if incident.message is not None:
            await self._reply(incident, cards.render_mute_end(incident), f"unmuted:{end:.0f}")
        known = self._incident_repository.get(incident.id)
        if known is None or known.is_muted(now):
            return  # a person has muted it again meanwhile
        self._incident_repository.change(
            incident.id, muted_until=None, muted_to=None, muted_by=None, announced_at=now
        )

    async def _notify_assignee(self, incident: Incident, assignee: Assignee) -> None:
        """Tell the person that somebody gave them the incident."""
        if incident.message is not None:
            post, at = cards.render_assignment(incident), assignee.at.timestamp()
            await self._reply(incident, post, f"assigned:{at:.0f}")
        known = self._incident_repository.get(incident.id)
        if known is not None and known.assignee == assignee:
            informed = assignee.replace(is_informed=True)
            self._incident_repository.change(incident.id, assignee=informed)

    async def _reply(self, incident: Incident, post: Post, key: str) -> None:
        if incident.message is None:
            return
        try:
            await self._chat.post(
                incident.message.channel_id, post, key=f"incident:{incident.id}:{key}"
            )
        except ChatRejected as error:
            _log.warning("nothing more can be said of incident %s: %s", incident.id, error)

    async def _announce_digest(self, digest: Digest) -> None:
        if digest.message is not None or digest.id in self._refused or not digest.incidents:
            return
        post = await self._build_digest_post(digest)
        try:
            ref = await self._chat.post(self._dev_channel_id, post, key=f"incidents:{digest.id}")
        except ChatRejected as error:
            _log.warning("digest %s cannot be announced: %s", digest.id, error)
            self._refused.add(digest.id)
            return
        known = next(
            (each for each in self._incident_repository.digests if each.id == digest.id), digest
        )
        self._incident_repository.put_digest(known.replace(message=ref))
        self._posts[digest.id], self._edited[digest.id] = post, self._clock.now()
        await self._incident_repository.flush()

    # Announced incidents

    async def _bring_up_to_date(self, now: datetime) -> None:
        """Edit the messages whose content has changed: a few per turn, longest unchanged first."""
        changeable = [
            each for each in self._incident_repository.incidents if self._can_change(each, now)
        ]
        changeable.sort(key=lambda each: self._edited.get(each.id, each.opened_at))
        edits = 0
        for digest in self._incident_repository.digests:
            edits += await self._edit_digest(digest, now)
        for incident in changeable:
            if edits >= _EDITS_A_TURN:
                return
            edits += await self._edit(incident, now)

    def _can_change(self, incident: Incident, now: datetime) -> bool:
        if incident.open:
            self._done.discard((incident.id, incident.followed_by))
        resolved_at = incident.resolved_at
        is_recent = resolved_at is None or now - resolved_at < _OLD or incident.id in self._posts
        return (
            incident.message is not None
            and (incident.id, incident.followed_by) not in self._done
            and is_recent
        )

    async def _edit(self, incident: Incident, now: datetime) -> bool:
        last_post = self._posts.get(incident.id)
        if incident.message is None or (last_post is not None and not self._is_time(incident, now)):
            return False
        run = await self._run_of(incident)
        image = self._incident_charts.get_image(incident.id)
        incident = self._incident_repository.get(incident.id) or incident
        post = cards.render_incident(incident, run, image)
        if incident.message is None:
            return False
        self._note(incident.id, post, now)
        self._states[incident.id] = _get_state(incident)
        if not incident.open and (run is None or run.has_ended):
            self._forget(incident)
        if post == last_post:
            return False
        await self._chat.edit(incident.message, post)
        return True

    async def _edit_digest(self, digest: Digest, now: datetime) -> bool:
        last_post, edited = (
            self._posts.get(digest.id),
            self._edited.get(digest.id, digest.opened_at),
        )
        pace = _PACE if now - digest.opened_at < _OLD else _OLD_PACE
        if digest.message is None or now - edited < pace or now - digest.joined_at > _DIGEST_LIVES:
            return False
        post = await self._build_digest_post(digest)
        if post == last_post:
            return False
        self._note(digest.id, post, now)
        await self._chat.edit(digest.message, post)
        return True

    async def _build_digest_post(self, digest: Digest) -> Post:
        incidents = self._incident_repository.list_for_digest(digest)
        found = [await self._run_of(each) for each in incidents if each.open]
        return cards.render_digest(
            digest, incidents, {run.id: run for run in found if run is not None}
        )

    def _is_time(self, incident: Incident, now: datetime) -> bool:
        """Return whether the message may be edited again; a change of state is shown at once."""
        edited = self._edited.get(incident.id)
        if edited is None or self._states.get(incident.id) != _get_state(incident):
            return True
        young = now - incident.opened_at < _OLD
        return now - edited >= (_PACE if young else _OLD_PACE)

    def _note(self, announced_id: str, post: Post, now: datetime) -> None:
        self._posts[announced_id], self._edited[announced_id] = post, now

    def _forget(self, incident: Incident) -> None:
        """Drop what is needed only while a message can still change."""
        self._done.add((incident.id, incident.followed_by))
        self._incident_charts.forget(incident.id)
        for known in (self._posts, self._edited, self._states):
            known.pop(incident.id, None)

    async def _run_of(self, incident: Incident) -> Run | None:
        if incident.run_id is None:
            return None
        try:
            return await self._agent.find(run_id=incident.run_id)
        except UnknownRun:
            return None


def _get_state(incident: Incident) -> tuple[object, ...]:
    """Return the fields of an incident whose change is shown at once."""
    decided = incident.muted_until, incident.muted_to, incident.assignee, incident.triage_by
    return incident.status, incident.recurrences, incident.run_id, incident.fix, *decided
