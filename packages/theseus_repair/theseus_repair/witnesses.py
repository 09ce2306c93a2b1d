"""Finds further tests that confirm a fix: tests that check the edited code, or that fail as well.

A single answer is easily matched by chance, so a second test has to check the edited code. A
further test that fails too, and still does with the fix, may fail because of the same fault.
"""

import asyncio
from collections.abc import Iterator, Sequence

from theseus_repair.calls import StatedAnswer
from theseus_repair.evidence import AnswerEvidence, Ended, measure_evidence
from theseus_repair.model import Candidate, Problem, Texts
from theseus_repair.mutants import find_changed_lines
from theseus_repair.neighbour_edits import iterate_neighbour_edits
from theseus_repair.runner import TestRunner, TimeLimits

TESTS_AT_MOST = 40
ASSERTED = {"AssertionError", "Failed"}  # what an `assert` raises, and `pytest.raises`


class Witnesses:
    """Finds the tests that check a fix of a problem; `limits` are for some of its tests.

    `stated` are the answers that people gave, `red` further tests that failed before the fix.
    """

    def __init__(
        self,
        problem: Problem,
        runner: TestRunner,
        limits: TimeLimits,
        *,
        stated: Sequence[StatedAnswer] = (),
        other_failing: Sequence[str] = (),
    ) -> None:
        self._problem, self._runner, self._limits = problem, runner, limits
        self._stated, self._other_failing = tuple(stated), tuple(other_failing)

    async def select_fewest_failing(
        self, candidates: Sequence[Candidate]
    ) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
        """Return the candidates with the fewest further failing tests, and those tests."""
        if not self._other_failing:
            return tuple(candidates), ()
        left = await asyncio.gather(*map(self._list_still_failing, candidates))
        fewest = min(left, key=len)
        pairs = zip(candidates, left, strict=True)
        return tuple(each for each, tests in pairs if len(tests) == len(fewest)), fewest

    async def select_passing(
        self, fix: Texts, others: Sequence[tuple[Candidate, Texts]]
    ) -> list[tuple[Candidate, Texts]]:
        """Return those of other edits with which no further tests fail than with the fix."""
        if not self._other_failing or not others:
            return list(others)
        with_fix, *with_others = await asyncio.gather(
            *map(self._find_failing, (fix, *(files for _, files in others)))
        )
        return [
            edit
            for edit, failing in zip(others, with_others, strict=True)
            if set(failing) <= set(with_fix)
        ]

    async def _list_still_failing(self, candidate: Candidate) -> tuple[str, ...]:
        return await self._find_failing(candidate.apply(self._problem.texts))

    async def _find_failing(self, files: Texts) -> tuple[str, ...]:
        result = await self._runner.run(self._other_failing, files, self._limits)
        # A file that could not be imported is recorded by its path; once it can, by its tests.
        failed = {record.test for record in result.failures}
        passed = {
            *result.passed_tests,
            *(test.partition("::")[0] for test in result.passed_tests),
        } - failed
        return tuple(test for test in self._other_failing if test not in passed)

    async def has_two(self, fix: Texts) -> bool:
        """Return whether at least two tests check the very expression that was edited.

        A failing test and a person's answer count; another test counts if one of its assertions
        fails with other edits of that expression.
        """
        if len(self._problem.failing) + len(self._stated) > 1:
            return True
        return await self.has_passing_witness(fix)

    async def has_passing_witness(self, fix: Texts) -> bool:
        """Return whether a test that passed before checks the expression that was edited."""
        tests = list(self._find_reaching_tests(fix))[:TESTS_AT_MOST]
        for _, files in (
            iterate_neighbour_edits(self._problem.texts, fix, inside=True) if tests else ()
        ):
            if await self._is_refuted(tests, files):
                return True
        return False

    def measure_evidence(self, fix: Texts, calls: Sequence[Ended]) -> AnswerEvidence:
        """Return the evidence of the tests that run the edited code, and of people's answers.

        `calls` are those of the edited functions, as they end with the fix.
        """
        tests = (*self._problem.failing, *self._find_reaching_tests(fix))
        return measure_evidence(calls, tests, self._problem.crashes_by_test, self._stated)

    def _find_reaching_tests(self, fix: Texts) -> Iterator[str]:
        """Yield the passing tests that run lines the fix edited."""
        before = self._problem.texts
        lines = {path: find_changed_lines(text, before[path]) for path, text in fix.items()}
        for test in sorted(self._problem.passing):
            covered = self._problem.coverage.get(test, {})
            if any(lines[path] & covered.get(path, frozenset()) for path in lines):
                yield test

    async def _is_refuted(self, tests: Sequence[str], files: Texts) -> bool:
        """Return whether an assertion fails; another crash only shows that it was not reached."""
        result = await self._runner.run(tests, files, self._limits)
        errors = {record.crash.error for record in result.failures if record.crash}
        return bool(errors & ASSERTED)
