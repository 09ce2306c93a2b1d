"""How much tests ask of what was edited, in bits, and whether that singles one edit out of many."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.repair.calls import CallOutcome, RecordedCall, StatedAnswer
from bot.repair.expectation import is_boolean_assertion, parse_expectation
from bot.repair.model import Crash

Ended = tuple[RecordedCall, CallOutcome]
"""A call, and how it ends."""

DIGIT = math.log2(10)  # bits that each character of a plain value holds, as if it were a digit
TRUTHS = {"True", "False"}
LITTLE = (
    "all that tests ask of it is {asked}, and {edits} edits were tried: of so many a wrong one "
    "is soon among those that pass"
)


@dataclass(frozen=True, slots=True)
class AnswerEvidence:
    """What tests ask of an edit: so many `answers`, which hold `bits` together."""

    answers: int
    bits: float

    def find_doubt(self, edits: int) -> str:
        """Return why it does not single out one of so many edits; nothing where it does.

        A wrong edit meets an answer of one bit every other time, and n bits once in 2 ** n times.
        So of k edits that are tried, some wrong one is likely to pass where k >= 2 ** n.
        """
        if self.bits > math.log2(max(1, edits)):
            return ""
        asked = f"{self.answers} times yes or no"
        if self.bits > self.answers:
            asked = f"{self.answers} short answers"
        return LITTLE.format(asked=asked.replace("1 times", "once"), edits=edits)


def measure_evidence(
    calls: Sequence[Ended],
    tests: Iterable[str],
    crashes: Mapping[str, Crash],
    stated: Iterable[StatedAnswer] = (),
) -> AnswerEvidence:
    """Return what `tests` ask of a fix. `calls` are those of what it edited, as they end with it.

    A test can tell no more than what it looks at holds: a yes or no, None, or that something is
    raised hold one bit; any other value as many digits as it is written in. Where a failing test
    asks a yes or no of what is made of the answer, as `ended` says, its calls count one bit each.
    A test of which no call is known counts as the value that it says it expects, or as one bit;
    what people `stated` counts as the answer they took.
    """
    looking = set(tests)
    truths = {test for test in looking if is_boolean_assertion(crashes.get(test))}
    known, bits = set[str](), list[float]()
    for call, outcome in calls:
        made_by = looking & set(call.tests)
        if made_by and outcome.how != "unknown":
            known |= made_by
            bits.append(1.0 if made_by <= truths else measure_bits(call, outcome))
    bits += [_measure_expected(crashes.get(test)) for test in looking - known]
    bits += [_measure_answer(each) for each in stated]
    return AnswerEvidence(len(bits), sum(bits))


def measure_bits(call: RecordedCall, outcome: CallOutcome) -> float:
    """Return how much the way a call ended can tell, at the most."""
    if outcome.how != "answer" or outcome.text in TRUTHS:
        return 1.0
    if outcome.text == "None" and call.arguments:
        return 1.0  # given plain values alone, it has nothing else to leave its work in
    return DIGIT * max(1, len(outcome.text))


def _measure_answer(answer: StatedAnswer) -> float:
    question = answer.question
    return (
        1.0 if answer.right is None else measure_bits(question.call, question.answers[answer.right])
    )


def _measure_expected(crash: Crash | None) -> float:
    said = parse_expectation(crash)
    if said is None or said.wanted is None or isinstance(said.wanted, bool):
        return 1.0
    return DIGIT * len(repr(said.wanted))
