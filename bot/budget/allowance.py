"""What a run may do before a stage: use a model, and begin to write a change."""

from datetime import datetime, timedelta

from bot.budget.enforcement import BudgetEnforcer
from bot.domain.account import Account, Purpose
from bot.domain.errors import BudgetSpent, StoreError
from bot.domain.run import Run
from bot.domain.waits import format_timestamp

_HOUR = timedelta(hours=1)
_FULL = (
    "⏸️ The {engine} engine has reached its limit of changes an hour ({most}, "
    "`budget.modifications_an_hour`). I continue on my own {when}."
)


async def check_run_budget(budget: BudgetEnforcer | None, run: Run, purpose: Purpose) -> None:
    """Check the budget before a model is used for a run. Raises `BudgetSpent`, `Stopped`."""
    if budget is not None:
        account = Account(purpose=purpose, person_id=run.trigger.person.id, run_id=run.id)
        await budget.check_budget(account)


async def turn_of(
    budget: BudgetEnforcer | None,
    run: Run,
    engine: str,
    now: datetime,
    *,
    is_counted: bool,
    candidate: int = 1,
) -> datetime | None:
    """Return `None` if the engine may begin this change now, else the time to ask again.

    Changes are counted if they cost money or if no person asked for them, except revisions of the
    run's own proposal (`is_counted`). All rounds of one change count once; another candidate counts
    again. Raises `BudgetSpent` if the limit is 0 or if the changes cannot be counted.
    """
    if budget is None:
        return None
    most = budget.rules.modifications_an_hour
    if most == 0:
        raise BudgetSpent("I may not begin any change: `budget.modifications_an_hour` is 0.")
    if not is_counted:
        return None
    key = f"{run.id}:{run.attempt}:{run.first_round}{f':{candidate}' if candidate > 1 else ''}"
    try:
        return await budget.ledger.begin(key, engine, now, window=_HOUR, most=most)
    except StoreError as error:
        raise BudgetSpent(f"I cannot count changes now, so I begin none. {error}") from error


def describe_turn_wait(budget: BudgetEnforcer | None, engine: str, until: datetime) -> str:
    """Return why a run waits for its turn, and until when."""
    most = budget.rules.modifications_an_hour if budget else 0
    return _FULL.format(engine=engine, most=most, when=format_timestamp(until))


async def describe_hourly_limit(budget: BudgetEnforcer | None, now: datetime) -> str:
    """Return the limit of changes an hour and how much of it is used; empty without a limit.

    It is for people who are about to agree to a change.
    """
    if budget is None:
        return ""
    most = budget.rules.modifications_an_hour
    limit = f"{most} changes an hour (`budget.modifications_an_hour`)"
    if most == 0:
        return f"{limit}; I cannot begin this one"
    try:
        begun = await budget.ledger.count_changes(now - _HOUR)
    except StoreError:
        return f"{limit}; how many began in the last hour cannot be read now"
    counts = ", ".join(f"{engine} {count}" for engine, count in sorted(begun.items()))
    if not counts:
        return f"{limit}; none began in the last hour"
    waits = ". At the limit, this change waits for its turn" if max(begun.values()) >= most else ""
    return f"{limit}; begun in the last hour: {counts}{waits}"
