"""The case that a planner examines, and what is said if the planner fails."""

from theseus_observe.redaction import redact

from bot.authority.named_files import collect_named_files
from bot.domain.errors import TheseusError
from bot.domain.evidence import Evidence
from bot.domain.history import History
from bot.domain.run import Run
from bot.ports.planner import Case
from bot.self_improvement.rule_diagnosis import diagnose_by_rules
from bot.self_improvement.step_context import StepContext


def build_case(run: Run, history: History, evidence: Evidence) -> Case:
    """Return the planner's case: the request, the evidence, the rules' diagnosis."""
    return Case(
        run_id=run.id,
        person_id=run.trigger.person.id,
        attempt=run.attempt,
        text=run.trigger.material,
        evidence=evidence,
        diagnosis=diagnose_by_rules(evidence),
        named=collect_named_files(run, history),
    )


async def say_without_planner(
    context: StepContext, run: Run, error: TheseusError, instead: str
) -> None:
    """Say that the planner failed, and what is used instead."""
    context.record(run, error)
    key = f"planner:{run.attempt}:{run.goal}"
    await context.notifier.say(run, f"⚠️ {redact(str(error))} {instead}", key=key)
