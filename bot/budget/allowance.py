"""What a run is allowed before a stage: a model's work, and to begin writing a change."""

from datetime import datetime, timedelta

from bot.budget.enforcement import BudgetEnforcer
from bot.domain.account import Account, Purpose
from bot.domain.errors import BudgetSpent, StoreError
from bot.domain.run import Run
from bot.domain.waits import format_timestamp

_HOUR = timedelta(hours=1)
_FULL = (
    "⏸️ The {engine} engine has begun as many changes as it may in an hour ({most}, "
    "`budget.modifications_an_hour`). I go on by myself {when}."
)


async def check_run_budget(budget: BudgetEnforcer | None, run: Run, purpose: Purpose) -> None:
    """Look at the budget before a model is asked for a run. Raises `BudgetSpent`, `Stopped`."""
    if budget is not None:
        account = Account(purpose=purpose, person_id=run.trigger.person.id, run_id=run.id)
        await budget.check_budget(account)


async def turn_of(
    budget: BudgetEnforcer | None, run: Run, engine: str, now: datetime, *, paid: bool
) -> datetime | None:
    """Return `None` where the engine may begin this change now, else when to ask again.

    Counted is what costs money (`paid`) and what nobody asked for: a person's request of an engine
    that costs nothing is not. All rounds of one change are one; a revision is another. Raises
    `BudgetSpent` where none may begin at all, or nobody can count them.
    """
    if budget is None:
        return None
    most = budget.rules.modifications_an_hour
    if most == 0:
        raise BudgetSpent("No change may be begun: `budget.modifications_an_hour` is 0.")
    if not paid and run.trigger.origin == "person":
        return None
    key = f"{run.id}:{run.attempt}:{run.first_round}"
    try:
        return await budget.ledger.begin(key, engine, now, window=_HOUR, most=most)
    except StoreError as error:
        raise BudgetSpent(f"Changes cannot be counted, so none is begun. {error}") from error


def describe_turn_wait(budget: BudgetEnforcer | None, engine: str, until: datetime) -> str:
    """Return why a run waits for its turn, and until when."""
    most = budget.rules.modifications_an_hour if budget else 0
    return _FULL.format(engine=engine, most=most, when=format_timestamp(until))
