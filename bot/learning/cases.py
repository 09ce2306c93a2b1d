"""Builds the case of an ended run from its records. Pure."""

import re
from collections.abc import Sequence
from datetime import timedelta

from theseus_guard import is_test_file

from bot.domain.evidence import Evidence
from bot.domain.history import History
from bot.domain.run import Run, Status
from bot.domain.run_cases import Result, RunCase
from bot.learning.edits import classify_edit

_MODEL = re.compile(r"^(?P<engine>[^(]+?) \((?P<model>[^)]+)\)$")
_MOST = 20
_VERDICTS: dict[str, Result] = {
    "fixed": "held",
    "partial": "did not hold",
    "not_fixed": "did not hold",
    "regressed": "did not hold",
    "inconclusive": "unclear",
}
_ENDS: dict[Status, Result] = {
    Status.REJECTED: "rejected",
    Status.FAILED: "failed",
    Status.QUARANTINED: "failed",
    Status.CANCELLED: "unclear",
}


def build_case(run: Run, history: History, *, prompts: str = "", reports: int = 0) -> RunCase:
    """Return the case of a run that has ended.

    `prompts` is the version of the live prompts, `reports` the number of people's reports.
    """
    evidence, diagnosis, change = history.evidence, history.diagnosis, history.change_set
    capsule = evidence.capsule if evidence else None
    written_by = history.plan.written_by if history.plan else ""
    engine, model = split_engine(change.engine if change else "", written_by)
    changed = [each.path for each in change.files] if change else []
    return RunCase(
        run_id=run.id,
        target=run.trigger.target,
        goal=run.goal,
        by_itself=run.trigger.origin != "person",
        fault=get_fault_class(evidence),
        fingerprint=diagnosis.fingerprint if diagnosis else "",
        event=diagnosis.event if diagnosis else "",
        file=diagnosis.file if diagnosis else "",
        function=diagnosis.function if diagnosis else "",
        frames=_remove_duplicates(
            [frame.file for frame in reversed(capsule.frames)] if capsule else []
        ),
        files=_remove_duplicates([path for path in changed if not is_test_file(path)]),
        base=change.base if change else "",
        merge_commit=history.shipment.merge_commit if history.shipment else "",
        suspects=_remove_duplicates(
            [each.commit.sha for each in evidence.suspects] if evidence else []
        ),
        number=history.proposal.number if history.proposal else None,
        engine=engine,
        model=model,
        edit=_name_edit(history),
        evidence=_name_evidence(history),
        prompts=prompts if model else "",
        checks=_collect_checks(history),
        covered=_find_coverage(history),
        rounds=run.round,
        cost_usd=run.cost_usd,
        seconds=max((run.updated_at - run.created_at) / timedelta(seconds=1), 0.0),
        reports=reports,
        result=_judge(run, history),
        version=run.version,
        ended_at=run.updated_at,
    )


def get_fault_class(evidence: Evidence | None) -> str:
    """Return the class of a fault: its exception without the module; empty without an exception."""
    capsule = evidence.capsule if evidence else None
    return capsule.exception.rpartition(".")[2] if capsule else ""


def split_engine(engine: str, written_by: str) -> tuple[str, str]:
    """Return the engine's name, and its model: its own, or that of the plan's author."""
    found = _MODEL.match(engine)
    if found is not None:
        return found["engine"], found["model"]
    planner = _MODEL.match(written_by)
    is_same = planner is not None and planner["engine"] == engine
    return engine, planner["model"] if planner is not None and is_same else ""


def _judge(run: Run, history: History) -> Result:
    if history.outcome is not None:
        return _VERDICTS[history.outcome.verdict]
    if history.shipment is not None:
        return "unclear"
    if run.status is Status.DONE:
        return "answered"
    return _ENDS.get(run.status, "unclear")


def _name_edit(history: History) -> str:
    change = history.change_set
    if change is None or not change.files:
        return ""
    return "revert" if change.reverted_commit else classify_edit(change.diff)


def _name_evidence(history: History) -> str:
    plan = history.plan
    if plan is None:
        return ""
    if plan.replay is not None:
        return "replayed interaction"
    return "failing test" if plan.reproduction is not None else "nothing reproduced"


def _collect_checks(history: History) -> dict[str, str]:
    """Return the newest result of each check and gate; those that decided nothing are left out."""
    verdict, full = history.verdict, history.full_tier
    checks = (*(verdict.checks if verdict else ()), *(full.checks if full else ()))
    found: dict[str, str] = {each.name[:60]: each.status for each in checks}
    found |= {each.gate: each.status for each in (verdict.gates if verdict else ())}
    return {name: "passed" if status == "passed" else "failed" for name, status in found.items()
            if status in ("passed", "failed", "timeout")}  # fmt: skip


def _find_coverage(history: History) -> tuple[int, int] | None:
    gates = history.verdict.gates if history.verdict else ()
    return next((each.measured for each in gates if each.measured is not None), None)


def _remove_duplicates(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))[:_MOST]
