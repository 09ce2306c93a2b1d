"""Finds the failures that a request refers to, with one read of the journal."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.evidence import Evidence
from bot.domain.journal import Action, FailureGroup, get_command_name
from bot.domain.run import Trigger
from bot.domain.shipped_fix import ShippedFix, get_start_time
from bot.domain.slowness import Slowness, measure_slowness
from bot.grammar.matching import exclude_own_work, match_failures
from bot.grammar.past_fixes import find_failure_before_fix, find_fix
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.traffic import TrafficLog

_PACE = timedelta(hours=6)  # how far back durations are compared
_GROUPS = 3
_LIKELY = 4
_USES = 200

LoadFixes = Callable[[], Awaitable[Mapping[str, ShippedFix]]]
"""Returns the shipped fixes by the fingerprint of their failure."""


async def load_no_fixes() -> Mapping[str, ShippedFix]:
    """Return no fix, for a project in which none has been shipped."""
    return {}


@dataclass(frozen=True)
class RecentFailures:
    """The failures of one read of the journal, without those of the bot's own work.

    `ended` are those that a shipped fix has ended; `present` are the others.
    """

    every: tuple[FailureGroup, ...]
    present: tuple[FailureGroup, ...]
    ended: tuple[FailureGroup, ...]
    fixes: Mapping[str, ShippedFix]


@dataclass(frozen=True)
class MatchedRequest:
    """The failures that a request refers to.

    `failure` is the first of them, also if a fix has ended it: an incident can still be open.
    `present` are all recent failures that no fix has ended.
    """

    evidence: Evidence
    failure: FailureGroup | None = None
    present: tuple[FailureGroup, ...] = ()


class FailureMatcher:
    """Matches requests to failures.

    `commands` returns the names of all commands. Without `traffic`, it is unknown which commands
    people used.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        *,
        lookback: timedelta,
        load_fixes: LoadFixes = load_no_fixes,
        commands: Callable[[], Collection[str]] = frozenset,
        traffic: TrafficLog | None = None,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._lookback = lookback
        self._load_fixes = load_fixes
        self.commands = commands
        self._traffic = traffic

    async def find_evidence(self, trigger: Trigger) -> Evidence:
        """Return the failures that a request refers to, as `match` does."""
        return (await self.match(trigger)).evidence

    async def match(self, trigger: Trigger) -> MatchedRequest:
        """Return the failures that a request refers to, and what else failed.

        Failures from before their fix came live are no evidence about the current code. Raises
        `JournalError`, `StoreError`.
        """
        recent = await self._read(self._clock.now() - self._lookback)
        named = await self._journal.get(trigger.error_id) if trigger.error_id else None
        match = match_failures(trigger, recent.present, named, self.commands())
        unchanged = recent.present == recent.every  # no fix concerns the recent failures
        every = (
            match if unchanged else match_failures(trigger, recent.every, named, self.commands())
        )
        failure = every.groups[0] if every.groups else None
        found = Evidence(
            base="",
            nearby=tuple(each for each in recent.present if each not in match.groups)[:_GROUPS],
            likely=match.likely[:_LIKELY],
            idle=match.idle,
            named=match.named,
            change=match.change,
            searched=f"{match.searched} (last {self._lookback / timedelta(hours=1):.0f} h)",
        )
        fixes = recent.fixes
        past_failure = find_failure_before_fix(
            trigger, match, named, recent.ended, fixes, self.commands()
        )
        if past_failure is not None:
            fix = fixes[past_failure.fingerprint]
            ended = found.replace(fix=fix, before_fix=past_failure, likely=())
            return MatchedRequest(ended, failure, recent.present)
        if (before := find_fix(trigger, fixes.values())) is not None:
            again = tuple(each for each in recent.present if each.event == before.event)[:_GROUPS]
            recurring = found.replace(fix=before, groups=again, likely=(), named="in words")
            return MatchedRequest(recurring, failure, recent.present)
        slow = await self._measure_slowness(named) if named and not match.groups else None
        fix_before = fixes.get(match.groups[0].fingerprint) if match.groups else None
        certain = found.replace(groups=match.groups[:_GROUPS], slow=slow, fix=fix_before)
        return MatchedRequest(certain, failure, recent.present)

    async def list_failures(self, since: datetime) -> tuple[FailureGroup, ...]:
        """Return the failures since then that no shipped fix has ended, most recent first.

        Raises `JournalError`, `StoreError`.
        """
        return (await self._read(since)).present

    async def list_recent_commands(self) -> tuple[str, ...]:
        """Return the cogs' commands that people used, newest first, each once."""
        if self._traffic is None:
            return ()
        used = await self._traffic.list_since(self._clock.now() - self._lookback, limit=_USES)
        names = (get_command_name(each.event) for each in reversed(used) if each.cog)
        return tuple(dict.fromkeys(filter(None, names)))

    async def has_record(self, record_id: str) -> bool:
        """Return whether the journal has the record with that full or short id."""
        return await self._journal.get(record_id) is not None

    async def find_fingerprint(self, trigger: Trigger) -> str | None:
        """Return the fingerprint of the failure that a run was started for, if it is known.

        A run that the bot started by itself names a record; it has not been matched in words.
        """
        if trigger.match is not None:
            return trigger.match.fingerprint
        named = await self._journal.get(trigger.error_id) if trigger.error_id else None
        return named.error.fingerprint if named and named.error else None

    async def _read(self, since: datetime) -> RecentFailures:
        fixes = await self._load_fixes()
        every = exclude_own_work(await self._journal.list_failures(since=since))
        present, ended = await self._split_by_fix(every, fixes)
        return RecentFailures(every, present, ended, fixes)

    async def _split_by_fix(
        self, failures: Sequence[FailureGroup], fixes: Mapping[str, ShippedFix]
    ) -> tuple[tuple[FailureGroup, ...], tuple[FailureGroup, ...]]:
        """Return the present failures, and those that a fix has ended.

        Of a failure that was seen after its fix, only the occurrences after the fix count.
        """
        present, ended = [], []
        for group in failures:
            fix = fixes.get(group.fingerprint)
            if fix is None:
                present.append(group)
            elif fix.live_at is None or fix.is_later_than(get_start_time(group.newest)):
                ended.append(group)
            else:
                # The group counts failures of the old code too, so the journal counts once more.
                since = await self._journal.list_failures(since=fix.live_at)
                present += [each for each in since if each.fingerprint == group.fingerprint]
        return tuple(present), tuple(ended)

    async def _measure_slowness(self, named: Action) -> Slowness | None:
        """Return how long the action took recently and before."""
        now = self._clock.now()
        since = now - min(self._lookback, _PACE)
        samples = await self._journal.list_samples(since=since, until=now, event=named.event)
        return measure_slowness(named, samples)
