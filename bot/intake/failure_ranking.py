"""Orders the failures that a report may mean, by meaning and by words. It makes none certain."""

import re
from collections.abc import Sequence

import structlog

from bot.domain.evidence import Evidence
from bot.domain.journal import FailureGroup
from bot.domain.meanings import MeaningUnavailable, combine_orders
from bot.grammar.incorrect_output import has_incorrect_output
from bot.grammar.likeness import has_typed_command
from bot.ports.meaning_rater import MeaningRater

_log = structlog.stdlib.get_logger(__name__)
_MOST = 200  # failures that are compared
_OFFERED = 4
# Tuned on bench/data/matching: the right failure is 0.07 to 0.4 close, and the best wrong one as
# well. So closeness gives an order, and only what is far from the text is left out.
_CLOSE = 0.05
_WEIGHTS = (1, 2, 1)  # of the texts below
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MARKS = re.compile(r"[_./]+")


async def rank_likely_failures(
    rater: MeaningRater, text: str, evidence: Evidence, failures: Sequence[FailureGroup]
) -> Evidence:
    """Return the evidence with the failures that the text may mean, best first.

    Reports of incorrect output, and of a typed command that has not failed, are about no failure.
    Without an answer of the rater the words alone decide.
    """
    compared = failures[:_MOST]
    if evidence.change or evidence.fix is not None or not compared:
        return evidence
    if has_incorrect_output(text) or (evidence.idle and has_typed_command(text)):
        return evidence
    try:
        by_meaning = await _order_by_meaning(rater, text, compared)
    except MeaningUnavailable as error:
        _log.info("failures are ranked by words alone: %s", error)
        return evidence
    known = {each.fingerprint: each for each in (*compared, *evidence.likely)}
    by_words = [each.fingerprint for each in evidence.likely]
    best = combine_orders(by_meaning, by_words)[:_OFFERED]
    return evidence.replace(likely=tuple(known[each] for each in best))


async def _order_by_meaning(
    rater: MeaningRater, text: str, failures: Sequence[FailureGroup]
) -> list[str]:
    """Return the fingerprints of the failures that are close to the text, the closest first."""
    described = [describe_failure(each) for each in failures]
    rates = iter(await rater.rate(text, [each for texts in described for each in texts]))
    scores = {
        group.fingerprint: sum(weight * next(rates) for weight in _WEIGHTS) / sum(_WEIGHTS)
        for group in failures
    }
    close = [key for key in scores if scores[key] >= _CLOSE]
    return sorted(close, key=lambda key: -scores[key])


def describe_failure(group: FailureGroup) -> tuple[str, str, str]:
    """Return what to compare of a failure: its topic, the words of its place, and its error."""
    capsule = group.newest.error
    frame = capsule.innermost if capsule else None
    file = frame.file.removesuffix(".py").removesuffix("/__init__") if frame else ""
    topic = _split(file.rpartition("/")[2])
    name, function = _split(group.newest.name), _split(frame.function if frame else "")
    place = " ".join(dict.fromkeys(f"{name} {topic} {function}".lower().split()))
    error = f"The {name} command of {topic} fails to {function}"
    return topic or name, place, f"{error}: {capsule.message}" if capsule else error


def _split(name: str) -> str:
    """Return a name of the code as words: `Reminders.deliver_due` -> `Reminders deliver due`."""
    return _CAMEL.sub(" ", _MARKS.sub(" ", name)).strip()
