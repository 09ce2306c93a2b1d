"""Searches the journal from the newest record to older ones, a bounded number at a time."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bot.domain.incident import Incident
from bot.domain.journal import Action, ActionOutcome, JournalQuery, Kind
from bot.domain.samples import OWN_KINDS, Sample
from bot.domain.target import OWN_TARGET
from bot.ports.journal import Journal
from bot.web._numbers import parse_number

BATCH = 1_000
MOST_COMPARED = 10_000
"""The number of records that one page compares with words or a person; the reader may continue."""
MOST_SECONDS = 4.0
"""How long one page searches, on a busy machine; the reader may continue then, too."""
_MOST_OF_A_MOMENT = 100_000  # the limit of a query
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST_ID = 100


@dataclass(frozen=True)
class JournalFilter:
    """The wanted records: all conditions hold, empty ones match everything.

    `event` is a whole event (`command.roll`), a command (`/roll`), or a part of an event.
    `words` must all occur in the shown text of a record. `user` is a pseudonym.
    """

    words: str = ""
    event: str = ""
    kind: Kind | None = None
    outcome: ActionOutcome | None = None
    failed: bool = False
    user: str = ""
    run_id: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def exact_event(self) -> str | None:
        """The event that the journal itself can look up, if a whole one is wanted."""
        if self.event.startswith("/"):
            return f"{Kind.COMMAND}.{self.event[1:]}"
        kind = self.event.partition(".")[0]
        return self.event if "." in self.event and kind in tuple(Kind) else None

    @property
    def needs_comparison(self) -> bool:
        """True if the journal cannot look up all conditions, so records must be compared here."""
        part = self.event if self.exact_event is None else ""
        return bool(self.words or self.user or self.run_id or part)

    def build_query(self, until: datetime | None, limit: int) -> JournalQuery:
        """Return the part of the conditions that the journal looks up."""
        return JournalQuery(
            event=self.exact_event, kind=self.kind, outcome=self.outcome, failed=self.failed,
            since=self.since, until=until, limit=limit,
        )  # fmt: skip

    def is_match(self, action: Action) -> bool:
        """Return whether the other conditions hold."""
        if self.user and action.user != self.user:
            return False
        if self.run_id and action.run_id != self.run_id:
            return False
        if self.exact_event is None and self.event.lower() not in action.event.lower():
            return False
        return not self.words or has_words(build_text(action), self.words)


def has_words(text: str, wanted: str) -> bool:
    """Return whether all wanted words occur in the text, in any case."""
    lowered = text.lower()
    return all(word in lowered for word in wanted.lower().split())


def build_text(action: Action) -> str:
    """Return the text of a record that words are looked for in: nothing that people typed."""
    parts = [action.id, action.event, action.called, action.outcome, action.user, action.run_id,
             action.commit, action.agent]  # fmt: skip
    error = action.error
    if error is not None:
        parts += [error.exception, error.message, error.fingerprint]
        parts += [f"{frame.file}:{frame.line} {frame.function}" for frame in error.frames]
    return " ".join(part for part in parts if part)


class RecordCursor(NamedTuple):
    """The record after which a search continues with older ones."""

    at: datetime
    id: str

    @property
    def text(self) -> str:
        """The form in an address."""
        return f"{(self.at - _EPOCH) // _MICROSECOND}-{self.id}"


def parse_cursor(text: str) -> RecordCursor | None:
    """Return the cursor, or `None` for text that is none."""
    number, dash, record_id = text.partition("-")
    microseconds = parse_number(number, 16)
    if microseconds is None or not (dash and 0 < len(record_id) <= _LONGEST_ID):
        return None
    return RecordCursor(_EPOCH + microseconds * _MICROSECOND, record_id)


class JournalPage(NamedTuple):
    """Records, newest first.

    `next` continues with older ones; empty if there are none. `compared_to` is the time of the last
    record that was compared, if the page ended because it had compared enough.
    """

    found: Sequence[Action]
    next: str
    compared_to: datetime | None = None


class RecordFinder:
    """Searches one journal. Raises `JournalError`."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def find(
        self,
        wanted: JournalFilter,
        after: RecordCursor | None = None,
        *,
        size: int = 50,
        most: int = MOST_COMPARED,
        seconds: float = MOST_SECONDS,
    ) -> JournalPage:
        """Return the newest matching records, or those older than `after`."""
        found: list[Action] = []
        compared, last = 0, after
        until = asyncio.get_running_loop().time() + seconds
        batch = BATCH if wanted.needs_comparison else size + 1
        async for actions in self.iterate(wanted, after, batch):
            for action in actions:
                if compared >= most and last is not None:
                    return JournalPage(found, last.text, last.at)
                compared += 1
                if wanted.is_match(action):
                    if len(found) == size:
                        return JournalPage(found, RecordCursor(found[-1].ts, found[-1].id).text)
                    found.append(action)
                last = RecordCursor(action.ts, action.id)
            if last is not None and asyncio.get_running_loop().time() >= until:
                return JournalPage(found, last.text, last.at)
        return JournalPage(found, "")

    async def iterate(
        self, wanted: JournalFilter, after: RecordCursor | None = None, batch: int = BATCH
    ) -> AsyncIterator[Sequence[Action]]:
        """Yield what the journal looks up for the filter, newest first, in batches."""
        last, until, limit = after, after.at if after else wanted.until, batch
        while True:
            read = await self._journal.read(wanted.build_query(until, limit))
            is_last = len(read) < limit
            fresh = _skip_known(read[::-1], last, is_last=is_last)
            if fresh:
                yield fresh
                last, limit = RecordCursor(fresh[-1].ts, fresh[-1].id), batch
                until = last.at
            elif limit < _MOST_OF_A_MOMENT:
                limit = min(limit * 10, _MOST_OF_A_MOMENT)  # many records of the same moment
            elif until is not None:
                until, last = until - _MICROSECOND, None
            if is_last:
                return


def _skip_known(
    actions: Sequence[Action], last: RecordCursor | None, *, is_last: bool
) -> Sequence[Action]:
    """Return the records after `last`. Records of one moment keep their order in each query.

    Unless the query reached the end (`is_last`), records of that moment alone are no result: the
    known one may come after them. If it was erased meanwhile, those of its moment are repeated.
    """
    for place, action in enumerate(actions):
        if last is None or action.ts != last.at:
            return actions
        if action.id == last.id:
            return actions[place + 1 :]
    return actions if is_last else ()


class IncidentIndex:
    """Finds the incident that a record belongs to."""

    def __init__(self, incidents: Iterable[Incident]) -> None:
        own = [each for each in incidents if each.target == OWN_TARGET]
        self._by_evidence = {record: each.id for each in reversed(own) for record in each.evidence}
        self._counting = own

    def find(self, action: Action) -> str | None:
        """Return the id of the incident that names or counts the record, or `None`."""
        if (known := self._by_evidence.get(action.id)) is not None:
            return known
        sample = build_sample(action)
        return next((e.id for e in self._counting if _is_counted(e, action.ts, sample)), None)


def _is_counted(incident: Incident, at: datetime, sample: Sample) -> bool:
    is_before_end = incident.resolved_at is None or at <= incident.resolved_at
    return incident.since <= at and is_before_end and incident.should_count(sample)


def build_sample(action: Action) -> Sample:
    """Return the part of a record that rules judge."""
    return Sample(
        at=action.ts.timestamp(),
        id=action.id,
        event=action.event,
        kind=action.kind,
        outcome=action.outcome,
        duration_ms=action.duration_ms,
        fingerprint=action.error.fingerprint if action.error else None,
        commit=action.commit,
        user=action.user,
        own=action.kind in OWN_KINDS or action.run_id is not None,
    )
