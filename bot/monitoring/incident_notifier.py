"""Tells people of incidents, each in one message that is kept up to date."""

import logging
from datetime import datetime, timedelta

from bot.domain.errors import ChatRejected, UnknownRun
from bot.domain.incident import Digest, Incident
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
_SETTLED = timedelta(seconds=1)  # a storm is seen as one when its first gusts are together
_LATEST = timedelta(seconds=3)
_PACE = timedelta(seconds=5)
_OLD = timedelta(hours=1)
_OLD_PACE = timedelta(minutes=1)  # Discord counts edits of messages older than an hour
_EDITS_A_TURN = 3
_RECENTLY_ANNOUNCED = timedelta(hours=6)  # so soon it needs no new word when it comes back
_DIGEST_LIVES = timedelta(days=1)
_log = logging.getLogger(__name__)


class IncidentNotifier:
    """Says what the repository holds. Every message has a lasting key, so none is sent twice."""

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
        self._posts: dict[str, Post] = {}  # by incident or digest
        self._edited: dict[str, datetime] = {}
        self._states: dict[str, tuple[object, ...]] = {}
        self._refused: set[str] = set()
        self._done: set[tuple[str, str | None]] = set()  # with the one that follows

    async def run_forever(self) -> None:
        """Tell what there is to tell, every second, until cancelled."""
        failed = log_tracebacks(_log, "incidents could not be told; I try again")
        await run_periodically(self.turn, self._clock, TURN_SECONDS, failed=failed)

    async def turn(self) -> None:
        """Tell what is new, start what follows from it, and bring up to date what was told."""
        now = self._clock.get_time()
        fresh = tuple(each for each in self._incident_repository.open if self._is_fresh(each, now))
        for incident in self._digests.sort_in(fresh, now):
            await self._tell(incident.id)
        await self._incident_repository.flush()
        for digest in self._incident_repository.digests:
            await self._tell_digest(digest)
        for incident in self._incident_repository.open:
            if self._has_unannounced_return(incident, now):
                await self._announce_return(incident, now)
            if incident.is_announced and not self._digests.is_held(incident, now):
                await self._auto_run_starter.start_if_allowed(incident.id)
        await self._bring_up_to_date(now)
        await self._incident_repository.flush()

    def has_announced(self, incident: Incident) -> bool:
        """Whether the chat has what tells of it; a return too soon for a new word counts as told.

        A digest that waits to be sent has told nobody yet.
        """
        digests = {each.id for each in self._incident_repository.digests if each.message}
        if incident.message is None and incident.digest not in digests:
            return False
        told, again = incident.announced_at, incident.recurred_at
        return told is None or again is None or again - told < _RECENTLY_ANNOUNCED

    # What is new

    def _is_fresh(self, incident: Incident, now: datetime) -> bool:
        untold = not incident.is_announced and incident.id not in self._refused
        settled = _SETTLED if not self._incident_repository.busy else _LATEST
        return untold and not incident.is_muted(now) and now - get_start_time(incident) >= settled

    async def _tell(self, incident_id: str) -> None:
        """Post the incident's message; it is stored before, so it has one key for ever."""
        self._auto_run_starter.record_level(incident_id)
        incident = self._incident_repository.get(incident_id)
        if incident is None:
            return
        await self._incident_repository.flush()
        post = cards.render_incident(incident)
        try:
            ref = await self._chat.post(self._dev_channel_id, post, key=f"incident:{incident.id}")
        except ChatRejected as error:
            _log.warning("incident %s cannot be told: %s", incident.id, error)
            self._refused.add(incident.id)
            return
        now = self._clock.get_time()
        self._incident_repository.change(incident.id, message=ref, told_at=now)
        self._note(incident.id, post, now)
        self._states[incident.id] = _get_state(incident)
        await self._incident_repository.flush()

    def _has_unannounced_return(self, incident: Incident, now: datetime) -> bool:
        """Whether it came back after people had last heard of it, and that is long ago."""
        told, again = incident.announced_at, incident.recurred_at
        if told is None or again is None or not incident.is_announced or told >= again:
            return False
        quiet = self._digests.is_held(incident, now) or incident.is_muted(now)
        return again - told >= _RECENTLY_ANNOUNCED and not quiet

    async def _announce_return(self, incident: Incident, now: datetime) -> None:
        """Say in a short reply that it is back; what only a digest told gets its own message."""
        if incident.message is None:
            self._incident_repository.change(incident.id, digest=None)
            await self._tell(incident.id)
            return
        key = f"incident:{incident.id}:again:{incident.recurrences}"
        try:
            await self._chat.post(
                incident.message.channel_id, cards.render_recurrence(incident), key=key
            )
        except ChatRejected as error:
            _log.warning("that incident %s is back cannot be told: %s", incident.id, error)
        self._incident_repository.change(incident.id, told_at=now)

    async def _tell_digest(self, digest: Digest) -> None:
        if digest.message is not None or digest.id in self._refused or not digest.incidents:
            return
        post = await self._digest_post(digest)
        try:
            ref = await self._chat.post(self._dev_channel_id, post, key=f"incidents:{digest.id}")
        except ChatRejected as error:
            _log.warning("digest %s cannot be told: %s", digest.id, error)
            self._refused.add(digest.id)
            return
        known = next(
            (each for each in self._incident_repository.digests if each.id == digest.id), digest
        )
        self._incident_repository.put_digest(known.replace(message=ref))
        self._posts[digest.id], self._edited[digest.id] = post, self._clock.get_time()
        await self._incident_repository.flush()

    # What was told

    async def _bring_up_to_date(self, now: datetime) -> None:
        """Edit what says something else by now: a few at a time, the longest unchanged first."""
        told = [each for each in self._incident_repository.incidents if self._can_change(each, now)]
        told.sort(key=lambda each: self._edited.get(each.id, each.opened_at))
        edits = 0
        for digest in self._incident_repository.digests:
            edits += await self._edit_digest(digest, now)
        for incident in told:
            if edits >= _EDITS_A_TURN:
                return
            edits += await self._edit(incident, now)

    def _can_change(self, incident: Incident, now: datetime) -> bool:
        if incident.open:
            self._done.discard((incident.id, incident.followed_by))
        ended = incident.resolved_at
        lately = ended is None or now - ended < _OLD or incident.id in self._posts
        return (
            incident.message is not None
            and (incident.id, incident.followed_by) not in self._done
            and lately
        )

    async def _edit(self, incident: Incident, now: datetime) -> bool:
        shown = self._posts.get(incident.id)
        if incident.message is None or (shown is not None and not self._is_time(incident, now)):
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
        if post == shown:
            return False
        await self._chat.edit(incident.message, post)
        return True

    async def _edit_digest(self, digest: Digest, now: datetime) -> bool:
        shown, edited = self._posts.get(digest.id), self._edited.get(digest.id, digest.opened_at)
        pace = _PACE if now - digest.opened_at < _OLD else _OLD_PACE
        if digest.message is None or now - edited < pace or now - digest.joined_at > _DIGEST_LIVES:
            return False
        post = await self._digest_post(digest)
        if post == shown:
            return False
        self._note(digest.id, post, now)
        await self._chat.edit(digest.message, post)
        return True

    async def _digest_post(self, digest: Digest) -> Post:
        incidents = self._incident_repository.list_for_digest(digest)
        found = [await self._run_of(each) for each in incidents if each.open]
        return cards.render_digest(
            digest, incidents, {run.id: run for run in found if run is not None}
        )

    def _is_time(self, incident: Incident, now: datetime) -> bool:
        """Whether the message may change again; what matters is shown at once."""
        edited = self._edited.get(incident.id)
        if edited is None or self._states.get(incident.id) != _get_state(incident):
            return True
        young = now - incident.opened_at < _OLD
        return now - edited >= (_PACE if young else _OLD_PACE)

    def _note(self, announced_id: str, post: Post, now: datetime) -> None:
        self._posts[announced_id], self._edited[announced_id] = post, now

    def _forget(self, incident: Incident) -> None:
        """Let go of what only a message needs that may still change."""
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
    """Return what of an incident is shown at once when it changes."""
    fix = incident.fix
    return incident.status, incident.recurrences, incident.run_id, incident.muted_until, fix
