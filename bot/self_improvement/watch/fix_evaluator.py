"""Judges whether a shipped fix holds, by a replay and by the journal before and after it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from theseus_guard import is_test_file

from bot.detection.comparison import compare, is_decisive_early
from bot.domain.change import CheckResult
from bot.domain.evidence import Diagnosis
from bot.domain.history import History
from bot.domain.proposal import Outcome, Shipment
from bot.domain.run import Run
from bot.domain.samples import Sample
from bot.domain.watch import Comparison, Watch, WatchRules
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.workspace import Checkout
from bot.presentation.markdown import escape_line
from bot.self_improvement.checks.failure_replays import FailureReplays

# A regression is tested at every look before the end. The factor on alpha keeps the chance of a
# false alarm over all these looks low.
_SURELY = 0.1

_LATER = 50  # commits after a fix that are read
_BAD = frozenset({"not_fixed", "regressed"})

MANY = 10_000
"""From this number of samples on, a comparison runs in a thread so that other tasks continue."""


class Look(NamedTuple):
    """The state of a watch; `outcome` is set once it may be judged."""

    comparison: Comparison
    outcome: Outcome | None


class LaterChange(NamedTuple):
    """A commit after a fix that changes the same files, and when records first name it."""

    commit: str
    at: float


@dataclass(frozen=True, eq=False)
class FixEvaluator:
    """Starts watches, and judges them when they may be judged.

    A fix is judged only by its own code. What is bad only since a later commit to the same files,
    known from the `checkout`, does not count against it.
    """

    journal: Journal
    clock: Clock
    rules: WatchRules
    replays: FailureReplays | None = None
    checkout: Checkout | None = None

    def begin(self, run: Run, history: History, shipment: Shipment) -> Watch | None:
        """Return the watch of a fix that is live now; `None` if it fixes no recorded failure."""
        diagnosis, proposal = history.diagnosis, history.proposal
        is_recorded = diagnosis is not None and diagnosis.event and diagnosis.fingerprint
        if run.goal != "fix" or diagnosis is None or proposal is None or not is_recorded:
            return None
        now = self.clock.now()
        return Watch(
            run_id=run.id,
            event=diagnosis.event,
            fingerprint=diagnosis.fingerprint,
            number=proposal.number,
            merge_commit=shipment.merge_commit,
            files=_list_watched_files(history),
            began_at=now,
            before_since=self._get_start(diagnosis, now),
            until=now + timedelta(minutes=self.rules.minutes),
        )

    async def replay_failure(self, watch: Watch, history: History) -> CheckResult | None:
        """Return the result of replaying the failure with the merge; `None` if it has no replay.

        One replay is enough, because the live code does not change by itself.
        """
        replay = history.plan.replay if history.plan else None
        if self.replays is None or replay is None or watch.replay is not None:
            return watch.replay
        return await self.replays.check_output(replay, watch.merge_commit)

    async def __call__(self, watch: Watch) -> Look:
        """Return the comparison of both sides, judged if it is time. Raises `JournalError`.

        A failure that the replay still shows is judged at once.
        """
        now = self.clock.now()
        until = min(now, watch.until)
        seen = await self.journal.list_samples(
            since=watch.before_since, until=until, event=watch.event
        )
        found = await self._compare(watch, seen, until)
        is_failing = watch.replay is not None and not watch.replay.ok
        if not is_failing and not can_be_judged(found, self.rules, has_ended=now >= watch.until):
            return Look(found, None)
        excuse: tuple[str, ...] = ()
        if not is_failing and found.verdict in _BAD:
            found, excuse = await self._exclude_later_code(watch, seen, found)
        outcome = Outcome(
            run_id=watch.run_id,
            verdict="not_fixed" if is_failing and found.verdict != "regressed" else found.verdict,
            reasons=(*describe_replay(watch), *excuse, *found.reasons),
            comparison=found,
            at=now,
        )
        return Look(found, outcome)

    async def _compare(self, watch: Watch, seen: Sequence[Sample], until: datetime) -> Comparison:
        if len(seen) < MANY:
            return self._compare_samples(watch, seen, until)
        return await asyncio.to_thread(self._compare_samples, watch, seen, until)

    async def _exclude_later_code(
        self, watch: Watch, seen: Sequence[Sample], found: Comparison
    ) -> tuple[Comparison, tuple[str, ...]]:
        """Return the comparison without later code, and the commit that is to blame for the rest.

        If the fix's own code was already bad, a later commit is no excuse.
        """
        later = await self._find_later_change(watch, seen)
        if later is None:
            return found, ()
        until = datetime.fromtimestamp(later.at, UTC)
        own = await self._compare(watch, [each for each in seen if each.at < later.at], until)
        if own.verdict in _BAD:
            return found, ()
        return own, (
            f"`{later.commit[:7]}` changed the same code after the fix, and it has failed only "
            "since then. Only what was seen before counts for the fix.",
        )

    async def _find_later_change(self, watch: Watch, seen: Sequence[Sample]) -> LaterChange | None:
        """Return the first later commit that changed the fix's files and has run since."""
        checkout = self.checkout
        if checkout is None or not watch.files:
            return None
        later = await self._list_changes_since(checkout, watch.merge_commit, watch.files)
        if not later:
            return None
        _, after = split_samples(seen, watch.began_at)
        first_seen: dict[str, float] = {}
        for each in sorted(after, key=lambda sample: sample.at):
            if each.commit:
                first_seen.setdefault(each.commit, each.at)
        for commit, at in first_seen.items():
            if await checkout.has_commit(commit):
                missing = await self._list_changes_since(checkout, commit, watch.files)
                added = [sha for sha in later if sha not in missing]
                if added:
                    return LaterChange(added[-1], at)
        return None

    @staticmethod
    async def _list_changes_since(
        checkout: Checkout, commit: str, files: Sequence[str]
    ) -> tuple[str, ...]:
        """Return the commits after `commit` that change any of the files, newest first."""
        found = await checkout.list_changes_since(commit, files, limit=_LATER)
        return tuple(each.commit.sha for each in found)

    def _compare_samples(self, watch: Watch, seen: Sequence[Sample], until: datetime) -> Comparison:
        before, after = split_samples(seen, watch.began_at)
        return compare(
            before,
            after,
            watch.fingerprint,
            self.rules,
            before_minutes=count_minutes(watch.before_since, watch.began_at),
            after_minutes=count_minutes(watch.began_at, until),
        )

    def _get_start(self, diagnosis: Diagnosis, now: datetime) -> datetime:
        """Return the start of the earlier side: the fault's first sighting, within the lookback."""
        earliest = now - timedelta(hours=self.rules.before_hours)
        first = diagnosis.first_seen
        return earliest if first is None else min(max(earliest, first), now)


def _list_watched_files(history: History) -> tuple[str, ...]:
    """Return the files that the fix changed, and those that the failing calls reach."""
    changed = history.change_set.files if history.change_set else ()
    capsule = history.evidence.capsule if history.evidence else None
    reached = capsule.frames if capsule else ()
    files = (*(each.path for each in changed), *(frame.file for frame in reached))
    return tuple(dict.fromkeys(file for file in files if not is_test_file(file)))


def can_be_judged(found: Comparison, rules: WatchRules, *, has_ended: bool) -> bool:
    """Return whether enough time has passed and enough was used; clear results need neither.

    Before the end a regression needs stronger evidence, because the test is repeated many times.
    """
    if has_ended or is_decisive_early(found, rules):
        return True
    if found.after.minutes < rules.least_minutes or found.after.actions < rules.volume:
        return False
    if found.verdict == "regressed":
        values = [p for p in (found.p_worse, found.p_slower) if p is not None]
        return min(values, default=1.0) < rules.alpha * _SURELY
    return found.verdict != "inconclusive"


def describe_replay(watch: Watch) -> tuple[str, ...]:
    """Return the result of the replay as a sentence; empty if it was skipped."""
    if watch.replay is None or watch.replay.status == "skipped":
        return ()
    return (f"Replayed with `{watch.merge_commit[:7]}`: {escape_line(watch.replay.summary, 300)}.",)


def split_samples(seen: Sequence[Sample], began: datetime) -> tuple[list[Sample], list[Sample]]:
    """Return the samples that ended before, and those that began after; none that overlap."""
    edge = began.timestamp()
    before = [each for each in seen if each.at < edge]
    return before, [each for each in seen if each.at - (each.duration_ms or 0) / 1_000 >= edge]


def count_minutes(start: datetime, end: datetime) -> float:
    """Return the minutes between both; 0 if the end is not after the start."""
    return max(0.0, (end - start).total_seconds() / 60)
