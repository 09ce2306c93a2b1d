"""Asking for work on the code: a run of its own, or that of the incident it is about."""

from bot.client import TheseusClient
from bot.domain.people import Person
from bot.domain.run import Trigger
from bot.monitoring import IntakeResult
from cogs.ui.answers import on_it


async def ask(bot: TheseusClient, trigger: Trigger) -> IntakeResult:
    """Start what a person asks for, or join what is under way for that fault already.

    Raises what `SelfImprovementAgent.request` raises.
    """
    if bot.monitoring is None:
        return IntakeResult(await bot.agent.request(trigger))
    return await bot.monitoring.ask(trigger)


def asked_text(person: Person, asked: IntakeResult) -> str:
    """Return where to follow it; who joins what is under way reads that."""
    if not asked.joined:
        return on_it(asked.run)
    run = asked.run
    where = f"<#{run.thread_id}>" if run.thread_id else f"run `{run.id}`"
    fixing = "I am on it" if run.goal == "fix" else "I am looking into it"
    told = "" if asked.incident is None else f"that is incident `{asked.incident.id}`: "
    more = "" if asked.incident else " already. Say there what else you want of it"
    return f"{person.name}, {told}{fixing} in {where}{more}."
