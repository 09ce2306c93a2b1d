"""The plan, in full."""

from bot.domain.ids import short_id
from bot.domain.plan import Plan

_ID = 26  # the length of a journal record's id; commits are longer


def plan_text(plan: Plan) -> str:
    """Return the plan as Markdown."""
    steps = "\n".join(
        f"{number}. {step.summary} (may change {', '.join(f'`{f}`' for f in step.owned_files)})"
        for number, step in enumerate(plan.steps, 1)
    )
    tests = plan.tests
    kinds = {
        "unit": tests.unit,
        "integration": tests.integration,
        "performance": tests.performance,
        "user experience": tests.user_experience,
    }
    tested = "\n".join(f"- {kind}: {text}" for kind, text in kinds.items() if text)
    parts = {
        "Problem": plan.problem,
        "Solution": plan.solution,
        "Steps": steps,
        "Risk": f"{plan.risk.capitalize()}. {plan.impact}",
        "Tests": tested or "-",
        "Compatibility": plan.compatibility,
        "After deploy": plan.verification or "-",
        "Rollback": plan.rollback or "-",
    }
    if plan.evidence_ids:
        parts["Evidence"] = ", ".join(f"`{_short(each)}`" for each in plan.evidence_ids[:20])
    if plan.written_by:
        parts["Written by"] = plan.written_by
    return "\n\n".join(f"**{title}**\n{text}" for title, text in parts.items())


def _short(evidence: str) -> str:
    """Return a record's id as `/runs show` knows it; a commit's as git shows it."""
    return short_id(evidence) if len(evidence) == _ID else evidence[:7]
