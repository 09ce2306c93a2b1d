"""The coverage gate: which changed lines no test and no replay runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.probe import RunProbe

from bot.domain.errors import RehearsalError, StoreError, VerifierError
from bot.domain.gates import GateName, GateRules
from bot.ports.coverage_meter import CoverageMeter, Lines
from bot.ports.trees import CommitTrees
from bot.proof.changed_statements import (
    Statement,
    format_lines,
    list_added_lines,
    list_changed_statements,
)
from bot.self_improvement.checks.gates.merge_gates import GateCase, GateReport
from bot.self_improvement.checks.gates.reached_scripts import CaseScripts

_MOST_SCRIPTS, _MOST_SHOWN = 12, 8
_Statements = Mapping[str, Sequence[Statement]]


@dataclass(frozen=True, eq=False)
class CoverageGate:
    """Runs the nearest tests once more and notes the lines that run, until all changed ones have.

    Recorded interactions are run where the tests leave out a line.
    The tested code could claim to have run, so this is a report, and no proof.
    """

    meter: CoverageMeter
    rehearsal: Rehearsal
    trees: CommitTrees
    scripts: CaseScripts
    rules: GateRules
    name: ClassVar[GateName] = "coverage"

    async def judge(self, case: GateCase) -> GateReport:
        """Return the changed lines that never run. Raises `VerifierError`, `WorkspaceError`."""
        statements = await self._list_statements(case)
        if not statements:
            return GateReport.build(self.name, "passed", "no line of the program changes")
        doubts: list[str] = []
        ran: dict[str, set[int]] = {}
        for collect in (self._run_tests, self._run_scripts):
            if _has_run_all(statements, ran):
                break
            try:
                for file, lines in (await collect(case, statements)).items():
                    ran.setdefault(file, set()).update(lines)
            except (VerifierError, RehearsalError, StoreError) as error:
                doubts.append(str(error))
        if len(doubts) > 1:
            return GateReport.build(self.name, "unmeasured", f"nothing could be run: {doubts[0]}")
        return self._decide(statements, ran, doubts)

    def _decide(self, statements: _Statements, ran: Lines, doubts: list[str]) -> GateReport:
        unrun = _list_unrun(statements, ran)
        total = sum(map(len, statements.values()))
        missing = sum(map(len, unrun.values()))
        places = [place for file, lines in unrun.items() for place in format_lines(file, lines)]
        details = [f"never run: `{place}`" for place in places[:_MOST_SHOWN]]
        if len(places) > _MOST_SHOWN:
            details.append(f"and {len(places) - _MOST_SHOWN} more places")
        details += [f"without a part: {doubt}" for doubt in doubts]
        wanted = self.rules.covered_percent
        summary = f"{total - missing} of {total} changed statements run"
        if 100 * (total - missing) < wanted * total:
            return GateReport.build(
                self.name,
                "failed",
                f"{summary}, {wanted:g} % are required",
                details,
                "Add tests that run these lines, or lower `gates.covered_percent`.",
                (total - missing, total),
            )
        return GateReport.build(
            self.name, "passed", summary, details, measured=(total - missing, total)
        )

    async def _list_statements(self, case: GateCase) -> _Statements:
        found = {}
        for file, added in list_added_lines(case.change.diff).items():
            text = await case.workspace.read_at(case.change.head, file) or ""
            if statements := list_changed_statements(text, added):
                found[file] = statements
        return found

    async def _run_tests(self, case: GateCase, statements: _Statements) -> Lines:
        is_enough = partial(_has_run_all, statements)
        return await self.meter.measure_lines(
            case.change.base, case.change.head, sorted(statements), is_enough
        )

    async def _run_scripts(self, case: GateCase, statements: _Statements) -> Lines:
        scripts, files = await self.scripts.list_for(case), sorted(statements)
        probe = RunProbe(files=files, traces_steps=True)
        if scripts:
            async with (
                self.trees.open_tree(case.change.head) as tree,
                self.rehearsal.open(tree) as player,
            ):
                for script in scripts[:_MOST_SCRIPTS]:
                    transcript = await player.run(script, probe=probe)
                    for step in transcript.steps:  # a bot with its own start reports them here
                        for file in step.lines.keys() & set(files):
                            probe.lines.setdefault(file, set()).update(step.lines[file])
        return probe.lines


def _has_run_all(statements: _Statements, ran: Lines) -> bool:
    return not any(_list_unrun(statements, ran).values())


def _list_unrun(statements: _Statements, ran: Lines) -> dict[str, list[int]]:
    """Return the first lines of the statements that did not run, by file."""
    return {
        file: [each.first for each in found if each.lines.isdisjoint(ran.get(file, ()))]
        for file, found in statements.items()
    }
