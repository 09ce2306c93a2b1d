"""The gate behind the search: an edit that may only quiet the failing call is not proposed.

It looks at the texts before and after, not at who made the edit or what they call it. A commit
taken back as a whole is proven by what was there before. For anything else tests that were there
before have to look at what was edited: they tell it from its wrong neighbours. Without
such tests only an edit of what is computed goes through, and only where the failing call is held to
an answer; it is proven for that call alone. What a person said it should answer is such an answer,
and tells edits apart as a test does. Where nobody has said it, only tests that failed as well speak
for an edit: those that passed never were where it crashed.
"""

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.infra.syntax import parse
from bot.proof import JOINED, Hazard, HazardKind, find_hazards, find_joined_conditions
from bot.repair.calls import StatedAnswer
from bot.repair.impacted_tests import Unconcerned, skip_none
from bot.repair.lost_work import has_lost_work
from bot.repair.model import Proof, SuspectHunk, Texts
from bot.repair.mutants import build_mutants, find_changed_lines
from bot.repair.partial_revert import find_reverted
from bot.repair.runner import TestRunner, TimeLimits
from bot.repair.stated_answers import StatedAnswers

_PARTIAL_REVERT = "takes back only a part of {commit}"
# A comparison that stands the wrong way is a fault as common as its opposite is as a wrong fix.
TURNED = {"turns a condition round", "turns a condition round, or drops one", JOINED}
_ENDINGS = {"exit", "quit", "_exit", "SystemExit"}
_ENDING = "it ends the program, so nothing that comes after is checked"
_UNSEEN = "no existing test would notice if that were wrong"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the gate says of one change.

    `proof` is how far it is proven: `undo` (a whole commit taken back), `tests` (existing tests
    tell it from its wrong neighbours), `answer` (what a person stated does) or `call` (the failing
    call alone). Not `allowed`: `reason`;
    `doubtful` says that it may be the fix all the same, where there is no other and it harms
    nothing, `unanswered` that it is turned down where nobody has said what the failing call should
    answer: with an answer it may be the fix. `unjudged` says that nothing speaks against it: only
    tests are missing that could tell whether it is right, so people may judge it.
    """

    allowed: bool
    proof: Proof = "call"
    reason: str = ""
    commit: str = ""
    doubtful: bool = False
    unanswered: bool = False
    unjudged: bool = False


class CandidateGate:
    """Rules on changes to `before`.

    `existing` are tests that people wrote and that pass without the change or should pass with it,
    and of these `red` fail without it;
    `answered` says that the failing call is held to an answer, not only to raising nothing, and
    `written` that it is so by tests of people; `stated` are the answers that people gave. `by_exit`
    says that how the program ends is all there is to judge by.
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
        self, files: Texts, *, reverts: bool = False, answer: StatedAnswer | None = None
    ) -> Ruling:
        """Rule on these new texts; `reverts` says that they are known to take something back.

        `said` is what a person might say the failing call should answer.
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
            name = f"commit {commit[:10]}" if commit else "what was changed together"
            found.append(Hazard("undo", next(iter(files)), 0, _PARTIAL_REVERT.format(commit=name)))
        stated, tests = self._stated.add(answer), await self._find_passing(files)
        answered = self._answered or answer is not None
        # A part of a commit that is taken back is code that was there before: no doubt of itself.
        unjudged = all(hazard.kind == "undo" for hazard in found)
        unjudged = unjudged and (back or not has_lost_work(self._before, files))
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
        reason = "" if answered else f"what the right answer is nobody knows, and {_UNSEEN}"
        proof: Proof = "answer" if stated else "call"
        return Ruling(
            allowed=answered,
            proof=proof,
            reason=reason,
            unanswered=not answered,
            unjudged=unjudged and not answered,
        )

    def _find_joined_conditions(self, files: Texts) -> Iterator[Hazard]:
        """Yield conditions that were joined to others.

        Where nobody has said what is right, that is a fixed answer for the call that failed.
        """
        for each in find_joined_conditions(self._before, files):
            yield each if self._written else replace(each, kind="constant")

    async def _find_passing(self, files: Texts) -> tuple[str, ...]:
        """Return the existing tests that pass with the change: those red without it tell most."""
        left_out = self._unconcerned(files)
        tests = [test for test in self._existing if test not in left_out]
        return (await self._runner.run(tests, files, self._limits)).passed_tests if tests else ()

    async def _is_requested(self, files: Texts, tests: Sequence[str]) -> bool:
        """Return whether tests that fail without the change tell it from its wrong neighbours."""
        # What was a file that could not be imported is its tests once it can.
        red = [each for each in tests if {each, each.partition("::")[0]} & self._other_failing]
        return bool(red) and await self._is_distinguished(files, "undo", red)

    async def _is_distinguished(
        self,
        files: Texts,
        kind: HazardKind,
        tests: Sequence[str],
        stated: StatedAnswers | None = None,
    ) -> bool:
        """Return whether these tests look at what was edited, or what was stated does.

        They do where one of its wrong neighbours turns one of them red, and every neighbour that
        mends the failing call as well does: one that does not mend it is no rival.
        """
        seen = False
        for path, after in files.items() if tests or stated else ():
            for text in build_mutants(path, self._before[path], after, kind):
                wrong = {**files, path: text}
                noticed = bool(tests) and not await self._is_passing(tests, wrong)
                noticed = noticed or bool(stated and await stated.find_conflict(wrong))
                seen = seen or noticed
                if not noticed and await self._is_passing(self._reproduction, wrong):
                    return False
        return seen

    async def _is_passing(self, tests: Sequence[str], files: Texts) -> bool:
        result = await self._runner.run(tests, files, self._limits, stop_at_first=True)
        return not result.failures and not result.late and result.is_finished


def has_new_exit(before: str, after: str) -> bool:
    """Whether the change brings an end of the program, or edits a condition that one stands under.

    That is `sys.exit`, `os._exit`, `raise SystemExit` and the like.
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
