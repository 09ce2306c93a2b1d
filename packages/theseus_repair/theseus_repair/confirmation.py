"""The final check of a passing candidate: is it new, is it within the time limits, is it proven?"""

import ast
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from theseus_guard import hash_texts
from theseus_guard.syntax import parse

from theseus_repair.calls import StatedAnswer
from theseus_repair.candidate_gate import CandidateGate, Ruling
from theseus_repair.model import Candidate, RefusedCandidate, Texts
from theseus_repair.runner import RunResult, TestRunner, TimeLimits
from theseus_repair.stated_answers import StatedAnswers
from theseus_repair.tidy import format_texts

Accepts = Callable[[Texts], Awaitable[bool]]
"""Returns whether a further check accepts these texts as a fix."""


async def accept_all(files: Texts) -> bool:
    """Accept anything."""
    return True


class Confirmation:
    """Implements `search.Confirm`.

    `rulings` are the gate's rulings, `refused` the candidates it refused. Of those, `doubtful` may
    be the fix if there is no other, `unanswered` lack only an answer for the failing call, and
    `unjudged` have nothing against them; the values are the reasons.

    `reproduction` has to pass with the candidate and `guards` to continue to pass; `turned_down`
    are the texts of earlier fixes, `failed` the hashes of changes that were shipped and did not
    hold. `accepts` and the answers that people `stated` are checked before the gate.
    """

    def __init__(
        self,
        root: Path,
        before: Texts,
        runner: TestRunner,
        gate: CandidateGate,
        *,
        reproduction: Sequence[str],
        guards: Sequence[str],
        limits: TimeLimits,
        stated: StatedAnswers | None = None,
        turned_down: Sequence[Texts] = (),
        failed: frozenset[str] = frozenset(),
        accepts: Accepts = accept_all,
    ) -> None:
        self._accepts, self._stated = accepts, stated
        self._root, self._before, self._runner, self._gate = root, before, runner, gate
        self._stages, self._limits = (tuple(reproduction), tuple(guards)), limits
        self._turned_down, self._failed = tuple(turned_down), failed
        self.rulings: dict[Candidate, Ruling] = {}
        self.refused: list[RefusedCandidate] = []
        self.doubtful: dict[Candidate, str] = {}
        self.unanswered: list[Candidate] = []
        self.unjudged: dict[Candidate, str] = {}

    async def __call__(self, candidate: Candidate, files: Texts) -> bool:
        """Return whether this candidate may be the fix."""
        if any(is_same_code(files, texts) for texts in self._turned_down):
            return False
        if await has_failed_before(self._root, self._failed, self._before, files):
            return False
        # The candidate may have been judged in a forked session; the final run is from the start.
        runs = asyncio.gather(*(self._run(stage, files) for stage in self._stages if stage))
        runs_passed, accepted = await asyncio.gather(runs, self._accepts(files))
        if not accepted or not all(run.is_passing for run in runs_passed):
            return False
        conflict = await self._stated.find_conflict(files) if self._stated else ""
        if conflict:
            self.refused.append(RefusedCandidate(candidate, conflict, stated=True))
            return False
        passing = {test for run in runs_passed for test in run.passed_tests}
        reverts = candidate.kind == "revert"
        ruling = await self._gate.judge(files, reverts=reverts, passing=passing)
        self.rulings[candidate] = ruling
        if ruling.doubtful:
            self.doubtful[candidate] = ruling.reason
        if ruling.unanswered:
            self.unanswered.append(candidate)
        if ruling.unjudged:
            self.unjudged[candidate] = ruling.reason
        if not ruling.allowed:
            self.refused.append(RefusedCandidate(candidate, ruling.reason))
        return ruling.allowed

    async def is_acceptable(self, candidate: Candidate, answer: StatedAnswer) -> bool:
        """Return whether the gate would accept an unanswered candidate with this answer."""
        files = candidate.apply(self._before)
        ruling = await self._gate.judge(files, reverts=candidate.kind == "revert", answer=answer)
        return ruling.allowed

    async def _run(self, tests: Sequence[str], files: Texts) -> RunResult:
        return await self._runner.run(tests, files, self._limits, fresh=True)


async def has_failed_before(
    root: Path, failed: frozenset[str], before: Texts, files: Texts
) -> bool:
    """Return whether this change was shipped before and did not hold, formatted or not."""
    if not failed:
        return False
    tidy = await format_texts(root, before, files)
    return bool({hash_texts(before, files), hash_texts(before, tidy)} & failed)


def is_same_code(files: Texts, others: Texts) -> bool:
    """Return whether both are the same change, however it is formatted."""
    if files.keys() != others.keys():
        return False
    return all(ast.dump(parse(files[path])) == ast.dump(parse(others[path])) for path in files)
