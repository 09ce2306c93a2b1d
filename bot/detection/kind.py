"""The state of one kind of action, and of one failure of it."""

from collections import deque
from collections.abc import Iterable

from bot.detection._tally import UNCOUNTED
from bot.detection.durations import CHANCE, Durations, Packed, Slow
from bot.detection.hourly_counts import HOURS, SECONDS, HourlyCounts
from bot.detection.sketch import from_text, to_text
from bot.detection.sliding_window import CountHistory, Seen, SlidingWindow, Slot, find_duration_bin
from bot.detection.state import FailureState, KindState
from bot.detection.statistics import compute_rate_greater
from bot.domain.samples import Sample
from bot.domain.thresholds import ErrorRate, Latency, RepeatedError, ThresholdRules

EVIDENCE = 20
_NEVER = float("-inf")
_FRESH = KindState(event="", seen=0)
_FRESH_FAILURE = FailureState(event="", fingerprint="", seen=0)
_NO_RATE = ErrorRate()
_ALL = 1 - 1e-9  # a share can never exceed 1, so a threshold of 1 is lowered a little
_NOW_AND_THEN = 3
"""The number of hours of the last day with the failure for it to have a usual rate."""
_RARE = 0.1  # of the actions, at most; a more frequent failure has no usual rate


def list_newest_ids(seen: Seen, since: float) -> tuple[str, ...]:
    """Return the ids since then, newest first."""
    return tuple(record_id for at, record_id in sorted(seen, reverse=True) if at >= since)


class KindWatch:
    """One kind of action: its windows, its history, and when a rule was last crossed."""

    __slots__ = (
        "_durations", "_share", "_stored", "_volume", "_wrong", "event", "failures", "history",
        "hours", "rate_on", "rules", "slow", "slow_on", "window",
    )  # fmt: skip

    def __init__(self, event: str, rules: ThresholdRules, state: KindState | None = None) -> None:
        state = state or _FRESH
        self.event, self.rules = event, rules
        rate, latency = rules.error_rate or _NO_RATE, rules.latency
        self._share = (
            min(rate.share, _ALL) if rules.error_rate else 2.0
        )  # a share above 1 is never reached: the rule is off
        self._volume = rate.volume
        self.window = SlidingWindow(
            rate.minutes * 60, state.window if state.minutes == rate.minutes else ()
        )
        self._durations = (
            Durations(latency, *_select_matching_buckets(latency, state), state.limit)
            if latency
            else None
        )
        self.history = CountHistory(Slot(*each) for each in state.history)
        self.hours = HourlyCounts(state.hours)
        self.failures: Seen = deque(state.failures, maxlen=EVIDENCE)
        self.slow: Seen = deque(state.slow, maxlen=EVIDENCE)
        self.rate_on, self.slow_on = _from_optional(state.rate_on), _from_optional(state.slow_on)
        self._wrong = _from_optional(state.wrong)
        self._stored: KindState | None = None

    def add(self, sample: Sample, now: float) -> Slow | None:
        """Count one action; return how slow the kind is, if that has to be reported."""
        failed, at = sample.is_failure, sample.at
        self._stored = None
        self.window.add(at, now, failed)
        self.hours.add(at, now)
        taken = find_duration_bin(sample.duration_ms) if sample.outcome == "ok" else None
        self.history.add(at, failed, taken)
        if failed:
            self.failures.append((at, sample.id))
        if self._durations is None:
            return None
        self._durations.roll(now, self._wrong)
        if taken is not None:
            self._durations.add(taken, at, now)
            if self._durations.is_slow(taken):
                self.slow.append((at, sample.id))
        return self._detect_slowness(now) if self._durations.should_judge(taken, now) else None

    def _detect_slowness(self, now: float) -> Slow | None:
        slow = self._durations.detect_slowness() if self._durations else None
        if slow is not None:
            self.slow_on = self._wrong = now
        return slow

    def is_failing(self, now: float) -> bool:
        """Return whether the share of failures in the window is over the threshold."""
        window = self.window
        if window.failures <= self._share * window.actions or window.actions < self._volume:
            return False
        self.rate_on = self._wrong = now
        return True

    def estimate_actions(self, seconds: float, now: float) -> float:
        """Return the number of actions in `seconds`, estimated from the error rate's window."""
        self.window.roll(now)
        rate = self.rules.error_rate or _NO_RATE
        return self.window.actions * seconds / (rate.minutes * 60)

    def mark_wrong(self, now: float) -> None:
        """Record that a rule is crossed, so that current durations do not enter the baseline."""
        self._stored, self._wrong = None, now

    def rejudge(self, now: float) -> Slow | None:
        """Move on to `now` without an action; return how slow the kind is, or `None`."""
        self._stored = None
        self.window.roll(now)
        if self._durations is not None:
            self._durations.roll(now, self._wrong)
        return self._detect_slowness(now)

    def rewind(self, now: float) -> None:
        """Remove what is after `now`: the clock was set back."""
        self._stored = None
        self.window.rewind(now)
        self.history.rewind(now)
        self.hours.rewind(now)
        if self._durations is not None:
            self._durations.rewind(now)
        self.rate_on, self.slow_on = (
            _discard_future(now, self.rate_on),
            _discard_future(now, self.slow_on),
        )
        self._wrong = _discard_future(now, self._wrong)

    def build_state(self, seen: int) -> KindState:
        """Return the state as a record; the same record until something changes."""
        if self._stored is None or self._stored.seen != seen:
            self._stored = self._create_state(seen)
        return self._stored

    def _create_state(self, seen: int) -> KindState:
        rate, latency, durations = self.rules.error_rate, self.rules.latency, self._durations
        self.history.close()
        return KindState.model_construct(
            event=self.event,
            seen=seen,
            minutes=(rate or _NO_RATE).minutes,
            window=tuple((a, b, c) for a, b, c in self.window.buckets),
            latency_minutes=latency.minutes if latency else 0.0,
            durations=_encode_buckets(durations.iterate_packed_buckets()) if durations else (),
            baseline_hours=latency.baseline_hours if latency else 0.0,
            baseline=_encode_buckets(durations.iterate_slots()) if durations else (),
            limit=durations.limit if durations else None,
            history=_encode_slots(self.history),
            hours=tuple((a, b) for a, b in self.hours.slots),
            failures=tuple(self.failures),
            slow=tuple(self.slow),
            rate_on=_to_optional(self.rate_on),
            slow_on=_to_optional(self.slow_on),
            wrong=_to_optional(self._wrong),
        )


class FailureWatch:
    """One failure of one kind of action, by its fingerprint.

    `risen_on` is when it last happened more often than usual; `usual` is whether it had a usual
    rate then. A new failure has none.
    """

    __slots__ = (
        "_rule", "event", "failures", "fingerprint", "history", "hours", "risen_on", "usual",
        "window",
    )  # fmt: skip

    def __init__(
        self,
        event: str,
        fingerprint: str,
        rule: RepeatedError | None,
        state: FailureState | None = None,
    ) -> None:
        state = state or _FRESH_FAILURE
        self.event, self.fingerprint = event, fingerprint
        self._rule = rule or RepeatedError()
        fits = state.minutes == self._rule.minutes
        self.window = SlidingWindow(self._rule.minutes * 60, state.window if fits else ())
        self.history = CountHistory(Slot(*each) for each in state.history)
        self.hours = HourlyCounts(state.hours)
        self.failures: Seen = deque(state.failures, maxlen=EVIDENCE)
        self.risen_on, self.usual = _from_optional(state.risen_on), state.usual

    def add(self, sample: Sample, now: float) -> None:
        """Count one more occurrence."""
        self.window.add(sample.at, now, True)
        self.history.add(sample.at, True, None)
        self.hours.add(sample.at, now)
        self.failures.append((sample.at, sample.id))

    def is_repeated(self, kind: KindWatch, now: float) -> bool:
        """Return whether it happened too often in the window, and more often than usual."""
        self.window.roll(now)
        if self.window.failures < self._rule.times:
            return False
        usual, risen = self._compare_to_past(kind, now)
        if risen:
            self.risen_on, self.usual = now, usual
        return risen

    def _compare_to_past(self, kind: KindWatch, now: float) -> tuple[bool, bool]:
        """Return whether it has a usual rate, and whether the window is significantly above it.

        The rate is by actions of that kind, or by time if only failures are journalled.
        """
        begin = now - self._rule.minutes * 60
        past, actions = self.hours.count_before(begin, now), kind.hours.count_before(begin, now)
        if past.hours < _NOW_AND_THEN:
            return False, True
        count = self.window.failures
        if self.event.partition(".")[0] in UNCOUNTED:
            hours = begin // SECONDS - actions.first
            return True, compute_rate_greater(
                past.total, hours * SECONDS, count, now - begin
            ) < CHANCE
        if past.total > _RARE * actions.total:
            return False, True
        seen = max(count, kind.estimate_actions(now - begin, now))
        return True, compute_rate_greater(past.total, actions.total, count, seen) < CHANCE

    @property
    def not_quiet_since(self) -> float:
        """When it last happened, or last rose above its usual rate."""
        newest = max(at for at, _ in self.failures)
        if self.risen_on == _NEVER:
            return newest
        goes_on_for_a_day = newest - self.risen_on >= HOURS * SECONDS
        return self.risen_on if self.usual or goes_on_for_a_day else newest

    def rewind(self, now: float) -> None:
        """Remove what is after `now`: the clock was set back."""
        self.window.rewind(now)
        self.history.rewind(now)
        self.hours.rewind(now)
        self.risen_on = _discard_future(now, self.risen_on)

    def build_state(self, seen: int) -> FailureState:
        """Return the state as a record."""
        return FailureState.model_construct(
            event=self.event,
            fingerprint=self.fingerprint,
            seen=seen,
            minutes=self._rule.minutes,
            window=tuple((a, b, c) for a, b, c in self.window.buckets),
            history=_encode_slots(self.history),
            hours=tuple((a, b) for a, b in self.hours.slots),
            failures=tuple(self.failures),
            risen_on=_to_optional(self.risen_on),
            usual=self.usual,
        )


def _select_matching_buckets(rule: Latency, state: KindState) -> tuple[list[Packed], list[Packed]]:
    """Return the stored window and baseline, if they were made for the same rule."""
    kept = state.durations if state.latency_minutes == rule.minutes else ()
    usual = state.baseline if state.baseline_hours == rule.baseline_hours else ()
    return [(n, from_text(text)) for n, text in kept], [(n, from_text(text)) for n, text in usual]


def _encode_buckets(buckets: Iterable[Packed]) -> tuple[tuple[int, str], ...]:
    return tuple((number, to_text(packed)) for number, packed in buckets)


def _encode_slots(history: CountHistory) -> tuple[tuple[int, int, int, float], ...]:
    return tuple((each.number, each.actions, each.failures, each.p95) for each in history.slots)


def _from_optional(at: float | None) -> float:
    return _NEVER if at is None else at


def _to_optional(at: float) -> float | None:
    return None if at == _NEVER else at


def _discard_future(now: float, at: float) -> float:
    return at if at <= now else _NEVER
