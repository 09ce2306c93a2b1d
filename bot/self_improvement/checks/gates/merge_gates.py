"""Runs the quality gates of a change whose checks pass, within one time limit."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

from theseus_guard.records import Finding
from theseus_observe.redaction import redact

from bot.domain.brief import Brief
from bot.domain.change import ChangeSet, Verdict
from bot.domain.errors import PortError
from bot.domain.gates import GateName, GateResult, GateRules, GateStatus
from bot.domain.trials import RevertTrial
from bot.infra.current_work import name_work
from bot.ports.clock import Clock
from bot.ports.workspace import Workspace


class GateCase(NamedTuple):
    """The change that a gate looks at: its head is checked out in `workspace`."""

    change: ChangeSet
    workspace: Workspace
    brief: Brief | None = None


class GateReport(NamedTuple):
    """The result of a gate; the trial of the revert, if it was made."""

    result: GateResult
    revert_trial: RevertTrial | None = None

    @classmethod
    def build(
        cls,
        gate: GateName,
        status: GateStatus,
        summary: str,
        details: Iterable[str] = (),
        remedy: str = "",
        measured: tuple[int, int] | None = None,
    ) -> Self:
        """Return the report with a result of these values."""
        return cls(
            GateResult(
                gate=gate,
                status=status,
                summary=summary,
                details=tuple(details),
                remedy=remedy,
                measured=measured,
            )
        )


class MergeGate(Protocol):
    """One gate. It decides by base's and head's files and by the running bot's settings."""

    @property
    def name(self) -> GateName:
        """The name in the configuration."""
        ...

    async def judge(self, case: GateCase) -> GateReport | None:
        """Return the result; `None` if the change is none of the gate's business.

        Raises `PortError` if the gate cannot be decided.
        """
        ...


@dataclass(frozen=True, eq=False)
class MergeGates:
    """Runs the gates one after the other; what does not fit into the time is left out.

    `rules` are those of the running bot: a change of the configuration counts once it is merged, so
    that no change can loosen the gates that judge it.
    """

    gates: Sequence[MergeGate]
    rules: GateRules
    clock: Clock

    async def add(self, verdict: Verdict, case: GateCase) -> Verdict:
        """Return the verdict with the redacted results of all gates that are on."""
        ends = self.clock.monotonic() + self.rules.seconds
        results: list[GateResult] = []
        for gate in self.gates:
            mode = self.rules.get_mode(gate.name)
            if mode == "off":
                continue
            with name_work(f"the quality gate {gate.name}"):
                report = await self._run(gate, case, ends - self.clock.monotonic())
            if report is None:
                continue
            results.append(_redact_result(report.result.replace(mode=mode)))
            if report.revert_trial is not None:
                verdict = verdict.replace(revert_trial=report.revert_trial)
        return verdict.replace(gates=tuple(results))

    async def _run(self, gate: MergeGate, case: GateCase, left: float) -> GateReport | None:
        late = f"the {self.rules.seconds:g} s for all gates (`gates.seconds`) were used up"
        if left <= 0:
            return _build_unmeasured(gate.name, f"not started: {late}")
        try:
            async with asyncio.timeout(left):
                return await gate.judge(case)
        except TimeoutError:
            return _build_unmeasured(gate.name, f"not finished: {late}")
        except PortError as error:
            return _build_unmeasured(gate.name, f"not possible here: {error}")


def build_gate_findings(results: Sequence[GateResult], *, may_go_back: bool) -> tuple[Finding, ...]:
    """Return a blocking finding for each gate that refuses the change.

    With `may_go_back`, an engine gets another round, also for a result that an approver may accept.
    """
    return tuple(
        Finding(
            rule="slower" if each.needs_acceptance else "gate",
            path="",
            message=" ".join(
                filter(None, (f"{each.gate}: {each.summary}.", *each.details, each.remedy))
            ),
            blocking=True,
        )
        for each in results
        if each.is_blocking and (may_go_back or not each.needs_acceptance)
    )


def _build_unmeasured(name: GateName, why: str) -> GateReport:
    return GateReport(GateResult(gate=name, status="unmeasured", summary=why))


def _redact_result(result: GateResult) -> GateResult:
    return result.replace(
        summary=redact(result.summary),
        details=tuple(map(redact, result.details)),
        remedy=redact(result.remedy),
    )
