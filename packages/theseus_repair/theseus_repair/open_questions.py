"""Asks what a failing call should answer, if nothing else says so.

Many edits stop a call from failing, each with another answer, and a test made from a failure does
not know the right one. So none of them is proposed. A person may know: the question is about the
failing call itself, with answers for which an edit would become a fix.
"""

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from theseus_guard.syntax import evaluate_literal, parse

from theseus_repair.behaviour import Behaviour, BehaviourComparison
from theseus_repair.calls import (
    MOST_ANSWERS,
    CallOutcome,
    CallQuestion,
    RecordedCall,
    StatedAnswer,
    has_readable_text,
    is_readable,
)
from theseus_repair.confirmation import Confirmation
from theseus_repair.model import Candidate, SearchReport, Texts
from theseus_repair.source import FunctionNode

EDITS_AT_MOST = 20
_PLAIN = {"bool", "bytes", "dict", "float", "int", "list", "None", "set", "str", "tuple"}


@dataclass(frozen=True, slots=True)
class OpenQuestions:
    """Asks about calls of the `failing` tests; `before` are the unchanged texts."""

    before: Texts
    comparison: BehaviourComparison
    confirmation: Confirmation
    failing: frozenset[str]

    async def add_question(self, report: SearchReport) -> SearchReport:
        """Return the report with a question for a person, if no edit is to be proposed."""
        found = self.confirmation.unanswered
        likely = sorted(found, key=lambda each: -each.rank)[:EDITS_AT_MOST]
        if not likely:
            return report
        behaviours = await self.comparison.compare([each.apply(self.before) for each in likely])
        rows = sorted(zip(likely, behaviours, strict=True), key=lambda row: len(row[1].broken))
        question = await self._choose_question(rows) if self.comparison.calls else None
        return replace(report, question=question, unanswered=tuple(each for each, _ in rows))

    async def _choose_question(
        self, rows: Sequence[tuple[Candidate, Behaviour]]
    ) -> CallQuestion | None:
        """Return the question about the shortest call for which some answer makes a fix."""
        for number, call in sorted(self._find_failing_calls(), key=lambda each: len(each[1].text)):
            ends = [behaviour.outcomes[number] for _, behaviour in rows]
            now = self.comparison.base[number].text
            answers: list[CallOutcome] = []
            for (candidate, _), end in zip(rows, ends, strict=True):
                if not self._is_suitable(call, end) or any(map(end.is_like, answers)):
                    continue
                alone = CallQuestion(call, (end,), now=now)
                if await self.confirmation.is_acceptable(candidate, StatedAnswer(alone, 0)):
                    answers.append(end)
                if len(answers) == MOST_ANSWERS:
                    break
            if answers and is_readable(call, answers):
                return CallQuestion(call, tuple(answers), tuple(ends), now)
        return None

    def _find_failing_calls(self) -> Iterator[tuple[int, RecordedCall]]:
        """Yield the failing calls of failing tests, with their numbers."""
        pairs = zip(self.comparison.calls, self.comparison.base, strict=True)
        for number, (call, now) in enumerate(pairs):
            if now.how in ("raise", "late") and not self.failing.isdisjoint(call.tests):
                yield number, call

    def _is_suitable(self, call: RecordedCall, end: CallOutcome) -> bool:
        """Return whether a person can read the outcome, and the function may return its type."""
        types = find_answer_types(self.before.get(call.path, ""), call.name)
        return (
            end.how == "answer"
            and has_readable_text(end)
            and (not types or _get_type_name(end.source) in types)
        )


def find_answer_types(text: str, name: str) -> frozenset[str]:
    """Return the built-in types that a function is annotated to return; `name` is dotted.

    Return an empty set if it is not annotated, or also returns other types.
    """
    body: Collection[ast.stmt] = parse(text).body
    found: ast.stmt | None = None
    for part in name.split("."):
        found = next(
            (statement for statement in body if getattr(statement, "name", "") == part), None
        )
        body = getattr(found, "body", ())
    returns = found.returns if isinstance(found, FunctionNode) else None
    names = frozenset(_iterate_types(returns)) if returns is not None else frozenset()
    implicit = frozenset(
        {"int"} if "float" in names else ()
    )  # a type checker accepts an int as a float
    return names | implicit if names <= _PLAIN else frozenset()


def _iterate_types(annotation: ast.expr) -> Iterator[str]:
    if isinstance(annotation, ast.BinOp):
        yield from _iterate_types(annotation.left)
        yield from _iterate_types(annotation.right)
    elif isinstance(annotation, ast.Subscript):
        yield from _iterate_types(annotation.value)
    else:
        yield ast.unparse(annotation)


def _get_type_name(source: str) -> str:
    value = evaluate_literal(source) if source else object()
    return "None" if value is None else type(value).__name__
