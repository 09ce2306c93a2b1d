"""How often a verdict on a shipped fix is right: simulated fixes whose truth is known.

Each is two streams of actions, before and after a merge, with a fault at a known rate, other
failures now and then, and durations that vary as those of commands do. Seeded: the same figures
on every machine.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, get_args

from bench.rows import Row
from bot.detection.comparison import compare
from bot.domain.samples import Sample
from bot.domain.watch import Comparison, Judgement, WatchRules

Truth = Literal[
    "works",
    "half works",
    "does nothing",
    "fails more",
    "fails otherwise",
    "slower",
    "no traffic",
]
TRUTHS: tuple[Truth, ...] = get_args(Truth)
VERDICTS: tuple[Judgement, ...] = get_args(Judgement)
RIGHT: dict[Truth, Judgement] = {
    "works": "fixed",
    "half works": "not_fixed",
    "does nothing": "not_fixed",
    "fails more": "regressed",
    "fails otherwise": "regressed",
    "slower": "regressed",
    "no traffic": "inconclusive",
}
VOLUMES = (30, 100, 400, 1_500)  # actions after the merge
RATES = (0.05, 0.2, 0.5)  # of the fault, before it
REPEATS = 15
SEED = 4

FAULT, NOISE, NEW = "f1f1f1f1f1f1", "0b0b0b0b0b0b", "9e9e9e9e9e9e"
_NOISE = 0.01  # of actions fail for another reason, before and after
_SPREAD = 0.5  # of the logarithm of durations


class Fix(NamedTuple):
    """One simulated fix."""

    truth: Truth
    volume: int
    rate: float
    before: tuple[Sample, ...]
    after: tuple[Sample, ...]

    @property
    def verdict(self) -> Judgement:
        """The verdict of the rules."""
        return judge_fix(self).verdict


class VerdictRow(Row):
    """The labels of fixes with one truth. `ours` is the share with the right label."""

    verdicts: dict[Judgement, int]

    @property
    def line(self) -> str:
        """Return the truth, and how many of its fixes got which verdict."""
        counts = "".join(f"{name} {self.verdicts.get(name, 0):4}   " for name in VERDICTS)
        return f"{self.bench:16}{self.name:36}{self.ours:7.1%} right   {counts}".rstrip()


def simulate_fixes(
    seed: int = SEED, *, repeats: int = REPEATS, volumes: Sequence[int] = VOLUMES
) -> Iterator[Fix]:
    """Make fixes of every truth, at every volume and rate, so many times each."""
    chance = random.Random(seed)  # noqa: S311 - figures that can be had again, no secret
    for truth in TRUTHS:
        for volume in volumes:
            for rate in RATES:
                for _ in range(repeats):
                    yield simulate_fix(chance, truth, volume, rate)


def simulate_fix(chance: random.Random, truth: Truth, volume: int, rate: float) -> Fix:
    """Make one fix: twice its volume before the merge, and what follows from its truth after."""
    typical = chance.uniform(20, 200)
    before = _simulate_stream(chance, 2 * volume, {FAULT: rate, NOISE: _NOISE}, typical)
    left = {"half works": 0.5, "does nothing": 1.0, "fails more": min(2.5, 0.9 / rate)}
    rates = {FAULT: rate * left.get(truth, 0.0), NOISE: _NOISE}
    if truth == "fails otherwise":
        rates[NEW] = rate
    slowed = chance.uniform(2, 4) if truth == "slower" else 1.0
    after = _simulate_stream(
        chance, 0 if truth == "no traffic" else volume, rates, typical * slowed
    )
    return Fix(truth, volume, rate, before, after)


def judge_fix(fix: Fix) -> Comparison:
    """Compare both sides as after a merge."""
    return compare(
        fix.before, fix.after, FAULT, WatchRules(), before_minutes=1_440, after_minutes=720
    )


async def measure() -> Sequence[Row]:
    """Judge every simulated fix; return a row for each truth, and one for all."""
    return build_rows(list(simulate_fixes()))


def build_rows(fixes: Sequence[Fix]) -> list[VerdictRow]:
    """Return what fixes were called, by their truth, and the share called right in all."""
    called: dict[Truth, Counter[Judgement]] = {truth: Counter() for truth in TRUTHS}
    for fix in fixes:
        called[fix.truth][fix.verdict] += 1
    found = [_build_row(truth, RIGHT[truth], counts) for truth, counts in called.items()]
    right = sum(counts[RIGHT[truth]] for truth, counts in called.items())
    everything: Counter[Judgement] = sum(called.values(), Counter())
    total = VerdictRow(
        bench="verdicts",
        name=f"all {len(fixes)} simulated fixes",
        ours=right / len(fixes),
        verdicts=dict(everything),
    )
    return [*found, total]


def _build_row(truth: Truth, right: Judgement, counts: Counter[Judgement]) -> VerdictRow:
    share = counts[right] / max(1, counts.total())
    return VerdictRow(bench="verdicts", name=f"{truth}: {right}", ours=share, verdicts=dict(counts))


def _simulate_stream(
    chance: random.Random, count: int, rates: dict[str, float], typical: float
) -> tuple[Sample, ...]:
    return tuple(_sample(chance, number, rates, typical) for number in range(count))


def _sample(chance: random.Random, number: int, rates: dict[str, float], typical: float) -> Sample:
    met = (name for name, rate in rates.items() if chance.random() < rate)
    fingerprint = next(met, None)  # a user who meets the fault cannot continue
    return Sample(
        at=float(number),
        id=f"{number:026}",
        event="command.roll",
        kind="command",
        outcome="error" if fingerprint else "ok",
        duration_ms=typical * chance.lognormvariate(0, _SPREAD),
        fingerprint=fingerprint,
    )
