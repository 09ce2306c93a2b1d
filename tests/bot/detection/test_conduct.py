"""Rules over the bot's own runs, on generated histories: each finds its fault, and no other."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from bot.detection.conduct import find_conduct
from bot.domain.conduct import ConductRule, ConductRules, FileEdit, OwnRun
from bot.monitoring.conduct_incidents import find_causes

NOW = datetime(2026, 11, 21, 14, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Runs = list[OwnRun]


def edit(file: str, added: str, removed: str = "") -> FileEdit:
    return FileEdit(file, frozenset(added.split(";")) - {""}, frozenset(removed.split(";")) - {""})


def run(name: str, ago: timedelta, *edits: FileEdit, ships: bool = True, **about: object) -> OwnRun:
    """Return a run of the bot's own that shipped an hour later."""
    at = NOW - ago
    made = OwnRun(name, at, by_itself=True, edits=edits, shipped_at=at + HOUR if ships else None)
    return made._replace(**about)  # type: ignore[arg-type]


def generate_quiet_weeks(chance: random.Random) -> Runs:
    """Return a month of ordinary work: mostly people's, everywhere, and each change is new."""
    files = [f"cogs/{name}.py" for name in ("dice", "polls", "quotes", "search", "notes", "games")]
    return [
        run(
            f"quiet{number}",
            chance.random() * 28 * DAY,
            edit(files[number % 6], f"line {number}", f"old {number}"),
            ships=chance.random() < 0.7,
            by_itself=chance.random() < 0.15,
        )
        for number in range(60)
    ]


def chain(own: bool) -> Runs:
    """Return runs in which each is about a file that the one before has changed."""
    return [
        run(f"c{n}", (20 - 4 * n) * HOUR, edit("cogs/feeds.py", f"fix {n}"), by_itself=own)
        for n in range(4)
    ]


def growth(*days: int) -> Runs:
    """Return so many runs on each day, the last one today."""
    return [
        run(
            f"g{day}{n}",
            (len(days) - 1 - day) * DAY + n * HOUR,
            edit(f"cogs/{day}{n}.py", "x"),
            ships=False,
        )
        for day, count in enumerate(days)
        for n in range(count)
    ]


def oscillation(texts: str, *, own: bool = True) -> Runs:
    """Return changes of one line, to each of the texts in turn."""
    lines = list(texts)
    return [
        run(f"o{n}", (20 - 3 * n) * DAY, edit("cogs/dice.py", after, before), by_itself=own)
        for n, (before, after) in enumerate(pairwise(lines))
    ]


def machinery(file: str, *, users: bool) -> Runs:
    own = edit("bot/monitoring/digests.py", "faster")
    return [
        run(f"s{n}", (3 + n) * DAY, own, edit(file, f"{n}"), users=users, ships=False)
        for n in range(2)
    ]


CASES: list[tuple[ConductRule, Callable[[], Runs], Callable[[], Runs]]] = [
    (ConductRule.RUN_CHAIN, lambda: chain(own=True), lambda: chain(own=False)),
    (ConductRule.GROWTH, lambda: growth(1, 4, 12), lambda: growth(*[8] * 8)),
    (ConductRule.GROWTH, lambda: growth(1, 4, 12), lambda: growth(0, 2, 4)),
    (ConductRule.OSCILLATION, lambda: oscillation("abab"), lambda: oscillation("abcde")),
    (ConductRule.OSCILLATION, lambda: oscillation("abab"), lambda: oscillation("abab", own=False)),
    (
        ConductRule.SELF_SERVING,
        lambda: machinery("tests/bot/test_digests.py", users=False),
        lambda: machinery("tests/bot/test_digests.py", users=True),
    ),
    (
        ConductRule.SELF_SERVING,
        lambda: machinery("prompts/planner.md", users=False),
        lambda: machinery("cogs/dice.py", users=False),
    ),
]


def judge(runs: Runs, seed: int, rules: ConductRules = ConductRules()) -> set[ConductRule]:  # noqa: B008
    """Return the rules that find something, with a month of other work around these runs."""
    chance = random.Random(seed)
    journal = runs + generate_quiet_weeks(chance)
    chance.shuffle(journal)
    return {each.rule for each in find_conduct(find_causes(journal), rules, NOW)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_each_rule_finds_its_fault(
    case: tuple[ConductRule, Callable[[], Runs], Callable[[], Runs]],
) -> None:
    rule, fault, harmless = case
    for seed in range(20):
        assert judge(fault(), seed) == {rule}
        assert judge(harmless(), seed) == set()


def test_a_month_of_ordinary_work_is_no_finding() -> None:
    assert [seed for seed in range(100) if judge([], seed)] == []


def test_a_rule_of_zero_is_off() -> None:
    off = ConductRules(run_chain=0, growth_runs=0, oscillations=0, self_serving=0)
    faults = [each for _, fault, _ in CASES for each in fault()]
    assert judge(faults, 1, off) == set()


def test_an_old_finding_is_none() -> None:
    for _, fault, _ in CASES:
        old = [
            each._replace(
                at=each.at - 60 * DAY, shipped_at=each.shipped_at and each.shipped_at - 60 * DAY
            )
            for each in fault()
        ]
        assert judge(old, 1) == set()
