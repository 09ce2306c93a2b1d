"""Reviews what is over, once, and turns reviews into documents, lessons and feature requests."""

from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.domain.errors import ChatRejected, PortError, UnknownRun, WrongStage
from bot.domain.feature_request import FeatureRequest
from bot.domain.history import History
from bot.domain.incident import Incident, Severity
from bot.domain.incident_review import IncidentReview
from bot.domain.people import Person
from bot.domain.run import Run, Status, Trigger
from bot.grammar.changes import LONGEST_SUBJECT
from bot.monitoring import Monitoring
from bot.periodic import log_warnings, run_periodically
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.ports.store import Store
from bot.reviews.builder import build_review, get_review_id
from bot.reviews.texts import get_document_path, render_document, render_lesson, render_review
from bot.self_improvement.requests.change_requests import ChangeBegun, ChangeRequests

_PREFIX = "incident-review:"
_SECONDS = 60.0
_RECENT = timedelta(days=1)  # what ended before the bot could review it is left alone
_RETENTION = timedelta(days=90)
_log = structlog.stdlib.get_logger(__name__)
_FAILED = log_warnings(_log, "an incident could not be reviewed; I will try again")


@dataclass(frozen=True, eq=False)
class ReviewRecords:
    """The stored reviews, and the records of runs that they are made from."""

    key_values: KeyValueStore
    store: Store
    clock: Clock

    async def load(self, review_id: str) -> IncidentReview | None:
        """Return the review with that id, or `None`. Raises `StoreError`."""
        return await self.key_values.get(_PREFIX + review_id, IncidentReview)

    async def save(self, review: IncidentReview) -> None:
        """Store a review. Raises `StoreError`."""
        await self.key_values.put(_PREFIX + review.id, review)

    async def prune(self) -> None:
        """Forget old reviews. Raises `StoreError`."""
        for each in await self.key_values.list_records(_PREFIX, IncidentReview):
            if self.clock.now() - each.at > _RETENTION:
                await self.key_values.remove(_PREFIX + each.id)

    async def find_run(self, incident: Incident) -> tuple[Run | None, History]:
        """Return the run about an incident with its records, if there is one."""
        run_id = incident.run_id or (incident.rollback.run_id if incident.rollback else None)
        if run_id is None:
            return None, History()
        try:
            return await self.store.get(run_id), await self.store.get_history(run_id)
        except UnknownRun:
            return None, History()


@dataclass(frozen=True, eq=False)
class IncidentReviews:
    """Posts one review for each incident of high severity that is over, and each rollback."""

    monitoring: Monitoring
    records: ReviewRecords
    chat: Chat
    clock: Clock
    authorizer: Authorizer
    changes: ChangeRequests
    _done: set[str] = field(default_factory=set, init=False)

    async def run_forever(self) -> None:
        """Look for what is to be reviewed once a minute, until cancelled."""
        await run_periodically(
            self.look, self.clock, _SECONDS, first_after=_SECONDS, tolerated=PortError,
            failed=_FAILED,
        )  # fmt: skip

    async def look(self) -> None:
        """Review what is over and has no review. Reads nothing if there is no such incident."""
        for incident in self.monitoring.list_incidents():
            if self._is_due(incident):
                await self._review(incident)

    def _is_due(self, incident: Incident) -> bool:
        if get_review_id(incident) in self._done:
            return False
        if incident.rollback is not None:
            return self.clock.now() - incident.last_at <= _RECENT
        ended = incident.resolved_at
        is_high = incident.severity is Severity.HIGH
        return is_high and ended is not None and self.clock.now() - ended <= _RECENT

    async def _review(self, incident: Incident) -> None:
        run, history = await self.records.find_run(incident)
        if run is not None and run.status in (Status.QUEUED, Status.RUNNING):
            return  # its work may still end the cause
        review = build_review(incident, run, history, self.clock.now())
        if await self.records.load(review.id) is None:
            # Stored after it was posted: a crash between both posts it again under the same key,
            # which the outbox takes once.
            await self._post(review, incident, run)
            await self.records.save(review)
            await self.records.prune()
        self._done.add(review.id)

    async def _post(self, review: IncidentReview, incident: Incident, run: Run | None) -> None:
        channel = incident.message.channel_id if incident.message else None
        places = (run.thread_id if run else None, channel, self.monitoring.dev_channel_id)
        post, key = render_review(review), f"incident-review:{review.id}"
        for number, place in enumerate(dict.fromkeys(filter(None, places))):
            try:
                await self.chat.post(place, post, key=f"{key}:{number}")
            except ChatRejected as error:
                _log.warning("the review of %s is not accepted there: %s", incident.id, error)
            else:
                return

    # Buttons

    async def propose(
        self, review_id: str, what: str, trigger: Trigger
    ) -> ChangeBegun | FeatureRequest:
        """Start the change that adds the document (`document`) or the lesson (`lesson`).

        Without a model, it is stored as a feature request. The text of the review goes along as
        untrusted data. Raises `NotAuthorized`, and what `ChangeRequests.ask` raises.
        """
        review = await self._find(review_id, trigger.person, what)
        if what == "document":
            text = f"Add the document {get_document_path(review)}: the attached review as it is"
            attached = render_document(review)
        else:
            text = (
                "Add the attached lesson as one entry to docs/troubleshooting.md, or to the skill "
                f"it belongs to (incident {review.incident})"
            )
            attached = render_lesson(review)
        subject = text[:LONGEST_SUBJECT]
        return await self.changes.ask(
            trigger.replace(text=text, subject=subject, attached=attached)
        )

    async def keep_action(self, review_id: str, number: int, person: Person) -> FeatureRequest:
        """Store an item of “To do” as a feature request. Raises `NotAuthorized`, `WrongStage`."""
        review = await self._find(review_id, person, f"wish {number}")
        if not 1 <= number <= len(review.actions):
            raise WrongStage("That review has no such item.")
        item = review.actions[number - 1]
        kept = await self.changes.feature_requests.keep(person, item.text)
        actions = list(review.actions)
        actions[number - 1] = item.replace(request_id=kept.id)
        await self.records.save(review.replace(actions=tuple(actions)))
        return kept

    async def _find(self, review_id: str, person: Person, what: str) -> IncidentReview:
        await self.authorizer.ask(person, Act.ASK, None, f"review {review_id[:20]}: {what}")
        review = await self.records.load(review_id)
        if review is None:
            raise WrongStage("I have no such review any more; they are kept for 90 days.")
        return review
