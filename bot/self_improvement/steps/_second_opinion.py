"""Asks a second planner about plans of high risk; people see where the two differ."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from bot.domain.cost import Cost
from bot.domain.errors import AgentError, BudgetSpent
from bot.domain.plan import OpinionDifference, Plan, SecondOpinion
from bot.ports.agent import Progress
from bot.self_improvement.runs.agent_updates import OnProgress


class Opinion(NamedTuple):
    """What a planner thinks: the reading of the case, its plan, and the cost of the call."""

    reading: str
    plan: Plan | None
    cost: Cost = Cost()


async def add_second_opinion(
    first: Opinion,
    name: str,
    ask: Callable[[OnProgress], Awaitable[Opinion]],
    on_progress: OnProgress,
) -> Opinion:
    """Return the first opinion, its plan with the differences to the second, and both costs.

    Only plans of high risk are asked about. A second planner that fails is named; the first plan
    stays as it is in any case, because people decide between opinions.
    """
    if first.plan is None or first.plan.risk != "high":
        return first
    spent = Cost()

    async def show(progress: Progress) -> None:
        nonlocal spent
        spent = Cost().add(progress)
        text = f"second planner {progress.text}" if progress.text else ""
        await on_progress(progress.replace(**dict(first.cost.add(progress)), text=text, todos=None))

    try:
        second = await ask(show)
    except (AgentError, BudgetSpent) as error:
        opinion = SecondOpinion(author=name, failure=str(error))
    else:
        spent = second.cost
        opinion = SecondOpinion(author=name, differences=_compare(first, second))
    plan = first.plan.replace(second_opinion=opinion)
    return Opinion(first.reading, plan, first.cost.add(spent))


def _compare(first: Opinion, second: Opinion) -> tuple[OpinionDifference, ...]:
    pairs = [("Reading", first.reading, second.reading)]
    if first.plan is not None and second.plan is not None:
        pairs += [
            ("Solution", first.plan.solution, second.plan.solution),
            ("Files", _list_files(first.plan), _list_files(second.plan)),
            ("Risk", first.plan.risk, second.plan.risk),
        ]
    elif first.plan is not None:
        pairs.append(("Solution", first.plan.solution, "none: it would not make this change"))
    return tuple(
        OpinionDifference(about=about, first=one, second=other)
        for about, one, other in pairs
        if one.split() != other.split()
    )


def _list_files(plan: Plan) -> str:
    return ", ".join(sorted(plan.owned_files))
