"""What is said when a cap is reached."""

from bot.domain.spending import CapName, CapStanding
from bot.domain.spent import Spent
from bot.domain.waits import soon
from bot.presentation.cards import money, of_cap, tokens

_WHOSE: dict[CapName, str] = {
    "run": "The budget of this run",
    "person_day": "What one person may spend in a day",
    "day": "The budget of today",
    "week": "The budget of this week",
}
LAST_WORDS = (
    "Only what is kept back for the end is left. Call no tool any more: say in a few sentences "
    "what you found, what is done, and what is not."
)


def spent_text(standing: CapStanding) -> str:
    """Return which cap is reached, what was spent, and when it is free again."""
    whose = f"{_WHOSE[standing.name]} is spent: {of_cap(standing.spent, standing.cap)}"
    return f"{whose} (`budget.{standing.name}`). {_free(standing)}"


def too_large_text(standing: CapStanding, most: Spent) -> str:
    """Return that the next request might go past the cap."""
    may = money(most.cost_usd)
    if standing.cap.usd is None:
        may = tokens(most.tokens_in + most.tokens_out)
    return (
        f"{_WHOSE[standing.name]} is all but spent: {of_cap(standing.spent, standing.cap)} "
        f"(`budget.{standing.name}`), and the next request may come to {may}. {_free(standing)}"
    )


def closing_text(standing: CapStanding) -> str:
    """Return why it is time for last words, for the model to read."""
    spent = of_cap(standing.spent, standing.cap)
    return f"{_WHOSE[standing.name]} is all but spent: {spent}. {LAST_WORDS}"


def _free(standing: CapStanding) -> str:
    if standing.free_at is None:
        return "It is not free again by itself: the cap stands in data/config.yaml."
    return f"It is free again {soon(standing.free_at)}."
