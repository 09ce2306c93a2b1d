"""The gate behind the search: refuses an edit that may only silence the failing call.

It compares the texts before and after, whoever made the edit. The full revert of a commit is proven
by the earlier state. For any other edit, existing tests have to check the edited code: they have to
distinguish the edit from its wrong neighbours. Without such tests only an edit of a computed value
passes, and only if the failing call has a known answer; the edit is then proven for that call
alone. An answer that a person stated is a known answer, and distinguishes edits as a test does. If
no answer is known, only tests that failed as well are evidence: tests that passed never reached the
crash.
"""

import ast
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from theseus_guard.syntax import parse

from theseus_repair.calls import StatedAnswer
from theseus_repair.hazards import JOINED, Hazard, HazardKind, find_hazards, find_joined_conditions
from theseus_repair.impacted_tests import Unconcerned, skip_none
from theseus_repair.model import Proof, SuspectHunk, Texts
from theseus_repair.mutants import build_mutants, find_changed_lines
from theseus_repair.partial_revert import find_reverted
from theseus_repair.runner import TestRunner, TimeLimits
from theseus_repair.stated_answers import StatedAnswers

_PARTIAL_REVERT = "reverts only a part of {commit}"
# An inverted comparison is as common a fault as its inversion is a wrong fix.
TURNED = {"inverts a condition", "inverts or drops a condition", JOINED}
_ENDINGS = {"exit", "quit", "_exit", "SystemExit"}
_ENDING = "it ends the program, so nothing after that is checked"
_UNSEEN = "no existing test would notice if that were wrong"


@dataclass(frozen=True, slots=True)
class Ruling:
    """The gate's decision on one change.

    `proof` is how far it is proven: `undo` (a complete commit is reverted), `tests` (existing tests
    distinguish it from its wrong neighbours), `answer` (a stated answer does) or `call` (the
    failing call alone). If it is not `allowed`, `reason` says why. `doubtful`: it may still be the
    fix if there is no other and it breaks nothing. `unanswered`: it was refused because no one
    stated what the failing call should answer; with an answer it may be the fix. `unjudged`:
    nothing speaks against it, but there are no tests that could confirm it, so people may judge it.
    """

    allowed: bool
    proof: Proof = "call"
    reason: str = ""
    commit: str = ""
    doubtful: bool = False
    unanswered: bool = False
    unjudged: bool = False


class CandidateGate:
    """Decides on changes to `before`.

    Args:
        existing: Tests that people wrote and that pass without the change or should pass with it.
        red: The tests of `existing` that fail without the change.
        answered: True if the failing call has a known answer, and need not only not raise.
        written: True if tests of people give that answer.
        stated: The answers that people gave.
        by_exit: True if only the program's exit shows success.
    """

    def __init__(
        self,
        before: Texts,
        runner: TestRunner,
        reproduction: Sequence[str],
        existing: Sequence[str],
        limits: TimeLimits,
        *,
        answered: bool,
        written: bool = False,
        other_failing: Collection[str] = (),
        hunks: Sequence[SuspectHunk] = (),
        known: frozenset[str] = frozenset(),
        by_exit: bool = False,
        stated: StatedAnswers | None = None,
        unconcerned: Unconcerned = skip_none,
    ) -> None:
        self._stated = stated or StatedAnswers(runner, reproduction, (), limits)
        self._by_exit, self._unconcerned = by_exit, unconcerned
        self._before, self._runner, self._limits = before, runner, limits
        self._reproduction, self._existing = tuple(reproduction), tuple(existing)
        self._answered, self._written, self._other_failing = (
            answered,
            written,
            frozenset(other_failing),
        )
        self._hunks, self._known = tuple(hunks), known

    async def judge(
        self,
        files: Texts,
        *,
        reverts: bool = False,
        answer: StatedAnswer | None = None,
        passing: Collection[str] = (),
    ) -> Ruling:
        """Decide on these new texts.

        `reverts` says that the candidate is known to revert something. `answer` is an answer that a
        person might state for the failing call. `passing` are tests that passed with these texts.
        """
        undo = find_reverted(self._before, files, self._hunks, self._known)
        if undo.full_commit is not None:
            return Ruling(allowed=True, proof="undo", commit=undo.full_commit)
        if self._by_exit and any(
            has_new_exit(self._before[path], text) for path, text in files.items()
        ):
            return Ruling(allowed=False, reason=_ENDING)
        found = [*find_hazards(self._before, files), *self._find_joined_conditions(files)]
        if back := bool(undo.parts) or reverts:
            commit = next(iter(undo.parts), "")
            name = f"commit {commit[:10]}" if commit else "an earlier change"
            found.append(Hazard("undo", next(iter(files)), 0, _PARTIAL_REVERT.format(commit=name)))
        stated, tests = self._stated.add(answer), await self._find_passing(files, passing)
        answered = self._answered or answer is not None
        # A partly reverted commit restores earlier code, which alone is no reason for doubt.
        unjudged = all(hazard.kind == "undo" for hazard in found)
        unjudged = unjudged and (back or not _has_lost_work(self._before, files))
        for kind, hazard in {hazard.kind: hazard for hazard in reversed(found)}.items():
            if not await self._is_distinguished(files, kind, tests, stated):
                return Ruling(
                    allowed=False,
                    reason=f"it {_describe_hazard(hazard)}, and {_UNSEEN}",
                    doubtful=self._written and all(each.description in TURNED for each in found),
                    unanswered=not answered,
                    unjudged=unjudged,
                )
        known = answered or reverts or bool(undo.parts) or await self._is_requested(files, tests)
        if known and ((found and not stated) or await self._is_distinguished(files, "undo", tests)):
            return Ruling(allowed=True, proof="tests")
        reason = "" if answered else f"no one has said what the right answer is, and {_UNSEEN}"
        proof: Proof = "answer" if stated else "call"
        return Ruling(
            allowed=answered,
            proof=proof,
            reason=reason,
            unanswered=not answered,
            unjudged=unjudged and not answered,
        )

    def _find_joined_conditions(self, files: Texts) -> Iterator[Hazard]:
        """Yield conditions that were added to others with `and` or `or`.

        If no one stated what is right, such a condition gives a fixed answer for the failing call.
        """
        for condition in find_joined_conditions(self._before, files):
            yield condition if self._written else replace(condition, kind="constant")

    async def _find_passing(self, files: Texts, known: Collection[str]) -> tuple[str, ...]:
        """Return the existing tests that pass with the change; those `known` do."""
        left_out = self._unconcerned(files)
        tests = [test for test in self._existing if test not in left_out]
        unknown = [test for test in tests if test not in known]
        passed = set(known)
        if unknown:
            passed.update((await self._runner.run(unknown, files, self._limits)).passed_tests)
        return tuple(test for test in tests if test in passed)

    async def _is_requested(self, files: Texts, tests: Sequence[str]) -> bool:
        """Return whether tests that fail without the change tell it from wrong neighbours."""
        # A file that could not be imported is recorded by its path; once it can, by its tests.
        failing = [test for test in tests if {test, test.partition("::")[0]} & self._other_failing]
        return bool(failing) and await self._is_distinguished(files, "undo", failing)

    async def _is_distinguished(
        self,
        files: Texts,
        kind: HazardKind,
        tests: Sequence[str],
        stated: StatedAnswers | None = None,
    ) -> bool:
        """Return whether these tests, or the stated answers, check the edited code.

        They do if at least one wrong neighbour of the edit fails them, and so does every neighbour
        that fixes the failing call as well. A neighbour that does not fix it is no alternative.
        """
        seen = False
        for path, after in files.items() if tests or stated else ():
            for text in build_mutants(path, self._before[path], after, kind):
                wrong = {**files, path: text}
                # The reproduction is short: with it, most neighbours need no run of all tests.
                is_alternative = await self._is_passing(self._reproduction, wrong)
                if seen and not is_alternative:
                    continue
                noticed = bool(tests) and not await self._is_passing(tests, wrong)
                noticed = noticed or bool(stated and await stated.find_conflict(wrong))
                seen = seen or noticed
                if is_alternative and not noticed:
                    return False
        return seen

    async def _is_passing(self, tests: Sequence[str], files: Texts) -> bool:
        result = await self._runner.run(tests, files, self._limits, stop_at_first=True)
        return not result.failures and not result.late and result.is_finished


def has_new_exit(before: str, after: str) -> bool:
    """Return whether the change adds a program exit, or edits a condition around one.

    Exits are `sys.exit`, `os._exit`, `raise SystemExit` and similar.
    """
    lines, tree = find_changed_lines(before, after), parse(after)
    guarded = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.If, ast.While, ast.IfExp)) and node.test.lineno in lines
    ]
    return _count_exits(tree) > _count_exits(parse(before)) or any(map(_count_exits, guarded))


def _count_exits(tree: ast.AST) -> int:
    named = (getattr(node, "attr", "") or getattr(node, "id", "") for node in ast.walk(tree))
    return sum(name in _ENDINGS for name in named)


def _describe_hazard(hazard: Hazard) -> str:
    return f"{hazard.description} (line {hazard.line})" if hazard.line else hazard.description


def _has_lost_work(before: Texts, after: Texts) -> bool:
    """Return whether an edit leaves fewer calls, or fewer awaited calls, than before.

    `send(str(await pool.fetchval("...")))` fails without a pool. `send(ctx)` does not fail, but it
    does not do the work either.
    """
    return any(_work(before[path]) - _work(text) for path, text in after.items())


def _work(text: str) -> Counter[type[ast.AST]]:
    kinds = (type(node) for node in ast.walk(parse(text)))
    return Counter(kind for kind in kinds if kind in (ast.Call, ast.Await))
