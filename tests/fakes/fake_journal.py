"""The journal in memory."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime

from bot.domain.ids import shorten_id
from bot.domain.journal import FAILED, Action, FailureGroup, JournalQuery
from bot.domain.personal_data import DataSubject
from bot.domain.samples import ActionCount, Sample, parse_sample
from bot.ports.journal import Followed


class FakeJournal:
    """Implements `bot.ports.journal.Journal`. `actions` is what was appended."""

    def __init__(self, actions: Sequence[Action] = ()) -> None:
        self.actions = list(actions)
        self._erased: set[int] = set()

    def append(self, action: Action) -> None:
        """Keep one record."""
        self.actions.append(action)

    async def forget(self, before: date) -> int:
        """Remove the records of all days before that one; return how many days."""
        old = [each for each in self.actions if each.ts.astimezone(UTC).date() < before]
        self.actions = [each for each in self.actions if each not in old]
        return len({each.ts.astimezone(UTC).date() for each in old})

    async def list_record_ids(self, subject: DataSubject) -> Sequence[str]:
        """Return the ids of what is of them."""
        return [each.id for each in self.actions if _is_of(each, subject)]

    async def erase(self, subject: DataSubject) -> int:
        """Remove what is of them; cursors count its places all the same."""
        numbers = self._list_numbers()
        gone = [n for n, each in zip(numbers, self.actions, strict=True) if _is_of(each, subject)]
        self.actions = [each for each in self.actions if not _is_of(each, subject)]
        self._erased |= set(gone)
        return len(gone)

    async def read(self, query: JournalQuery) -> Sequence[Action]:
        """Return matching records, oldest first; `since` and `until` are both included."""
        found = [action for action in self._sort_actions() if _is_match(action, query)]
        return found[-query.limit :]

    async def get(self, record_id: str) -> Action | None:
        """Return the record with that full or short id."""
        wanted = record_id.strip().lower()
        for action in reversed(self._sort_actions()):
            if wanted in (action.id, shorten_id(action.id)):
                return action
        return None

    async def list_failures(self, *, since: datetime, limit: int = 50) -> Sequence[FailureGroup]:
        """Return failures since then grouped by fingerprint, the most recent group first."""
        groups: dict[str, list[Action]] = {}
        for action in self._sort_actions():
            if action.error is not None and action.ts >= _set_timezone(since):
                groups.setdefault(action.error.fingerprint, []).append(action)
        found = [_group(fingerprint, actions) for fingerprint, actions in groups.items()]
        return sorted(found, key=lambda group: group.last_seen, reverse=True)[:limit]

    async def follow(self, cursor: str | None, *, limit: int = 10_000) -> Followed:
        """Return what was appended after `cursor`, and how many there were with it."""
        numbers = self._list_numbers()
        after = len(numbers) + len(self._erased) if cursor is None else int(cursor)
        new = [(n, each) for n, each in zip(numbers, self.actions, strict=True) if n >= after]
        found = new[:limit]
        end = found[-1][0] + 1 if found else after
        return Followed(tuple(_sample(action) for _, action in found), str(end))

    async def list_samples(
        self, *, since: datetime, until: datetime, event: str | None = None
    ) -> Sequence[Sample]:
        """Return the samples of that time (both included), of one event if named, oldest first."""
        query = JournalQuery(event=event, since=since, until=until, limit=100_000)
        return [_sample(action) for action in self._sort_actions() if _is_match(action, query)]

    async def count_actions(
        self, *, since: datetime, until: datetime, seconds: int
    ) -> Sequence[ActionCount]:
        """Return how many actions there were by time and kind, oldest first."""
        actions: Counter[tuple[int, str]] = Counter()
        failures: Counter[tuple[int, str]] = Counter()
        for sample in await self.list_samples(since=since, until=until):
            place = int(sample.at // seconds), sample.event.partition(".")[0]
            actions[place] += 1
            failures[place] += sample.is_failure
        return [
            ActionCount(float(at * seconds), kind, count, failures[at, kind])
            for (at, kind), count in sorted(actions.items())
        ]

    def _list_numbers(self) -> list[int]:
        """Return which record each was: the first, the second, those that were erased counted."""
        every = range(len(self.actions) + len(self._erased))
        return [number for number in every if number not in self._erased]

    def _sort_actions(self) -> list[Action]:
        return sorted(self.actions, key=lambda action: action.ts)


def _sample(action: Action) -> Sample:
    return parse_sample(action.model_dump(mode="json"))


def _is_of(action: Action, subject: DataSubject) -> bool:
    return any(mark in action.model_dump_json() for mark in subject.marks)


def _set_timezone(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _is_match(action: Action, query: JournalQuery) -> bool:
    fingerprint = action.error.fingerprint if action.error else None
    return (
        (query.event is None or action.event == query.event)
        and (query.kind is None or action.event.startswith(f"{query.kind}."))
        and (not query.failed or action.outcome in FAILED)
        and (query.fingerprint is None or fingerprint == query.fingerprint)
        and (query.outcome is None or action.outcome is query.outcome)
        and (query.channel_id is None or action.channel_id == query.channel_id)
        and (query.since is None or action.ts >= _set_timezone(query.since))
        and (query.until is None or action.ts <= _set_timezone(query.until))
    )


def _group(fingerprint: str, actions: list[Action]) -> FailureGroup:
    newest = actions[-1]
    return FailureGroup(
        fingerprint=fingerprint,
        event=newest.event,
        count=len(actions),
        first_seen=actions[0].ts,
        last_seen=newest.ts,
        newest=newest,
        action_ids=tuple(action.id for action in reversed(actions))[:20],
    )
