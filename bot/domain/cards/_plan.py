"""The plan, in full."""

from bot.domain.plan import Plan


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
    return "\n\n".join(f"**{title}**\n{text}" for title, text in parts.items())
