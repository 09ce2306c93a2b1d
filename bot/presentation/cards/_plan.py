"""The plan, in full."""

from bot.domain.ids import shorten_id
from bot.domain.plan import Plan
from bot.presentation.cards._second_opinion import list_opinion_lines
from bot.presentation.markdown import escape_line, escape_text

_ID = 26  # the length of a journal record's id; commits are longer


def plan_text(plan: Plan) -> str:
    """Return the plan as Markdown."""
    steps = "\n".join(
        f"{number}. {escape_line(step.summary, 300)} (may change "
        f"{', '.join(f'`{file}`' for file in step.owned_files)})"
        for number, step in enumerate(plan.steps, 1)
    )
    tests = plan.tests
    kinds = {
        "unit": tests.unit,
        "integration": tests.integration,
        "performance": tests.performance,
        "user experience": tests.user_experience,
    }
    tested = "\n".join(
        f"- {kind}: {escape_line(text, 600)}" for kind, text in kinds.items() if text
    )
    parts = {
        "Problem": escape_text(plan.problem, 2_000),
        "Solution": escape_text(plan.solution, 2_000),
        "Steps": steps,
        **_build_divisions(plan),
        "Risk": escape_text(f"{plan.risk.capitalize()}. {plan.impact}", 800),
        "Tests": tested or "-",
        "Compatibility": escape_text(plan.compatibility, 800),
        "After deploy": escape_text(plan.verification, 800) or "-",
        "Rollback": escape_text(plan.rollback, 800) or "-",
    }
    if plan.second_opinion is not None:
        parts["Second opinion"] = "\n".join(f"- {line}" for line in list_opinion_lines(plan))
    if plan.lessons:
        parts["What earlier runs taught"] = "\n".join(
            f"- {escape_line(each, 240)}" for each in plan.lessons
        )
    if plan.evidence_ids:
        parts["Evidence"] = ", ".join(f"`{_shorten_id(each)}`" for each in plan.evidence_ids[:20])
    if plan.written_by:
        parts["Written by"] = plan.written_by
    return "\n\n".join(f"**{title}**\n{text}" for title, text in parts.items())


def _build_divisions(plan: Plan) -> dict[str, str]:
    """Return the approaches and parts that are written separately, if there are several."""
    approaches = [
        f"- {escape_line(each.name, 80)}: {escape_line(each.summary, 400)}"
        for each in plan.approaches
    ]
    names = ", ".join(f"`{part.name}`" for part in plan.parts)
    divisions = {"Approaches": "\n".join(approaches), "Parts": names}
    return {title: text for title, text in divisions.items() if text}


def _shorten_id(evidence: str) -> str:
    """Return a record's id as `/runs show` accepts it, or a commit's id as git shows it."""
    return shorten_id(evidence) if len(evidence) == _ID else evidence[:7]
