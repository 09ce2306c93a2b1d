"""Where a second planner differs from the plan."""

from bot.domain.plan import Plan
from bot.presentation.counts import format_count
from bot.presentation.markdown import escape_line

_LONGEST = 300


def list_opinion_lines(plan: Plan) -> tuple[str, ...]:
    """Return both opinions for each difference; empty if no second planner was asked."""
    opinion = plan.second_opinion
    if opinion is None:
        return ()
    if opinion.failure:
        return (f"{opinion.author} gave none: {escape_line(opinion.failure, _LONGEST)}",)
    if not opinion.differences:
        return (f"{opinion.author} says the same.",)
    return (
        f"{opinion.author} differs in {format_count(len(opinion.differences), 'point')}.",
        *(
            f"**{each.about}** {escape_line(each.first, _LONGEST)} ⟷ "
            f"{escape_line(each.second, _LONGEST)}"
            for each in opinion.differences
        ),
    )


def format_size(plan: Plan) -> str:
    """Return how large the change may become, as it was configured; empty if unknown."""
    if not plan.max_files:
        return ""
    owned = len(plan.owned_files)
    return f"{owned} of at most {plan.max_files} files, at most {plan.max_lines} changed lines"
