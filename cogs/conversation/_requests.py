"""What people ask of runs, in words."""

from contextlib import suppress

import discord

from bot.authority.approvals import ApprovalRequest
from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.errors import UnknownRun, WrongStage
from bot.domain.run import Run, Status, Trigger
from bot.grammar import Intent
from bot.presentation.cards import run_line
from cogs.conversation._heard_message import Heard
from cogs.ui import approve, ask, asked_text, error_id_in, is_listed, on_it, place_of


async def work(bot: TheseusClient, heard: Heard) -> str | None:
    """Start an investigation or a fix: a reaction at once, then a thread and a card."""
    goal = "fix" if heard.utterance.intent is Intent.FIX else "investigate"
    run, message = heard.run, heard.message
    subject = heard.utterance.slots.subject
    if run and _half_said(heard, run, goal):
        with suppress(WrongStage):  # nobody there to hear it: then it is a complaint
            key = f"message:{message.id}"
            await bot.agent.revise(run.id, heard.person, heard.text, "text", key)
            return None
    if run and goal == "fix" and run.goal == "investigate" and run.ended and not subject:
        await bot.agent.promote(run.id, heard.person)
        return "On it."
    if is_listed(bot, heard.person):
        with suppress(discord.HTTPException):  # without the right to react, the card says it
            await message.add_reaction("👀")
    asked = await ask(
        bot,
        Trigger(
            key=f"message:{message.id}",
            goal=goal,
            person=heard.person,
            place=place_of(message),
            text=message.content[:2000],
            own_words=True,
            subject=subject[:200],
            error_id=error_id_in(bot, heard.pointed_at) if heard.pointed_at else None,
            at=message.created_at,
        ),
    )
    elsewhere = message.guild is None or isinstance(message.channel, discord.Thread)
    return asked_text(heard.person, asked) if elsewhere or asked.joined else None


def _half_said(heard: Heard, run: Run, goal: str) -> bool:
    """Whether words that only might complain are said to a fix under way: they are about it."""
    weakly = goal == "investigate" and heard.utterance.strength == "weak"
    return weakly and run.goal == "fix" and not run.ended


async def ship(bot: TheseusClient, heard: Heard) -> str | None:
    """Ship what the words, the card or the thread point at."""
    slots, card = heard.utterance.slots, heard.card
    in_thread = heard.message.channel.id if heard.run else None
    return await approve(
        bot,
        ApprovalRequest(
            person=heard.person,
            how="text",
            run_id=card.run_id if card else slots.run,
            thread_id=in_thread,
            card_id=card.message_id if card else None,
            head=card.head if card else None,
            number=slots.pull_request,
            said_id=heard.message.id,
            security_reviewed=slots.security_reviewed,
            edited=heard.message.edited_at is not None,
        ),
    )


async def reject(bot: TheseusClient, heard: Heard) -> str | None:
    """Close the proposal."""
    run = await meant(bot, heard)
    await bot.agent.reject(run.id, heard.person)
    return None


async def cancel(bot: TheseusClient, heard: Heard) -> str | None:
    """End the run."""
    run = await meant(bot, heard)
    await bot.agent.cancel(run.id, heard.person)
    return None


async def revise(bot: TheseusClient, heard: Heard) -> str | None:
    """Have the change do something else as well; say how it stands, where that was asked too."""
    run, slots = await meant(bot, heard), heard.utterance.slots
    told: list[str] = []
    try:
        key = f"message:{heard.message.id}"
        run = await bot.agent.revise(run.id, heard.person, slots.instruction, "text", key)
        told += [] if heard.run else [on_it(run)]
    except WrongStage as refusal:
        if not slots.asks_status:
            raise
        told.append(str(refusal))
    told += [run_line(run)] if slots.asks_status else []
    return "\n".join(told) or None


async def is_so(bot: TheseusClient, heard: Heard) -> bool:
    """Whether what was asked of the run holds already."""
    wanted = {Intent.REJECT: Status.REJECTED, Intent.CANCEL: Status.CANCELLED}
    run = await meant(bot, heard)
    return wanted.get(heard.utterance.intent) is run.status


async def status(bot: TheseusClient, heard: Heard) -> str | None:
    """Say what is being worked on."""
    await bot.agent.permit(heard.person, Act.READ)
    runs = [heard.run] if heard.run else [r for r in await bot.agent.runs() if not r.ended]
    if not runs:
        return "I am not working on anything."
    return "\n".join(run_line(run) for run in runs)


async def meant(bot: TheseusClient, heard: Heard) -> Run:
    """Return the run that is meant. Raises `UnknownRun`."""
    slots = heard.utterance.slots
    named = heard.card.run_id if heard.card else slots.run
    thread = heard.message.channel.id if heard.run else None
    run = await bot.agent.find(run_id=named, thread_id=thread)
    proposal = (await bot.agent.history(run.id)).proposal
    if slots.pull_request is not None and (
        proposal is None or proposal.number != slots.pull_request
    ):
        raise UnknownRun(f"Run `{run.id}` did not propose #{slots.pull_request}.")
    return run
