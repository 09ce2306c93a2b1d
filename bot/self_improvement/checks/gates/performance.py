"""The performance gate: recorded interactions take as long with the change as without it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import ClassVar, NamedTuple

from theseus_rehearsal.ports.rehearsal import Rehearsal, ScriptRunner
from theseus_rehearsal.probe import RunProbe, StepCost
from theseus_rehearsal.records import CommandStep, Script
from theseus_rehearsal.scripts import describe_step

from bot.domain.gates import GateName, GateRules
from bot.ports.trees import CommitTrees
from bot.proof.slowdown import FEW, MANY, Limit, PairComparison, compare_pairs
from bot.self_improvement.checks.gates.merge_gates import GateCase, GateReport
from bot.self_improvement.checks.gates.reached_scripts import CaseScripts

_MOST = 4  # commands that are measured; the newest use of each
_REMEDY = "Make it as fast as before; or an approver accepts it with “ship it, slower accepted”."
Rounds = list[tuple[StepCost, StepCost]]


class _Measured(NamedTuple):
    """The rounds of one command."""

    label: str
    rounds: Rounds


@dataclass(frozen=True, eq=False)
class PerformanceGate:
    """Replays the newest use of each command that the change reaches, with base and head in turns.

    Three durations are compared: processor time, elapsed time without waiting for a processor, and
    what a person waits because the code sleeps (in a replay, sleeping takes no time). All of them
    are read from outside of the sandbox, in which nothing says that durations are measured.
    """

    rehearsal: Rehearsal
    trees: CommitTrees
    scripts: CaseScripts
    rules: GateRules
    name: ClassVar[GateName] = "performance"

    async def judge(self, case: GateCase) -> GateReport:
        """Return the slower commands. Raises `RehearsalError`, `StoreError`, `WorkspaceError`."""
        scripts = select_newest(await self.scripts.list_for(case))
        if not scripts:
            return GateReport.build(
                self.name, "unmeasured", "no use of a command that it reaches was recorded"
            )
        open_tree = self.trees.open_tree
        async with open_tree(case.change.base) as base, open_tree(case.change.head) as head:
            measured = await self._measure(base, head, scripts)
        limit = Limit(self.rules.slower_percent / 100, self.rules.slower_ms / 1000)
        return self._decide([each for each in measured if each.rounds], limit)

    async def _measure(
        self, base: Path, head: Path, scripts: Mapping[str, Script]
    ) -> list[_Measured]:
        """Return the rounds of each command: a few, and many where a few do not decide."""
        limit = Limit(self.rules.slower_percent / 100, self.rules.slower_ms / 1000)
        measured = []
        async with self.rehearsal.open(base) as older, self.rehearsal.open(head) as newer:
            for label, script in scripts.items():
                rounds: Rounds = []
                for number in range(MANY):
                    if number == FEW and not _is_suspect(rounds, limit):
                        break
                    pair = await _run_round(older, newer, script, is_swapped=bool(number % 2))
                    if pair is None:  # it does not get that far on one side
                        rounds = []
                        break
                    rounds.append(pair)
                measured.append(_Measured(label, rounds))
        return measured

    def _decide(self, measured: Sequence[_Measured], limit: Limit) -> GateReport:
        slower: list[str] = []
        unclear: list[str] = []
        for label, rounds in measured:
            found = compare_rounds(rounds, limit)
            late = [f"{kind} {_format(e)}" for kind, e in found.items() if e.decision == "slower"]
            if late:
                slower.append(f"`{label}`: {', '.join(late)}")
            elif any(each.decision == "undecided" for each in found.values()):
                vague = next(e for e in found.items() if e[1].decision == "undecided")
                unclear.append(f"`{label}`: {_format_doubt(*vague)}")
        details = [*slower, *unclear]
        count = len(measured)
        if slower:
            return GateReport.build(
                self.name, "failed", f"{len(slower)} of {count} commands slower", details, _REMEDY
            )
        if unclear or not measured:
            why = unclear[0] if unclear else "no command runs with both commits"
            return GateReport.build(self.name, "unmeasured", f"not measurable here: {why}", details)
        return GateReport.build(
            self.name, "passed", f"{count} command{'s' if count > 1 else ''} as fast as before"
        )


def select_newest(scripts: Sequence[Script]) -> Mapping[str, Script]:
    """Return one script of each command, by a label without anything that people typed."""
    found: dict[str, Script] = {}
    for script in scripts:
        last = script.steps[-1]
        label = f"/{last.command}" if isinstance(last, CommandStep) else _describe(script)
        found.setdefault(label, script)
    return dict(islice(found.items(), _MOST))


def compare_rounds(rounds: Rounds, limit: Limit) -> Mapping[str, PairComparison]:
    """Return the comparison of each duration that is known."""
    durations = {
        "takes": [(a.seconds + a.waited, b.seconds + b.waited) for a, b in rounds],
        "uses the processor": [
            (a.cpu, b.cpu) for a, b in rounds if a.cpu is not None and b.cpu is not None
        ],
    }
    known = {kind: pairs for kind, pairs in durations.items() if len(pairs) == len(rounds)}
    return {kind: compare_pairs(pairs, limit) for kind, pairs in known.items()}


def _is_suspect(rounds: Rounds, limit: Limit) -> bool:
    return any(each.decision != "same" for each in compare_rounds(rounds, limit).values())


async def _run_round(
    older: ScriptRunner, newer: ScriptRunner, script: Script, *, is_swapped: bool
) -> tuple[StepCost, StepCost] | None:
    """Return the cost of the last step with base and with head; `None` if it was not reached."""
    costs: dict[int, StepCost] = {}
    sides = ((1, newer), (0, older)) if is_swapped else ((0, older), (1, newer))
    for side, runner in sides:
        probe = RunProbe()
        await runner.run(script, probe=probe)
        if len(probe.costs) < len(script.steps):
            return None
        costs[side] = probe.costs[-1]
    return costs[0], costs[1]


def _describe(script: Script) -> str:
    return describe_step(script.steps[-1]).partition(" ")[0][:40]


def _format(found: PairComparison) -> str:
    return f"{found.before * 1000:.0f} ms before, {found.after * 1000:.0f} ms now"


def _format_doubt(kind: str, found: PairComparison) -> str:
    least, most = found.least * 1000, found.most * 1000
    return f"{kind} between {least:+.0f} and {most:+.0f} ms of what it did, too uneven to decide"
