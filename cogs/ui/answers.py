"""Answers that several cogs give in the same words."""

from bot.domain.people import Person
from bot.domain.proposal import Approval
from bot.domain.run import Run


def shipping_text(person: Person, approval: Approval, *, ships: bool) -> str:
    """Return what `person` reads after "ship it": that it ships, or who was first."""
    head = f"`{approval.head[:7]}`"
    if ships or approval.person.id == person.id:
        return f"Shipping {head}, as {person.name} said."
    return f"{approval.person.name} has shipped {head} already."


def on_it(run: Run) -> str:
    """Return where to follow a run that was asked for."""
    return f"On it: <#{run.thread_id}>" if run.thread_id else f"On it: run `{run.id}`."
