"""The gates run in order within their time, by the running bot's rules."""

import asyncio
from pathlib import Path
from typing import cast

from bot.domain.change import Verdict
from bot.domain.errors import PortError, WorkspaceError
from bot.domain.gates import GateMode, GateName, GateResult, GateRules
from bot.self_improvement.checks.gates.merge_gates import (
    GateCase,
    GateReport,
    MergeGates,
    build_gate_findings,
)
from tests.fakes.fake_clock import FakeClock
from tests.support.gate_cases import make_case

KEY = "sk-ant-api03-" + "a" * 95


class ScriptedGate:
    """A gate with a given result, error or duration; `seconds` pass on the clock meanwhile."""

    def __init__(
        self,
        name: GateName,
        *,
        summary: str = "",
        error: PortError | None = None,
        clock: FakeClock | None = None,
        seconds: float = 0.0,
        hangs: bool = False,
    ) -> None:
        self.name, self._summary, self._error = name, summary, error
        self._clock, self._seconds, self._hangs = clock, seconds, hangs

    async def judge(self, case: GateCase) -> GateReport:
        """Return the result."""
        if self._hangs:
            await asyncio.Event().wait()
        if self._clock is not None:
            self._clock.tick(self._seconds)
        if self._error is not None:
            raise self._error
        status = "failed" if self._summary else "passed"
        result = GateResult.model_validate(
            {"gate": self.name, "status": status, "summary": self._summary or "fine"}
        )
        return GateReport(result)


async def judge(
    tmp_path: Path, *gates: ScriptedGate, clock: FakeClock | None = None, **rules: object
) -> Verdict:
    case = await make_case(tmp_path, {"a.md": "1\n"}, {"a.md": "2\n"})
    found = MergeGates(gates, GateRules.model_validate(rules), clock or FakeClock())
    return await found.add(Verdict(head="head", round=1), case)


async def test_each_gate_has_its_mode_and_secrets_are_removed(tmp_path: Path) -> None:
    verdict = await judge(
        tmp_path,
        ScriptedGate("advisories", summary=f"found {KEY}"),
        ScriptedGate("documentation", summary="stale"),
        ScriptedGate("revert", summary="breaks"),
        revert="off",
    )
    first, second = verdict.gates
    assert (first.mode, first.is_blocking, second.is_blocking) == ("block", True, False)
    assert KEY not in first.summary


async def test_a_gate_that_fails_or_has_no_time_left_says_so_and_does_not_block(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    verdict = await judge(
        tmp_path,
        ScriptedGate("advisories", error=WorkspaceError("gone")),
        ScriptedGate("revert", clock=clock, seconds=61),
        ScriptedGate("performance", summary="slower"),
        clock=clock,
        seconds=60,
    )
    assert [(each.status, each.summary) for each in verdict.gates] == [
        ("unmeasured", "not possible here: gone"),
        ("passed", "fine"),
        ("unmeasured", "not started: the 60 s for all gates (`gates.seconds`) were used up"),
    ]


async def test_a_change_cannot_loosen_the_gates_that_judge_it(tmp_path: Path) -> None:
    config = "data/config.yaml"
    case = await make_case(
        tmp_path,
        {config: "gates: {advisories: block}\n"},
        {config: "gates: {advisories: off}\n", "bot/domain/gates.py": "GateRules = None\n"},
    )
    gates = MergeGates((ScriptedGate("advisories", summary="bad"),), GateRules(), FakeClock())
    verdict = await gates.add(Verdict(head="head", round=1), case)
    assert [each.is_blocking for each in verdict.gates] == [True]


async def test_a_gate_that_hangs_is_ended(tmp_path: Path) -> None:
    verdict = await judge(tmp_path, ScriptedGate("coverage", hangs=True), seconds=0.05)
    assert verdict.gates[0].summary.startswith("not finished")


def result(gate: str, mode: str = "block") -> GateResult:
    return GateResult(
        gate=cast(GateName, gate), status="failed", summary="bad", mode=cast(GateMode, mode)
    )


def test_a_slower_command_blocks_only_while_an_engine_can_mend_it() -> None:
    results = (result("performance"), result("advisories"), result("coverage", "report"))
    back = build_gate_findings(results, may_go_back=True)
    assert [each.message.partition(":")[0] for each in back] == ["performance", "advisories"]
    last = build_gate_findings(results, may_go_back=False)
    assert [each.message.partition(":")[0] for each in last] == ["advisories"]
    assert all(each.blocking for each in (*back, *last))
