"""Measures in bits how much the tests check of an edit, and whether that excludes chance."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from theseus_repair.calls import CallOutcome, RecordedCall, StatedAnswer
from theseus_repair.expectation import is_boolean_assertion, parse_expectation
from theseus_repair.model import Crash

Ended = tuple[RecordedCall, CallOutcome]
"""A call and its outcome."""

DIGIT = math.log2(10)  # bits per character of a plain value, counted as a decimal digit
TRUTHS = {"True", "False"}
LITTLE = (
    "the tests check only {asked}, and {edits} edits were tried, so a wrong edit can pass by chance"
)


@dataclass(frozen=True, slots=True)
class AnswerEvidence:
    """The evidence for an edit: the number of checked `answers`, and their total `bits`."""

    answers: int
    bits: float

    def find_doubt(self, edits: int) -> str:
        """Return why the evidence does not single out one of this many edits, or an empty string.

        A wrong edit matches a one-bit answer every second time, and n bits once in 2 ** n times. So
        of k tried edits, some wrong one is likely to pass if k >= 2 ** n.
        """
        if self.bits > math.log2(max(1, edits)):
            return ""
        kind = "short answer" if self.bits > self.answers else "yes-or-no answer"
        evidence = f"{self.answers} {kind}{'' if self.answers == 1 else 's'}"
        return LITTLE.format(asked=evidence, edits=edits)


def measure_evidence(
    calls: Sequence[Ended],
    tests: Iterable[str],
    crashes: Mapping[str, Crash],
    stated: Iterable[StatedAnswer] = (),
) -> AnswerEvidence:
    """Return the evidence of `tests` for a fix. `calls` are those of the edited functions.

    A test checks at most the information in the answer: a boolean, None or an exception is one
    bit; any other value counts by the number of its characters. If a failing test asserts a
    boolean made of the answer (`crashes`), its calls count one bit each. A test without a known
    call counts as its expected value, or as one bit. An answer that people `stated` counts as
    that answer.
    """
    witnesses = set(tests)
    booleans = {test for test in witnesses if is_boolean_assertion(crashes.get(test))}
    known, bits = set[str](), list[float]()
    for call, outcome in calls:
        made_by = witnesses & set(call.tests)
        if made_by and outcome.how != "unknown":
            known |= made_by
            bits.append(1.0 if made_by <= booleans else measure_bits(call, outcome))
    bits += [_measure_expected(crashes.get(test)) for test in witnesses - known]
    bits += [_measure_answer(answer) for answer in stated]
    return AnswerEvidence(len(bits), sum(bits))


def measure_bits(call: RecordedCall, outcome: CallOutcome) -> float:
    """Return the greatest information that the outcome of a call can hold, in bits."""
    if outcome.how != "answer" or outcome.text in TRUTHS:
        return 1.0
    if outcome.text == "None" and call.arguments:
        return 1.0  # with plain arguments and no answer, only the fact that it ended can be checked
    return DIGIT * max(1, len(outcome.text))


def _measure_answer(answer: StatedAnswer) -> float:
    question = answer.question
    return (
        1.0 if answer.right is None else measure_bits(question.call, question.answers[answer.right])
    )


def _measure_expected(crash: Crash | None) -> float:
    expectation = parse_expectation(crash)
    if expectation is None or expectation.wanted is None or isinstance(expectation.wanted, bool):
        return 1.0
    return DIGIT * len(repr(expectation.wanted))
