"""Messages when a cap is reached."""

from bot.domain.cost import Cost
from bot.domain.spending import CapName, CapStatus
from bot.domain.waits import format_timestamp
from bot.presentation.cards import format_cap_usage, format_money, format_tokens

_WHOSE: dict[CapName, str] = {
    "run": "This run's budget",
    "audit": "The daily budget of self-audits",
    "person_day": "The daily budget of one person",
    "day": "Today's budget",
    "week": "This week's budget",
}
WRAP_UP_NOTICE = (
    "Only the reserve for the final answer is left. Do not call any more tools. Write in a few "
    "sentences what you found, what is done, and what is not."
)


def describe_exhausted_cap(status: CapStatus) -> str:
    """Return which cap is reached, how much was spent, and when it resets."""
    whose = f"{_WHOSE[status.name]} is used up: {format_cap_usage(status.cost, status.cap)}"
    return f"{whose} (`budget.{status.name}`). {_describe_reset(status)}"


def describe_oversized_request(status: CapStatus, most: Cost) -> str:
    """Return that the next request may exceed the cap."""
    amount = format_money(most.cost_usd)
    if status.cap.usd is None:
        amount = format_tokens(most.tokens_in + most.tokens_out)
    return (
        f"{_WHOSE[status.name]} is almost used up: {format_cap_usage(status.cost, status.cap)} "
        f"(`budget.{status.name}`), and the next request may cost {amount}. "
        f"{_describe_reset(status)}"
    )


def build_wrap_up_notice(status: CapStatus) -> str:
    """Return why the model must write its final answer, as text for the model."""
    spent = format_cap_usage(status.cost, status.cap)
    return f"{_WHOSE[status.name]} is almost used up: {spent}. {WRAP_UP_NOTICE}"


def _describe_reset(status: CapStatus) -> str:
    if status.free_at is None:
        return "It does not reset on its own; the cap is set in data/config.yaml."
    return f"It resets {format_timestamp(status.free_at)}."
