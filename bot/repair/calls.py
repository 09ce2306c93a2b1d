"""Calls of the project's functions: recorded, made again, and asked about."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bot.infra.syntax import evaluate_literal

MOST_ANSWERS = 4
NEITHER, ANOTHER = "neither", "something else"
_UNREADABLE = re.compile(r"<[\w.]+ object>|\.\.\.(?:\W|$)")


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A call of a function: `text` is for people, `data` its arguments for whoever makes it again.

    `tests` are those that made it; a call that none made is a neighbour of one that was. Where all
    its arguments are literals, `arguments` are their sources by parameter, and `module` is what the
    function is imported from.
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
    """How a call ended: `told` is for people, equal `mark`s are equal outcomes.

    The first word of an answer's `mark` is of the answer, the second of what it was given. `source`
    is the answer as a literal, where it is one; of an answer that a person wrote it is all.

    `unknown` is a call that tried more than to compute, or that cannot be waited for.
    """

    how: Literal["answer", "raise", "late", "unknown"]
    text: str = ""
    mark: str = ""
    source: str = field(default="", compare=False)
    refused: bool = field(default=False, compare=False)

    @property
    def end(self) -> tuple[str, str]:
        """What was answered or raised, whatever became of the arguments."""
        return self.how, self.mark.partition(" ")[0]

    def is_like(self, other: "CallOutcome") -> bool:
        """Return whether people take both for the same end: 0 and 0.0 are one answer."""
        if self.end == other.end or not (self.source and other.source):
            return self.end == other.end
        one, two = evaluate_literal(self.source), evaluate_literal(other.source)
        return one == two and isinstance(one, bool) == isinstance(two, bool)


@dataclass(frozen=True, slots=True)
class CallQuestion:
    """What only a person can tell: which of these is how `call` should end.

    `answers` differ in their `end`; the first is that of the fix that was found, or of the
    likeliest edit. `ends` is how it ends with each candidate, in that order. `now` is how it ends
    as things are, where it fails: "raises KeyError".
    """

    call: RecordedCall
    answers: tuple[CallOutcome, ...]
    ends: tuple[CallOutcome, ...] = ()
    now: str = ""

    @property
    def text(self) -> str:
        """Return the question in words, without the answers."""
        return f"`{self.call.text}` should answer:"

    @property
    def choices(self) -> tuple[str, ...]:
        """Return what can be said to it: each of the answers, and that none of them is right."""
        none = NEITHER if len(self.answers) > 1 else ANOTHER
        return (*(answer.text for answer in self.answers), none)


@dataclass(frozen=True, slots=True)
class StatedAnswer:
    """What a person said to a question. `right` counts its answers from 0; none: neither is right.

    `by` is the person's name; where it is empty, it is who reads the report.
    """

    question: CallQuestion
    right: int | None
    by: str = ""

    def find_conflict(self, outcome: CallOutcome) -> str:
        """Return why what ends the call so is not the fix; nothing where it may be."""
        wanted = None if self.right is None else self.question.answers[self.right]
        wrong = any(outcome.is_like(answer) for answer in self.question.answers)
        if outcome.is_like(wanted) if wanted else not wrong:
            return ""
        call = f"`{self.question.call.text}`"
        return f"{call} {_describe_ending(outcome)} with it, and {self.by or 'you'} said otherwise"

    @property
    def description(self) -> str:
        """Return what was said, as a sentence."""
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
    """Return the call whose answer tells most of these candidates apart, if a person can say it.

    `outcomes` are how the calls end with each candidate, the fix first.
    """
    found: list[tuple[tuple[int, bool, int, int], CallQuestion]] = []
    for number, call in enumerate(calls):
        ends = [each[number] for each in outcomes]
        answers: dict[tuple[str, str], CallOutcome] = {}
        for end in filter(has_readable_text, ends):
            answers.setdefault(end.end, end)
        shown = tuple(answers.values())[:MOST_ANSWERS]
        if len(shown) > 1 and has_readable_text(ends[0]) and is_readable(call, shown):
            left = max(
                sum(end.end in (kept, *_collect_unreadable(ends)) for end in ends)
                for kept in answers
            )
            mark = (left, not call.arguments, len(call.text), number)
            found.append((mark, CallQuestion(call, shown, tuple(ends))))
    return min(found, key=lambda each: each[0])[1] if found else None


def _collect_unreadable(ends: Iterable[CallOutcome]) -> set[tuple[str, str]]:
    return {end.end for end in ends if not has_readable_text(end)}


def has_readable_text(outcome: CallOutcome) -> bool:
    """Return whether people can read all of it, and judge it."""
    plain = outcome.how in ("answer", "raise") and outcome.text not in ("", "?")
    return plain and (outcome.text == outcome.source or not _UNREADABLE.search(outcome.text))


def is_readable(call: RecordedCall, answers: Sequence[CallOutcome]) -> bool:
    """Return whether people can read the call, and tell the answers from each other."""
    different = len({answer.text for answer in answers}) == len(answers)
    given = call.arguments.values()
    whole = all(source in call.text for source in given) if given else False
    shown = "`" not in call.text  # it stands between such marks
    return different and shown and (whole or not _UNREADABLE.search(call.text))


def _describe_ending(outcome: CallOutcome) -> str:
    if outcome.how == "answer":
        return f"answers {outcome.text}"
    return outcome.text or "cannot be made again"
