"""What is remembered of one kind of action, and of one failure of it."""

from collections import deque
from collections.abc import Iterable

from bot.detection.durations import Durations, Packed, Slow
from bot.detection.sketch import from_text, to_text
from bot.detection.sliding_window import CountHistory, Seen, SlidingWindow, Slot, binned
from bot.detection.state import FailureState, KindState
from bot.domain.samples import Sample
from bot.domain.thresholds import ErrorRate, Latency, RepeatedError, ThresholdRules

EVIDENCE = 20
_NEVER = float("-inf")
_FRESH = KindState(event="", seen=0)
_FRESH_FAILURE = FailureState(event="", fingerprint="", seen=0)
_NO_RATE = ErrorRate()
_ALL = 1 - 1e-9  # nothing is over all of them; when all fail, that threshold is reached


def newest(seen: Seen, since: float) -> tuple[str, ...]:
    """Return the ids since then, newest first."""
    return tuple(record_id for at, record_id in sorted(seen, reverse=True) if at >= since)


class KindWatch:
    """One kind of action: its windows, its history, and when something was wrong with it."""

    __slots__ = (
        "_durations", "_share", "_stored", "_volume", "_wrong", "event", "failures", "history",
        "rate_on", "rules", "slow", "slow_on", "window",
    )  # fmt: skip

    def __init__(self, event: str, rules: ThresholdRules, state: KindState | None = None) -> None:
        state = state or _FRESH
        self.event, self.rules = event, rules
        rate, latency = rules.error_rate or _NO_RATE, rules.latency
        self._share = min(rate.share, _ALL) if rules.error_rate else 2.0  # more than all: never
        self._volume = rate.volume
        self.window = SlidingWindow(
            rate.minutes * 60, state.window if state.minutes == rate.minutes else ()
        )
        self._durations = (
            Durations(latency, *_fitting(latency, state), state.limit) if latency else None
        )
        self.history = CountHistory(Slot(*each) for each in state.history)
        self.failures: Seen = deque(state.failures, maxlen=EVIDENCE)
        self.slow: Seen = deque(state.slow, maxlen=EVIDENCE)
        self.rate_on, self.slow_on = _past(state.rate_on), _past(state.slow_on)
        self._wrong = _past(state.wrong)
        self._stored: KindState | None = None

    def add(self, sample: Sample, now: float) -> Slow | None:
        """Count one action; return how slow it is when this is worth saying."""
        failed, at = sample.failed, sample.at
        self._stored = None
        self.window.add(at, now, failed)
        taken = binned(sample.duration_ms) if sample.outcome == "ok" else None
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
        return self._slow(now) if self._durations.worth_judging(taken, now) else None

    def _slow(self, now: float) -> Slow | None:
        slow = self._durations.slow() if self._durations else None
        if slow is not None:
            self.slow_on = self._wrong = now
        return slow

    def failing(self, now: float) -> bool:
        """Return whether the share of failures in the window is over the threshold."""
        window = self.window
        if window.failures <= self._share * window.actions or window.actions < self._volume:
            return False
        self.rate_on = self._wrong = now
        return True

    def goes_wrong(self, now: float) -> None:
        """Note that a rule is crossed: what is slow now is not usual."""
        self._stored, self._wrong = None, now

    def judge_again(self, now: float) -> Slow | None:
        """Move on to `now` without an action; return how slow it is, if it is."""
        self._stored = None
        self.window.roll(now)
        if self._durations is not None:
            self._durations.roll(now, self._wrong)
        return self._slow(now)

    def rewind(self, now: float) -> None:
        """Forget what lies after `now`: the clock was set back."""
        self._stored = None
        self.window.rewind(now)
        self.history.rewind(now)
        if self._durations is not None:
            self._durations.rewind(now)
        self.rate_on, self.slow_on = _until(now, self.rate_on), _until(now, self.slow_on)
        self._wrong = _until(now, self._wrong)

    def state(self, seen: int) -> KindState:
        """Return it as a record; the same one until something happens."""
        if self._stored is None or self._stored.seen != seen:
            self._stored = self._state(seen)
        return self._stored

    def _state(self, seen: int) -> KindState:
        rate, latency, durations = self.rules.error_rate, self.rules.latency, self._durations
        self.history.close()
        return KindState.model_construct(
            event=self.event,
            seen=seen,
            minutes=(rate or _NO_RATE).minutes,
            window=tuple((a, b, c) for a, b, c in self.window.buckets),
            latency_minutes=latency.minutes if latency else 0.0,
            durations=_packed(durations.packed_buckets()) if durations else (),
            baseline_hours=latency.baseline_hours if latency else 0.0,
            baseline=_packed(durations.slots()) if durations else (),
            limit=durations.limit if durations else None,
            history=_slots(self.history),
            failures=tuple(self.failures),
            slow=tuple(self.slow),
            rate_on=_moment(self.rate_on),
            slow_on=_moment(self.slow_on),
            wrong=_moment(self._wrong),
        )


class FailureWatch:
    """One failure of one kind of action, by its fingerprint."""

    __slots__ = ("_rule", "event", "failures", "fingerprint", "history", "window")

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
        self.failures: Seen = deque(state.failures, maxlen=EVIDENCE)

    def add(self, sample: Sample, now: float) -> None:
        """Count it once more."""
        self.window.add(sample.at, now, True)
        self.history.add(sample.at, True, None)
        self.failures.append((sample.at, sample.id))

    def repeated(self, now: float) -> bool:
        """Return whether it happened too often in the window."""
        self.window.roll(now)
        return self.window.failures >= self._rule.times

    def rewind(self, now: float) -> None:
        """Forget what lies after `now`: the clock was set back."""
        self.window.rewind(now)
        self.history.rewind(now)

    def state(self, seen: int) -> FailureState:
        """Return it as a record."""
        return FailureState.model_construct(
            event=self.event,
            fingerprint=self.fingerprint,
            seen=seen,
            minutes=self._rule.minutes,
            window=tuple((a, b, c) for a, b, c in self.window.buckets),
            history=_slots(self.history),
            failures=tuple(self.failures),
        )


def _fitting(rule: Latency, state: KindState) -> tuple[list[Packed], list[Packed]]:
    """Return the stored window and baseline as far as they were made for this rule."""
    kept = state.durations if state.latency_minutes == rule.minutes else ()
    usual = state.baseline if state.baseline_hours == rule.baseline_hours else ()
    return [(n, from_text(text)) for n, text in kept], [(n, from_text(text)) for n, text in usual]


def _packed(buckets: Iterable[Packed]) -> tuple[tuple[int, str], ...]:
    return tuple((number, to_text(packed)) for number, packed in buckets)


def _slots(history: CountHistory) -> tuple[tuple[int, int, int, float], ...]:
    return tuple((each.number, each.actions, each.failures, each.p95) for each in history.slots)


def _past(at: float | None) -> float:
    return _NEVER if at is None else at


def _moment(at: float) -> float | None:
    return None if at == _NEVER else at


def _until(now: float, at: float) -> float:
    return at if at <= now else _NEVER
