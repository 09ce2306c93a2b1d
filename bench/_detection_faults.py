"""Generated journals of several hours with one fault, whose kind and time are known.

There are six kinds of action with different loads, durations and failure rates. The load follows
the time of day, and nights are slightly slower. The fault affects one kind, after about six hours.
"""

import heapq
import math
import random
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from bot.domain.samples import Sample

START = 1_780_272_000.0  # a midnight
HOUR, MINUTE = 3_600.0, 60.0
HOURS, QUIET_HOURS = 10.0, 24.0
_DAY = 24 * HOUR


class Trait(NamedTuple):
    """How one kind of action usually is: records an hour at noon, usual ms, share of failures."""

    event: str
    an_hour: float
    ms: float
    fails: float
    spread: float


TRAITS = (
    Trait("command.roll", 240, 40, 0.004, 0.3),
    Trait("command.search", 150, 420, 0.03, 0.6),
    Trait("command.poll", 80, 90, 0.01, 0.4),
    Trait("task.reminders", 60, 150, 0.005, 0.3),
    Trait("chat.reply", 120, 2_500, 0.02, 0.8),
    Trait("command.weather", 45, 700, 0.05, 0.5),
)


class Now(NamedTuple):
    """How one action goes: its chance to fail, with which fingerprint, and times its usual ms."""

    fails: float
    fingerprint: str | None = None
    slower: float = 1.0


Change = Callable[[float, Now], Now]
"""What a fault makes of how an action usually goes, so many seconds after it began."""


class Scenario(NamedTuple):
    """One journal. `begin` and `end` are the fault's, in seconds since 1970."""

    fault: str
    event: str
    begin: float
    end: float
    hours: float
    samples: Sequence[Sample]


def _make_burst(chance: random.Random) -> tuple[float, Change]:
    share = chance.uniform(0.5, 1)
    return chance.uniform(8, 20) * MINUTE, lambda _, __: Now(share, "fault")


def _make_leak(chance: random.Random) -> tuple[float, Change]:
    lasts = chance.uniform(1, 2.5) * HOUR
    return lasts, lambda after, was: Now(was.fails + 0.6 * after / lasts, "fault")


def _make_repeated_error(chance: random.Random) -> tuple[float, Change]:
    share = chance.uniform(0.1, 0.25)  # stays below the error rate's threshold
    return chance.uniform(40, 80) * MINUTE, lambda _, __: Now(share, "fault")


def _make_slowdown(chance: random.Random) -> tuple[float, Change]:
    factor = chance.uniform(2.5, 6)
    return chance.uniform(45, 120) * MINUTE, lambda _, was: was._replace(slower=factor)


def _make_flapping(chance: random.Random) -> tuple[float, Change]:
    on, period = chance.uniform(3, 6) * MINUTE, chance.uniform(12, 18) * MINUTE
    return 3 * HOUR, lambda after, was: Now(0.9, "fault") if after % period < on else was


def _deploy(chance: random.Random) -> tuple[float, Change]:
    share = chance.uniform(0.4, 1)
    return chance.uniform(30, 60) * MINUTE, lambda _, __: Now(share, "fault")


FAULTS: dict[str, Callable[[random.Random], tuple[float, Change]]] = {
    "error burst": _make_burst,
    "slow leak": _make_leak,
    "repeated failure": _make_repeated_error,
    "latency regression": _make_slowdown,
    "flapping": _make_flapping,
    "broken deploy": _deploy,
}


def make_quiet_day(seed: int) -> Scenario:
    """Return a day without a fault, but with a deploy."""
    chance = random.Random(seed)  # noqa: S311
    deploy = START + chance.uniform(2, 20) * HOUR
    samples = _build_journal(chance, QUIET_HOURS, deploy, None, 0.0, lambda _, was: was)
    return Scenario("quiet day", "", math.inf, -math.inf, QUIET_HOURS, samples)


def make_faulty_hours(fault: str, seed: int) -> Scenario:
    """Return some hours of the day in which one kind goes wrong. A burst needs some load."""
    chance = random.Random(f"{fault} {seed}")  # noqa: S311
    trait = chance.choice(TRAITS[:5])
    lasts, change = FAULTS[fault](chance)
    begin = START + chance.uniform(6, min(7.5, HOURS - lasts / HOUR)) * HOUR
    deploy = begin if fault == "broken deploy" else math.inf
    samples = _build_journal(
        chance, HOURS, deploy, (trait.event, begin, begin + lasts), 8.0, change
    )
    return Scenario(fault, trait.event, begin, begin + lasts, HOURS, samples)


def _build_journal(
    chance: random.Random,
    hours: float,
    deploy: float,
    fault: tuple[str, float, float] | None,
    from_hour: float,
    change: Change,
) -> Sequence[Sample]:
    """Return all records in order. The clock of the world starts at `from_hour` of the day."""
    streams = [_iterate_trait(trait, chance, hours, from_hour, fault, change) for trait in TRAITS]
    return [
        each._replace(commit="new" if each.at >= deploy else "old", id=f"{number:08d}")
        for number, each in enumerate(heapq.merge(*streams, key=lambda each: each.at))
    ]


def _iterate_trait(
    trait: Trait,
    chance: random.Random,
    hours: float,
    from_hour: float,
    fault: tuple[str, float, float] | None,
    change: Change,
) -> Iterator[Sample]:
    at = START
    while True:
        day = 0.6 - 0.4 * math.cos(2 * math.pi * ((at - START) / _DAY + from_hour / 24))
        at += chance.expovariate(trait.an_hour * day / HOUR)
        if at > START + hours * HOUR:
            return
        now = Now(trait.fails, None, 1.15 - 0.15 * day)
        if fault and trait.event == fault[0] and fault[1] <= at < fault[2]:
            now = change(at - fault[1], now)
        bad = chance.random() < now.fails
        usual = f"{trait.event} {chance.randrange(4)}"
        yield Sample(
            at,
            "",
            trait.event,
            trait.event.partition(".")[0],
            chance.choice(("error", "error", "timeout")) if bad else "ok",
            trait.ms * now.slower * chance.lognormvariate(0, trait.spread),
            (now.fingerprint or usual) if bad else None,
        )
