"""Finds what candidates change about the answers of functions, by replaying the tests' calls.

Tests check only an answer or two. A candidate that passes them may still raise for every caller
that omits an argument. So the functions it edits are called again with the tests' arguments and
with similar ones, on the unchanged tree and with each candidate.
"""

import ast
import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from theseus_guard.syntax import parse

from theseus_repair.calls import CallOutcome, RecordedCall
from theseus_repair.model import LEFT_OTHERWISE, ChangedCall, Texts
from theseus_repair.mutants import find_changed_lines
from theseus_repair.runner import FunctionPlace, TestRunner, TimeLimits
from theseus_repair.source import FunctionNode

FUNCTIONS_AT_MOST = 6
CUT_SHORT = " (it differs where it is cut short)"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The effects of one candidate on the replayed calls.

    `broken`: answered before, raise or hang now. `changed`: made by passing tests, and answered
    differently. `moved`: other calls that answered before, and answer differently now. `admitted`:
    calls that no failing test makes, which a `raise` refused before, and which answer now.
    `outcomes`: how every call ended, in the same order for all candidates; `unknown` ones say
    nothing.
    """

    broken: tuple[ChangedCall, ...] = ()
    changed: tuple[ChangedCall, ...] = ()
    moved: tuple[ChangedCall, ...] = ()
    admitted: tuple[ChangedCall, ...] = ()
    outcomes: tuple[CallOutcome, ...] = ()


@dataclass(frozen=True, slots=True)
class _Recording:
    """Calls of some functions, and how they end on the unchanged tree."""

    calls: tuple[RecordedCall, ...] = ()
    base: tuple[CallOutcome, ...] = ()


class BehaviourComparison:
    """Compares candidates for `before` by the calls of `tests`; `failing` tests fail without.

    `calls` are those of the last comparison, and `base` is how they end on the unchanged tree.
    """

    def __init__(
        self,
        runner: TestRunner,
        before: Texts,
        tests: Sequence[str],
        failing: frozenset[str],
        limits: TimeLimits,
    ) -> None:
        self._runner, self._before, self._limits = runner, before, limits
        self._tests, self._failing = tuple(dict.fromkeys(tests)), failing
        self.calls: tuple[RecordedCall, ...] = ()
        self.base: tuple[CallOutcome, ...] = ()
        self._known: dict[tuple[FunctionPlace, ...], _Recording] = {}

    async def compare(self, candidates: Sequence[Texts]) -> list[Behaviour]:
        """Return what each candidate (its new texts) changes, in their order."""
        places = sorted(
            {
                place
                for files in candidates
                for place in find_touched_functions(self._before, files)
            },
            key=lambda place: (place.path, place.line),
        )
        recording = await self._get_recording(tuple(places[:FUNCTIONS_AT_MOST]))
        self.calls, self.base = recording.calls, recording.base
        if not self.calls:
            return [Behaviour() for _ in candidates]
        ends = await asyncio.gather(*(self._replay(files) for files in candidates))
        return [self._compare_outcomes(self.base, end) for end in ends]

    @property
    def has_passing_calls(self) -> bool:
        """True if a passing test makes one of the replayed calls."""
        return any(call.tests and not self._failing & set(call.tests) for call in self.calls)

    async def _get_recording(self, places: tuple[FunctionPlace, ...]) -> "_Recording":
        """Return the calls of these functions and their present outcomes, recorded only once."""
        if places and places not in self._known:
            self.calls = await self._runner.record_calls(self._tests, places, self._limits)
            base = await self._replay_baseline() if self.calls else ()
            self._known[places] = _Recording(self.calls, base)
        return self._known.get(places, _Recording())

    async def _replay_baseline(self) -> tuple[CallOutcome, ...]:
        """Return how the calls end before any edit, or `unknown` if two replays differ.

        One of the two replays imports everything again, because some candidates need that.
        """
        first, second = await asyncio.gather(self._replay({}), self._replay({}, fresh=True))
        return tuple(
            one if one == other else CallOutcome("unknown")
            for one, other in zip(first, second, strict=True)
        )

    async def _replay(self, files: Texts, *, fresh: bool = False) -> tuple[CallOutcome, ...]:
        return await self._runner.replay_calls(
            self.calls, self._tests, files, self._limits, fresh=fresh
        )

    def _compare_outcomes(
        self, base: Sequence[CallOutcome], now: Sequence[CallOutcome]
    ) -> Behaviour:
        broken, changed, moved, admitted = [], [], [], []
        ends: list[CallOutcome] = []
        wanted = self._find_expected_errors(now)
        for call, old, new in zip(self.calls, base, now, strict=True):
            ends.append(CallOutcome("unknown") if old.how == "unknown" else new)
            if old.refused and ends[-1].how == "answer" and not self._failing & set(call.tests):
                admitted.append(_build_changed_call(call, old, new))
            if old.how != "answer" or ends[-1].how == "unknown" or old.mark == new.mark:
                continue
            change = _build_changed_call(call, old, new)
            passing = bool(call.tests) and not self._failing & set(call.tests)
            if new.how in ("raise", "late") and (passing or new.mark not in wanted):
                broken.append(change)
            elif passing and _answer(old) != _answer(new):
                changed.append(change)
            else:
                moved.append(change)
        return Behaviour(tuple(broken), tuple(changed), tuple(moved), tuple(admitted), tuple(ends))

    def _find_expected_errors(self, now: Sequence[CallOutcome]) -> frozenset[str]:
        """Return the errors that calls of failing tests raise now: a test may expect them."""
        return frozenset(
            new.mark
            for call, new in zip(self.calls, now, strict=True)
            if new.how == "raise" and self._failing & set(call.tests)
        )


def _answer(outcome: CallOutcome) -> str:
    """Return the part of the mark that identifies the answer.

    A function that answers None, as a constructor does, acts on its arguments, so the complete mark
    counts.
    """
    return outcome.mark if outcome.text == "None" else outcome.mark.partition(" ")[0]


def _build_changed_call(call: RecordedCall, old: CallOutcome, new: CallOutcome) -> ChangedCall:
    after = new.text
    if old.text == new.text:
        after += LEFT_OTHERWISE if _answer(old) == _answer(new) else CUT_SHORT
    return ChangedCall(call.text, old.text, after, bool(call.tests))


def find_difference(
    calls: Sequence[RecordedCall], one: Behaviour, other: Behaviour
) -> ChangedCall | None:
    """Return a call that ends differently with the other candidate: `before` one, `after` other."""
    for call, first, second in zip(calls, one.outcomes, other.outcomes, strict=True):
        if "unknown" not in (first.how, second.how) and first.mark != second.mark:
            return _build_changed_call(call, first, second)
    return None


def is_comparable(one: Behaviour, other: Behaviour) -> bool:
    """Return whether the outcome of at least one call is known with both candidates."""
    pairs = zip(one.outcomes, other.outcomes, strict=True)
    return any("unknown" not in (first.how, second.how) for first, second in pairs)


def find_touched_functions(before: Texts, after: Texts) -> Iterator[FunctionPlace]:
    """Yield the outermost functions of `before` whose lines differ in `after`.

    If a line outside of functions differs, also the functions that use a name which it binds.
    """
    for path, text in after.items():
        try:
            tree = parse(before[path])
        except (SyntaxError, ValueError):
            continue
        lines = find_changed_lines(text, before[path])
        functions = list(_walk_functions(path, tree.body, ""))
        inside = [place for place, node in functions if lines & _get_lines(node)]
        yield from inside
        bound = {
            name.id
            for statement in tree.body
            if not isinstance(statement, (*_FUNCTIONS, ast.ClassDef))
            and lines & _get_lines(statement)
            for name in ast.walk(statement)
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
        }
        for place, node in functions:
            if place not in inside and bound & _collect_names(node):
                yield place


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _walk_functions(
    path: str, body: Iterable[ast.stmt], prefix: str
) -> Iterator[tuple[FunctionPlace, FunctionNode]]:
    for statement in body:
        if isinstance(statement, FunctionNode):
            first = min(_get_lines(statement))
            yield FunctionPlace(path, first, f"{prefix}{statement.name}"), statement
        elif isinstance(statement, ast.ClassDef):
            yield from _walk_functions(path, statement.body, f"{prefix}{statement.name}.")


def _get_lines(statement: ast.stmt) -> frozenset[int]:
    decorators = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(decorator.lineno for decorator in decorators)])
    return frozenset(range(first, (statement.end_lineno or statement.lineno) + 1))


def _collect_names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
