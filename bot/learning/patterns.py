"""Counts what worked for which class of fault. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from bot.detection.statistics import compute_binomial_at_least
from bot.domain.run_cases import Lessons, Pattern, RunCase, Trait

TRAITS: tuple[Trait, ...] = ("engine", "model", "edit", "evidence", "prompts")
_MOST_LESSONS = 4
_NAMES: dict[Trait, str] = {
    "engine": "engine",
    "model": "model",
    "edit": "kind of edit",
    "evidence": "shown by",
    "prompts": "prompts",
}


def count_patterns(cases: Iterable[RunCase]) -> tuple[Pattern, ...]:
    """Return the counts of each trait, for each class of fault and for all, the clearest first.

    A run counts as good if its change held, and as bad if it failed, was rejected, or its change
    did not hold. Reverts and investigations do not count.
    """
    good: Counter[tuple[str, Trait, str]] = Counter()
    bad: Counter[tuple[str, Trait, str]] = Counter()
    for case in cases:
        if not case.is_judged:
            continue
        counter = good if case.result == "held" else bad
        for trait in TRAITS:
            value = case.get_trait(trait)
            for fault in {case.fault, ""} if value else ():
                counter[fault, trait, value] += 1
    counts = [_build(*key, good[key], bad[key]) for key in good.keys() | bad.keys()]
    return tuple(sorted(counts, key=lambda each: (each.chance, -(each.good + each.bad), each[:3])))


def choose_lessons(patterns: Sequence[Pattern], fault: str) -> Lessons:
    """Return the clear patterns for a class of fault, as sentences with their counts.

    Patterns of all faults fill up what is left. Each factor has its reason among the sentences.
    """
    clear = [each for each in patterns if each.kind != "unclear"]
    own = [each for each in clear if fault and each.fault == fault]
    known = {(each.trait, each.value) for each in own}
    general = [each for each in clear if not each.fault and (each.trait, each.value) not in known]
    chosen = [*own, *general][:_MOST_LESSONS]
    factors = {each.value: _compute_factor(each) for each in chosen if each.trait == "edit"}
    return Lessons(tuple(map(describe_pattern, chosen)), factors)


def _compute_factor(pattern: Pattern) -> float:
    """Return twice the share of runs that held, with one run of each end added, from 0.5 to 1.5."""
    share = (pattern.good + 1) / (pattern.good + pattern.bad + 2)
    return round(min(max(2 * share, 0.5), 1.5), 2)


def describe_pattern(pattern: Pattern) -> str:
    """Return a pattern as one sentence with the counts that are its reason."""
    about = f"For {pattern.fault}" if pattern.fault else "For all faults"
    total = pattern.good + pattern.bad
    advice = {"pattern": "tends to hold", "anti-pattern": "tends to fail"}.get(
        pattern.kind, "is not clear yet"
    )
    sentence = (
        f"{about}, {_NAMES[pattern.trait]} “{pattern.value}” {advice}: "
        f"{pattern.good} of {total} runs held."
    )
    if pattern.trait != "edit" or pattern.kind == "unclear":
        return sentence
    return f"{sentence} A search tries it {'earlier' if pattern.kind == 'pattern' else 'later'}."


def _build(fault: str, trait: Trait, value: str, good: int, bad: int) -> Pattern:
    chance = compute_binomial_at_least(max(good, bad), good + bad, 0.5)
    return Pattern(fault, trait, value, good, bad, chance)
