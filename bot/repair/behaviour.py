"""What candidates change about what functions answer: calls of the tests, and calls like them.

Tests see an answer or two. A candidate that passes them may still raise for every caller that
leaves an argument out, so the functions it touches are called again with what the tests gave them
and with neighbours of that, on the tree as it is and with each candidate.
"""

import ast
import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.infra.syntax import parse
from bot.repair.calls import CallOutcome, RecordedCall
from bot.repair.model import LEFT_OTHERWISE, ChangedCall, Texts
from bot.repair.mutants import find_changed_lines
from bot.repair.runner import FunctionPlace, TestRunner, TimeLimits
from bot.repair.source import FunctionNode

FUNCTIONS_AT_MOST = 6
CUT_SHORT = " (it differs where it is cut short)"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What one candidate does to the calls that were made again.

    `broken`: answered before, raise or hang now. `changed`: made by passing tests, and answered
    otherwise. `moved`: other calls that answered before, and answer otherwise. `admitted`: calls
    that no failing test makes, which a `raise` refused before, and which answer now. `outcomes`:
    how every call ended, in one order for all candidates; `unknown` ones tell nothing.
    """

    broken: tuple[ChangedCall, ...] = ()
    changed: tuple[ChangedCall, ...] = ()
    moved: tuple[ChangedCall, ...] = ()
    admitted: tuple[ChangedCall, ...] = ()
    outcomes: tuple[CallOutcome, ...] = ()


@dataclass(frozen=True, slots=True)
class _Recording:
    """Calls of some functions, and how they end on the tree as it is."""

    calls: tuple[RecordedCall, ...] = ()
    base: tuple[CallOutcome, ...] = ()


class BehaviourComparison:
    """Compares candidates for `before` by the calls that `tests` make; `failing` are those red.

    `calls` are those of the last comparison, and `base` is how they end on the tree as it is.
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
        """Return what each of these new texts changes, in their order."""
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
        return [self._compare_outcomes(self.base, each) for each in ends]

    @property
    def has_passing_calls(self) -> bool:
        """Whether there are calls of passing tests among those that are made again."""
        return any(call.tests and not self._failing & set(call.tests) for call in self.calls)

    async def _get_recording(self, places: tuple[FunctionPlace, ...]) -> "_Recording":
        """Return the calls of these functions, and how they end today; they are recorded once."""
        if places and places not in self._known:
            self.calls = await self._runner.record_calls(self._tests, places, self._limits)
            base = await self._replay_baseline() if self.calls else ()
            self._known[places] = _Recording(self.calls, base)
        return self._known.get(places, _Recording())

    async def _replay_baseline(self) -> tuple[CallOutcome, ...]:
        """Return how the calls end today; what differs from time to time is unknown.

        So is what differs once all is imported anew: some candidates have to be, and some not.
        """
        first, again = await asyncio.gather(self._replay({}), self._replay({}, fresh=True))
        return tuple(
            one if one == other else CallOutcome("unknown")
            for one, other in zip(first, again, strict=True)
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
            told = _build_changed_call(call, old, new)
            passing = bool(call.tests) and not self._failing & set(call.tests)
            if new.how in ("raise", "late") and (passing or new.mark not in wanted):
                broken.append(told)
            elif passing and _answer(old) != _answer(new):
                changed.append(told)
            else:
                moved.append(told)
        return Behaviour(tuple(broken), tuple(changed), tuple(moved), tuple(admitted), tuple(ends))

    def _find_expected_errors(self, now: Sequence[CallOutcome]) -> frozenset[str]:
        """Return what calls of failing tests raise now: a test may ask for that."""
        return frozenset(
            new.mark
            for call, new in zip(self.calls, now, strict=True)
            if new.how == "raise" and self._failing & set(call.tests)
        )


def _answer(outcome: CallOutcome) -> str:
    """Return what tells an answer. What answers None, as a constructor does, is there for what it
    leaves in its arguments."""
    return outcome.mark if outcome.text == "None" else outcome.mark.partition(" ")[0]


def _build_changed_call(call: RecordedCall, old: CallOutcome, new: CallOutcome) -> ChangedCall:
    after = new.text
    if old.text == new.text:
        after += LEFT_OTHERWISE if _answer(old) == _answer(new) else CUT_SHORT
    return ChangedCall(call.text, old.text, after, bool(call.tests))


def find_difference(
    calls: Sequence[RecordedCall], one: Behaviour, other: Behaviour
) -> ChangedCall | None:
    """Return a call that ends otherwise with the other candidate: `before` ours, `after` theirs."""
    for call, ours, theirs in zip(calls, one.outcomes, other.outcomes, strict=True):
        if "unknown" not in (ours.how, theirs.how) and ours.mark != theirs.mark:
            return _build_changed_call(call, ours, theirs)
    return None


def is_comparable(one: Behaviour, other: Behaviour) -> bool:
    """Return whether it is known of any call how it ends with both; else they may be anything."""
    pairs = zip(one.outcomes, other.outcomes, strict=True)
    return any("unknown" not in (ours.how, theirs.how) for ours, theirs in pairs)


def find_touched_functions(before: Texts, after: Texts) -> Iterator[FunctionPlace]:
    """Yield the outermost functions of `before` whose lines differ in `after`.

    Where a line outside of functions differs, the functions of that file that name what it binds.
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
    first = min([statement.lineno, *(each.lineno for each in decorators)])
    return frozenset(range(first, (statement.end_lineno or statement.lineno) + 1))


def _collect_names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
