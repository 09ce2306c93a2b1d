"""Whether a shipped fix holds: what failed played again, and the journal before and after it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bot.detection.comparison import compare, is_decisive_early
from bot.domain.change import CheckResult
from bot.domain.evidence import Diagnosis
from bot.domain.history import History
from bot.domain.proposal import Outcome, Shipment
from bot.domain.run import Run
from bot.domain.samples import Sample
from bot.domain.watch import Comparison, Watch, WatchRules
from bot.guards import is_test_file
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.workspace import Checkout
from bot.presentation.markdown import escape_line
from bot.self_improvement.interaction_replays import InteractionReplays

_SURELY = 0.1  # times alpha: a regression called before the end has been looked for many times

_LATER = 50  # commits after a fix that are looked at
_BAD = frozenset({"not_fixed", "regressed"})

MANY = 10_000
"""Samples from which on others should not have to wait for a comparison."""


class Look(NamedTuple):
    """What a watch shows by now; `outcome` once it may be judged."""

    comparison: Comparison
    outcome: Outcome | None


class LaterChange(NamedTuple):
    """A commit after a fix that changes the same files, and when records first name it."""

    commit: str
    at: float


class FixEvaluator:
    """Begins watches, and judges them when they may be judged.

    A fix answers for its own code: what is bad only since a later commit changed the same files,
    which the `checkout` knows, is not held against it.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        rules: WatchRules,
        replays: InteractionReplays | None = None,
        checkout: Checkout | None = None,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._replays = replays
        self._checkout = checkout
        self.rules = rules

    def begin(self, run: Run, history: History, shipment: Shipment) -> Watch | None:
        """Return the watch of a fix that is live now; `None` where nothing is to go away."""
        diagnosis, proposal = history.diagnosis, history.proposal
        named = diagnosis is not None and diagnosis.event and diagnosis.fingerprint
        if run.goal != "fix" or diagnosis is None or proposal is None or not named:
            return None
        now = self._clock.get_time()
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
        """Return what came of playing what failed with the merge; `None` where it is not known how.

        Once is enough: what is live does not change by itself.
        """
        replay = history.plan.replay if history.plan else None
        if self._replays is None or replay is None or watch.replay is not None:
            return watch.replay
        return await self._replays.check_output(replay, watch.merge_commit)

    async def __call__(self, watch: Watch) -> Look:
        """Return how both sides compare by now, judged if it is time. Raises `JournalError`.

        What still fails when it is played needs no time.
        """
        now = self._clock.get_time()
        until = min(now, watch.until)
        seen = await self._journal.list_samples(
            since=watch.before_since, until=until, event=watch.event
        )
        found = await self._compare(watch, seen, until)
        red = watch.replay is not None and not watch.replay.ok
        if not red and not can_be_judged(found, self.rules, has_ended=now >= watch.until):
            return Look(found, None)
        excuse: tuple[str, ...] = ()
        if not red and found.verdict in _BAD:
            found, excuse = await self._exclude_later_code(watch, seen, found)
        outcome = Outcome(
            run_id=watch.run_id,
            verdict="not_fixed" if red and found.verdict != "regressed" else found.verdict,
            reasons=(*describe_replay(watch), *excuse, *found.reasons),
            comparison=found,
            at=now,
        )
        return Look(found, outcome)

    async def _compare(self, watch: Watch, seen: Sequence[Sample], until: datetime) -> Comparison:
        if len(seen) < MANY:
            return self._compare_samples(watch, seen, until)
        return await asyncio.to_thread(
            self._compare_samples, watch, seen, until
        )  # others need not wait

    async def _exclude_later_code(
        self, watch: Watch, seen: Sequence[Sample], found: Comparison
    ) -> tuple[Comparison, tuple[str, ...]]:
        """Return what the code of the fix shows by itself, and the commit that is to blame instead.

        Where its own code was bad already, a later commit is no excuse.
        """
        later = await self._find_later_change(watch, seen)
        if later is None:
            return found, ()
        until = datetime.fromtimestamp(later.at, UTC)
        own = await self._compare(watch, [each for each in seen if each.at < later.at], until)
        if own.verdict in _BAD:
            return found, ()
        return own, (
            f"`{later.commit[:7]}` changed the same code after it, and it failed only since then: "
            "what was seen before counts for the fix.",
        )

    async def _find_later_change(self, watch: Watch, seen: Sequence[Sample]) -> LaterChange | None:
        """Return the first commit that changed the files of the fix and ran since it was live."""
        checkout = self._checkout
        if checkout is None or not watch.files:
            return None
        later = await self._list_changes_since(checkout, watch.merge_commit, watch.files)
        if not later:
            return None
        _, after = split_samples(seen, watch.began_at)
        first: dict[str, float] = {}
        for each in sorted(after, key=lambda sample: sample.at):
            if each.commit:
                first.setdefault(each.commit, each.at)
        for commit, at in first.items():
            if await checkout.has_commit(commit):
                missing = await self._list_changes_since(checkout, commit, watch.files)
                brought = [sha for sha in later if sha not in missing]
                if brought:
                    return LaterChange(brought[-1], at)
        return None

    @staticmethod
    async def _list_changes_since(
        checkout: Checkout, commit: str, files: Sequence[str]
    ) -> tuple[str, ...]:
        """Return the commits after one that change any of the files, the newest first."""
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
        """Return where before begins: while the fault was there, as far as it is looked back."""
        earliest = now - timedelta(hours=self.rules.before_hours)
        first = diagnosis.first_seen
        return earliest if first is None else min(max(earliest, first), now)


def _list_watched_files(history: History) -> tuple[str, ...]:
    """Return the files that the fix changed, and those that the failing calls go through."""
    changed = history.change_set.files if history.change_set else ()
    capsule = history.evidence.capsule if history.evidence else None
    reached = capsule.frames if capsule else ()
    files = (*(each.path for each in changed), *(frame.file for frame in reached))
    return tuple(dict.fromkeys(file for file in files if not is_test_file(file)))


def can_be_judged(found: Comparison, rules: WatchRules, *, has_ended: bool) -> bool:
    """Whether enough time has passed, and enough was done in it; what is plain needs neither.

    Before the end, a regression has to be surer: it is looked for again and again.
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
    """Return what playing it again showed, in a sentence; nothing where it told nothing."""
    if watch.replay is None or watch.replay.status == "skipped":
        return ()
    return (
        f"Played again with `{watch.merge_commit[:7]}`: {escape_line(watch.replay.summary, 300)}.",
    )


def split_samples(seen: Sequence[Sample], began: datetime) -> tuple[list[Sample], list[Sample]]:
    """Return what ended before and what began after; what was under way then is on neither."""
    edge = began.timestamp()
    before = [each for each in seen if each.at < edge]
    return before, [each for each in seen if each.at - (each.duration_ms or 0) / 1_000 >= edge]


def count_minutes(start: datetime, end: datetime) -> float:
    """Return the minutes from one to the other; none where the end is not after the start."""
    return max(0.0, (end - start).total_seconds() / 60)
