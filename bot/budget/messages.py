"""What is said when a cap is reached."""

from bot.domain.cost import Cost
from bot.domain.spending import CapName, CapStatus
from bot.domain.waits import format_timestamp
from bot.presentation.cards import format_cap_usage, format_money, format_tokens

_WHOSE: dict[CapName, str] = {
    "run": "The budget of this run",
    "person_day": "What one person may spend in a day",
    "day": "The budget of today",
    "week": "The budget of this week",
}
WRAP_UP_NOTICE = (
    "Only what is kept back for the end is left. Call no tool any more: say in a few sentences "
    "what you found, what is done, and what is not."
)


def describe_exhausted_cap(status: CapStatus) -> str:
    """Return which cap is reached, what was spent, and when it is free again."""
    whose = f"{_WHOSE[status.name]} is spent: {format_cap_usage(status.cost, status.cap)}"
    return f"{whose} (`budget.{status.name}`). {_describe_reset(status)}"


def describe_oversized_request(status: CapStatus, most: Cost) -> str:
    """Return that the next request might go past the cap."""
    may = format_money(most.cost_usd)
    if status.cap.usd is None:
        may = format_tokens(most.tokens_in + most.tokens_out)
    return (
        f"{_WHOSE[status.name]} is all but spent: {format_cap_usage(status.cost, status.cap)} "
        f"(`budget.{status.name}`), and the next request may come to {may}. {_describe_reset(status)}"
    )


def build_wrap_up_notice(status: CapStatus) -> str:
    """Return why it is time for last words, for the model to read."""
    spent = format_cap_usage(status.cost, status.cap)
    return f"{_WHOSE[status.name]} is all but spent: {spent}. {WRAP_UP_NOTICE}"


def _describe_reset(status: CapStatus) -> str:
    if status.free_at is None:
        return "It is not free again by itself: the cap stands in data/config.yaml."
    return f"It is free again {format_timestamp(status.free_at)}."
