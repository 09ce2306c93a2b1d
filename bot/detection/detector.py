"""Sees the journal go by and says when a threshold is crossed. Pure: no clock, no files, no model.

What counts:

- All actions but those of the bot's own improvement work, which are neither judged nor counted.
- For the error rate, every action; errors and timeouts are failures, cancellations are not.
- For latency, actions that went well. A timeout takes as long as somebody set: it is a failure.
- Time is the records' own, as `bot.detection.timeline` has it. Windows are counted in buckets and
  never leave out what is younger than they are long; what is older counts for a bucket at most.

What is told: a crossing, when it is found, unless its key was told less than the cooldown ago, or
other code came live just now. After that what still crosses is told. Memory is bounded by
`events_kept` kinds and as many fingerprints; `bounded_table` says which are forgotten.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from bot.detection import sliding_window
from bot.detection.alert_history import AlertHistory
from bot.detection.bounded_table import BoundedTable
from bot.detection.deploys import Deploy, Deploys
from bot.detection.durations import Slow
from bot.detection.kind import FailureWatch, KindWatch, list_newest_ids
from bot.detection.state import DetectorState, FailureState
from bot.detection.timeline import Timeline
from bot.domain.anomaly import Anomaly, Rule
from bot.domain.charts import Point
from bot.domain.samples import Sample
from bot.domain.thresholds import Override, Thresholds

_BETWEEN = "\0"
_MOST_HELD = 1_000


class _Crossing(NamedTuple):
    """A crossed threshold, from which an anomaly is built."""

    rule: Rule
    kind: KindWatch
    value: float
    threshold: float
    volume: int
    failure: FailureWatch | None = None
    baseline: float | None = None

    @property
    def key(self) -> str:
        """The key of its anomaly."""
        return f"{self.rule}:{self.kind.event}:{self.failure.fingerprint if self.failure else ''}"

    def build_anomaly(self, now: float) -> Anomaly:
        """Return the anomaly, with its evidence."""
        minutes, seen = _get_window(self)
        return Anomaly(
            rule=self.rule,
            event=self.kind.event,
            fingerprint=self.failure.fingerprint if self.failure else None,
            at=datetime.fromtimestamp(now, UTC),
            value=self.value,
            threshold=self.threshold,
            volume=self.volume,
            baseline=self.baseline,
            since=self._find_start(seen, now - minutes * 60),
            evidence=list_newest_ids(seen, now - minutes * 60),
        )

    def _find_start(self, seen: sliding_window.Seen, begin: float) -> datetime | None:
        """Return when the first counted action happened, or `None`."""
        first = min((at for at, _ in seen if at >= begin), default=None)
        if self.rule is not Rule.LATENCY:
            first = (self.failure or self.kind).window.find_first_failure(seen)
        return None if first is None else datetime.fromtimestamp(first, UTC)


class Detector:
    """Call `see` with every sample in the order of the journal, and `tick` with the time.

    `state` is the state of an earlier detector: with it, nothing is announced twice or missed. With
    other thresholds, the matching part of the state is used.
    """

    def __init__(self, thresholds: Thresholds, state: DetectorState | None = None) -> None:
        state = state or DetectorState()
        kept = thresholds.events_kept
        self._thresholds = thresholds
        self._line = Timeline(_find_longest_window(thresholds), state.now)
        self._deploys = Deploys(thresholds.after_deploy_minutes * 60, state.deploys, state.commit)
        self._alert_history = AlertHistory(thresholds.cooldown_minutes * 60, 4 * kept, state.alerts)
        self._held = dict.fromkeys(state.held)
        self._kinds = BoundedTable(kept, self._create_kind)
        self._failures = BoundedTable(kept, self._create_failure)
        for kind in state.kinds:
            made = KindWatch(kind.event, thresholds.get_rules(kind.event), kind)
            self._kinds.put(kind.event, kind.seen, made)
        for each in state.failures:
            key = each.event + _BETWEEN + each.fingerprint
            self._failures.put(key, each.seen, self._create_failure(key, each))

    def _create_kind(self, event: str) -> KindWatch:
        return KindWatch(event, self._thresholds.get_rules(event))

    def _create_failure(self, key: str, state: FailureState | None = None) -> FailureWatch:
        event, _, fingerprint = key.partition(_BETWEEN)
        rule = self._thresholds.get_rules(event).repeated_error
        return FailureWatch(event, fingerprint, rule, state)

    # ----------------------------------------------------------------------------- input

    def see(self, sample: Sample) -> tuple[Anomaly, ...]:
        """Count and judge one action; return the new anomalies."""
        if sample.own:
            return ()
        before = self._line.now
        return self._count(self._line.place(sample), before)

    def tick(self, now: float) -> tuple[Anomaly, ...]:
        """Set the time from a clock, in seconds since 1970; return anomalies that are due.

        Call it every few seconds, or never: without it the records alone determine the time.
        """
        before = self._line.now
        return self._count(self._line.tick(now), before)

    def _count(self, samples: Sequence[Sample], before: float | None) -> tuple[Anomaly, ...]:
        now = self._line.now
        if now is None:
            return ()
        if before is not None and now < before:
            self._rewind(now)
        found: list[Anomaly] = []
        for sample in samples:
            self._judge(sample, now, found)
        if self._held and not self._deploys.is_settling(now):
            self._judge_held(now, found)
        return tuple(found)

    def _rewind(self, now: float) -> None:
        for _, _, kind in self._kinds.iterate_entries():
            kind.rewind(now)
        for _, _, failure in self._failures.iterate_entries():
            failure.rewind(now)

    # ----------------------------------------------------------------------------- judging

    def _judge(self, sample: Sample, now: float, found: list[Anomaly]) -> None:
        commit = sample.commit
        if commit is not None and commit != self._deploys.commit:
            self._deploys.see(commit, now)
        kind = self._kinds.touch(sample.event)
        slow = kind.add(sample, now)
        if sample.is_failure and sample.fingerprint is not None:
            failure = self._failures.touch(sample.event + _BETWEEN + sample.fingerprint)
            failure.add(sample, now)
            self._judge_failure(kind, failure, now, found)
        if kind.is_failing(now):
            self._tell(_build_error_crossing(kind), now, found)
        if slow is not None:
            self._tell(_build_latency_crossing(kind, slow), now, found)

    def _judge_failure(
        self, kind: KindWatch, failure: FailureWatch, now: float, found: list[Anomaly]
    ) -> None:
        rule = kind.rules.repeated_error
        if rule is not None and failure.is_repeated(kind, now):
            kind.mark_wrong(now)
            count, volume = failure.window.failures, kind.window.actions
            crossing = _Crossing(
                Rule.REPEATED_ERROR, kind, count, rule.times, max(count, volume), failure
            )
            self._tell(crossing, now, found)

    def _judge_held(self, now: float, found: list[Anomaly]) -> None:
        """Judge again what crossed a threshold while new code went live."""
        held, self._held = self._held, {}
        for event, fingerprint in held:
            kind = self._kinds.get(event)
            failure = self._failures.get(event + _BETWEEN + (fingerprint or ""))
            if kind is None:
                continue
            if failure is not None:
                self._judge_failure(kind, failure, now, found)
                continue
            slow = kind.rejudge(now)
            if kind.is_failing(now):
                self._tell(_build_error_crossing(kind), now, found)
            if slow is not None:
                self._tell(_build_latency_crossing(kind, slow), now, found)

    def _tell(self, crossing: _Crossing, now: float, found: list[Anomaly]) -> None:
        key = crossing.key
        if self._alert_history.is_recent(key, now):
            return
        if self._deploys.is_settling(now):
            if len(self._held) < _MOST_HELD:
                failure = crossing.failure
                self._held[crossing.kind.event, failure.fingerprint if failure else None] = None
            return
        self._alert_history.tell(key, now)
        found.append(crossing.build_anomaly(now))

    # ----------------------------------------------------------------------------- queries

    @property
    def now(self) -> float | None:
        """The time by the records, in seconds since 1970; `None` before the first."""
        return self._line.now

    @property
    def deploys(self) -> tuple[Deploy, ...]:
        """The newest twenty times at which new code went live, oldest first."""
        return self._deploys.known

    def get_quiet_since(
        self, rule: Rule, event: str, fingerprint: str | None = None
    ) -> float | None:
        """Return since when it has been quiet, in seconds since 1970; `None` if unknown.

        For a repeated error this is its newest failure or, if it has a usual rate, when it last
        rose above that. For the other rules it is when the threshold was last crossed: now, if it
        still is.
        """
        if rule is Rule.REPEATED_ERROR:
            failure = self._failures.get(event + _BETWEEN + (fingerprint or ""))
            return failure.not_quiet_since if failure else None
        kind, now = self._kinds.get(event), self._line.now
        if kind is None or now is None:
            return None
        kind.rejudge(now)
        kind.is_failing(now)
        at = kind.rate_on if rule is Rule.ERROR_RATE else kind.slow_on
        return at if at > 0 else None

    def count_failures(self, event: str, fingerprint: str | None, since: float) -> int:
        """Return the number of failures since then, of one fingerprint if given.

        It counts whole slots of five minutes, including that of `since`, for at most three hours.
        """
        found = self._find_history(event, fingerprint)
        return found.count_failures_since(since) if found else 0

    def build_series(
        self, rule: Rule, event: str, fingerprint: str | None = None
    ) -> tuple[Point, ...]:
        """Return the last three hours in slots of five minutes, oldest first, for a chart.

        Values are the share of failures (0 to 1), the number of that failure, or p95 in ms. Slots
        without actions are left out, except for repeated errors, for which they are 0.
        """
        found, now = self._find_history(event, fingerprint), self._line.now
        if found is None or now is None:
            return ()
        return sliding_window.build_series(found, rule, now)

    def _find_history(
        self, event: str, fingerprint: str | None
    ) -> sliding_window.CountHistory | None:
        found = (
            self._kinds.get(event)
            if fingerprint is None
            else self._failures.get(event + _BETWEEN + fingerprint)
        )
        return found.history if found else None

    def build_state(self) -> DetectorState:
        """Return the state for a detector after a restart."""
        now = self._line.now
        if now is not None:
            self._alert_history.forget(now)
        return DetectorState(
            now=now,
            commit=self._deploys.commit,
            deploys=self._deploys.known,
            alerts=dict(self._alert_history.at),
            held=tuple(self._held),
            kinds=tuple(kind.build_state(seen) for _, seen, kind in self._kinds.iterate_entries()),
            failures=tuple(
                each.build_state(seen) for _, seen, each in self._failures.iterate_entries()
            ),
        )


def _build_error_crossing(kind: KindWatch) -> _Crossing:
    window, rule = kind.window, kind.rules.error_rate
    share = window.failures / window.actions
    return _Crossing(Rule.ERROR_RATE, kind, share, rule.share if rule else 0.0, window.actions)


def _build_latency_crossing(kind: KindWatch, slow: Slow) -> _Crossing:
    return _Crossing(Rule.LATENCY, kind, slow.p95, slow.limit, slow.volume, baseline=slow.usual)


def _get_window(crossing: _Crossing) -> tuple[float, sliding_window.Seen]:
    """Return the minutes of the crossed rule, and its evidence."""
    error_rate, repeated_error, latency = crossing.kind.rules
    if crossing.failure is not None:
        return repeated_error.minutes if repeated_error else 0.0, crossing.failure.failures
    if crossing.rule is Rule.LATENCY:
        return latency.minutes if latency else 0.0, crossing.kind.slow
    return error_rate.minutes if error_rate else 0.0, crossing.kind.failures


def _find_longest_window(thresholds: Thresholds) -> float:
    """Return the longest window of all rules, in seconds."""
    sets: tuple[Thresholds | Override, ...] = (thresholds, *thresholds.overrides)
    rules = [rule for each in sets for rule in (each.error_rate, each.repeated_error, each.latency)]
    return max((rule.minutes for rule in rules if rule is not None), default=10.0) * 60
