"""The calls of the project's functions, their outcomes, and questions about them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from theseus_guard.syntax import evaluate_literal

MOST_ANSWERS = 4
NEITHER, ANOTHER = "neither", "something else"
_UNREADABLE = re.compile(r"<[\w.]+ object>|\.\.\.(?:\W|$)")


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A call of a function: `text` is for people, `data` are its arguments for a replay.

    `tests` are those that made it; a call without tests is a variation of a recorded one. If all
    its arguments are literals, `arguments` are their sources by parameter, and `module` is the
    module to import the function from.
    """

    path: str
    name: str
    text: str
    data: str
    tests: tuple[str, ...] = ()
    module: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """How a call ended: `text` is for people; equal outcomes have equal `mark`s.

    The first word of an answer's `mark` stands for the answer, the second for the arguments after
    the call. `source` is the answer as a literal, if it is one; an answer that a person wrote has
    nothing else.

    The outcome is `unknown` if the call tried more than to compute, or cannot be waited for.
    """

    how: Literal["answer", "raise", "late", "unknown"]
    text: str = ""
    mark: str = ""
    source: str = field(default="", compare=False)
    refused: bool = field(default=False, compare=False)

    @property
    def end(self) -> tuple[str, str]:
        """The answer or error, whatever happened to the arguments."""
        return self.how, self.mark.partition(" ")[0]

    def is_like(self, other: "CallOutcome") -> bool:
        """Return whether people see the same outcome in both: 0 and 0.0 are one answer."""
        if self.end == other.end or not (self.source and other.source):
            return self.end == other.end
        one, two = evaluate_literal(self.source), evaluate_literal(other.source)
        return one == two and isinstance(one, bool) == isinstance(two, bool)


@dataclass(frozen=True, slots=True)
class CallQuestion:
    """A question that only a person can answer: how `call` should end.

    `answers` differ in their `end`; the first is that of the fix that was found, or of the
    likeliest edit. `ends` is how the call ends with each candidate, in order. `now` is how it ends
    before the fix, if it fails: "raises KeyError".
    """

    call: RecordedCall
    answers: tuple[CallOutcome, ...]
    ends: tuple[CallOutcome, ...] = ()
    now: str = ""

    @property
    def text(self) -> str:
        """The question as a sentence, without the answers."""
        return f"`{self.call.text}` should answer:"

    @property
    def choices(self) -> tuple[str, ...]:
        """The possible replies: each of the answers, and "none of them"."""
        none = NEITHER if len(self.answers) > 1 else ANOTHER
        return (*(answer.text for answer in self.answers), none)


@dataclass(frozen=True, slots=True)
class StatedAnswer:
    """A person's answer to a question. `right` is an index of its answers; `None`: none is right.

    `by` is the person's name; it is empty for the reader of the report.
    """

    question: CallQuestion
    right: int | None
    by: str = ""

    def find_conflict(self, outcome: CallOutcome) -> str:
        """Return why an outcome contradicts this answer, or an empty string if it does not."""
        wanted = None if self.right is None else self.question.answers[self.right]
        wrong = any(outcome.is_like(answer) for answer in self.question.answers)
        if outcome.is_like(wanted) if wanted else not wrong:
            return ""
        call = f"`{self.question.call.text}`"
        person = self.by or "you"
        return f"{call} {_describe_ending(outcome)} with it, but {person} said otherwise"

    @property
    def description(self) -> str:
        """The answer as a sentence."""
        call, answers = f"`{self.question.call.text}`", self.question.answers
        who = self.by or "You"
        if self.right is None:
            wrong = " nor ".join(answer.text for answer in answers)
            no = "answers neither" if len(answers) > 1 else "does not answer"
            return f"{who} said that {call} {no} {wrong}."
        return f"{who} said that {call} {_describe_ending(answers[self.right])}."


def choose_question(
    calls: Sequence[RecordedCall], outcomes: Sequence[Sequence[CallOutcome]]
) -> CallQuestion | None:
    """Return the call whose answer separates the most candidates, if a person can judge it.

    `outcomes` are how the calls end with each candidate, the fix first.
    """
    found: list[tuple[tuple[int, bool, int, int], CallQuestion]] = []
    for number, call in enumerate(calls):
        ends = [candidate[number] for candidate in outcomes]
        answers: dict[tuple[str, str], CallOutcome] = {}
        for end in filter(has_readable_text, ends):
            answers.setdefault(end.end, end)
        shown = tuple(answers.values())[:MOST_ANSWERS]
        if len(shown) > 1 and has_readable_text(ends[0]) and is_readable(call, shown):
            left = max(
                sum(end.end in (answer, *_collect_unreadable(ends)) for end in ends)
                for answer in answers
            )
            mark = (left, not call.arguments, len(call.text), number)
            found.append((mark, CallQuestion(call, shown, tuple(ends))))
    return min(found, key=lambda entry: entry[0])[1] if found else None


def _collect_unreadable(ends: Iterable[CallOutcome]) -> set[tuple[str, str]]:
    return {end.end for end in ends if not has_readable_text(end)}


def has_readable_text(outcome: CallOutcome) -> bool:
    """Return whether people can read the complete text of an outcome, and judge it."""
    plain = outcome.how in ("answer", "raise") and outcome.text not in ("", "?")
    return plain and (outcome.text == outcome.source or not _UNREADABLE.search(outcome.text))


def is_readable(call: RecordedCall, answers: Sequence[CallOutcome]) -> bool:
    """Return whether people can read the call and distinguish the answers."""
    different = len({answer.text for answer in answers}) == len(answers)
    arguments = call.arguments.values()
    is_complete = all(source in call.text for source in arguments) if arguments else False
    can_be_quoted = "`" not in call.text  # the card puts the call between backticks
    return different and can_be_quoted and (is_complete or not _UNREADABLE.search(call.text))


def _describe_ending(outcome: CallOutcome) -> str:
    if outcome.how == "answer":
        return f"answers {outcome.text}"
    return outcome.text or "cannot be replayed"
