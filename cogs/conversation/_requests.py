"""What is done about what people ask for in words, each under their own rights."""

from contextlib import suppress

import discord

from bot.authority.approvals import ApprovalRequest
from bot.authority.until import read_until
from bot.client import TheseusClient
from bot.domain.errors import UnknownRun, WrongStage
from bot.domain.evidence import RequestAnswer
from bot.domain.ids import short_id
from bot.domain.posts import Post
from bot.domain.run import Goal, Run, Status, Trigger
from bot.grammar import Intent
from bot.presentation.cards import run_line
from bot.presentation.without_failure import request_answer
from bot.self_improvement.change_requests import ChangeBegun
from cogs.conversation import _memories as memories
from cogs.conversation import _questions as questions
from cogs.conversation._choices import ask_back, ask_which, other_than_here
from cogs.conversation._corrections import correct_run
from cogs.conversation._heard_message import Answer, Heard
from cogs.conversation._rollbacks import roll_back
from cogs.ui import (
    answered_by,
    approve,
    ask,
    ask_for_change,
    asked_text,
    change_text,
    error_id_in,
    is_listed,
    on_it,
    place_of,
    resumed,
    reverting_text,
)


async def work(bot: TheseusClient, heard: Heard) -> str | Post | None:
    """Start an investigation or a fix: a reaction, a thread and a card; or answer in place."""
    goal: Goal = "fix" if heard.utterance.intent is Intent.FIX else "investigate"
    run, message = heard.run, heard.message
    subject = heard.utterance.slots.subject
    error_id = error_id_in(bot, heard.pointed_at) if heard.pointed_at else heard.error_id
    if run and error_id and not await _is_about(bot, run, error_id):
        run = None  # the error that is pointed at counts, wherever that is said
    if corrected := await correct_run(bot, heard):
        return corrected
    if run and _half_said(heard, run, goal):
        with suppress(WrongStage):  # nobody there to hear it: then it is a complaint
            await bot.agent.revise(run.id, heard.person, heard.text, key=heard.key)
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
            key=heard.key,
            goal=goal,
            person=heard.person,
            place=place_of(message),
            text=heard.text[:2000],
            own_words=heard.own_words,
            attached=heard.attached,
            subject=subject[:200],
            error_id=error_id,
            answered=answered_by(bot, heard.pointed_at) if heard.pointed_at else None,
            at=message.created_at,
        ),
    )
    if isinstance(asked, RequestAnswer):
        return request_answer(asked, goal)
    return asked_text(heard.person, asked) if heard.elsewhere or asked.joined else None


async def _is_about(bot: TheseusClient, run: Run, error_id: str) -> bool:
    """Return whether a run is about the failure that an error message names."""
    evidence = (await bot.agent.history(run.id)).evidence
    groups = evidence.groups[:1] if evidence else ()
    known = {short_id(each) for group in groups for each in group.record_ids}
    return short_id(error_id) in known


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
        key = heard.key
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


async def revert(bot: TheseusClient, heard: Heard) -> str | None:
    """Propose to take back what the words, the card or the thread point at."""
    slots = heard.utterance.slots
    run = await bot.agent.requests.revert(
        heard.person,
        run_id=heard.card.run_id if heard.card else slots.run,
        thread_id=heard.message.channel.id if heard.run else None,
        number=slots.pull_request,
    )
    return reverting_text(run)


async def pause(bot: TheseusClient, heard: Heard) -> str | None:
    """Stop work of the bot's own; the dev channel hears who, why and until when."""
    said = heard.utterance.slots.until or ""
    end = read_until(said, bot.clock.now())
    given = await bot.agent.autonomy.pause(heard.person, "", end)
    return _answer(bot, heard, f"Paused. {given.ends}")


async def resume(bot: TheseusClient, heard: Heard) -> str | None:
    """Lift the emergency stop, if it stands; else let the bot work by itself again."""
    return _answer(bot, heard, await resumed(bot, heard.person))


def _answer(bot: TheseusClient, heard: Heard, text: str) -> str | None:
    """Return the answer, where what the dev channel is told is not answer enough."""
    told_here = heard.message.channel.id == bot.identity.dev_channel_id
    return None if told_here else text


async def stop(bot: TheseusClient, heard: Heard) -> str | None:
    """Stop everything; the dev channel hears who and why."""
    given = await bot.agent.emergency.stop(heard.person, "text", "")
    told_here = heard.message.channel.id == bot.identity.dev_channel_id
    return None if told_here and given.by == heard.person else f"⛔ {given.told}"


async def act_on(bot: TheseusClient, heard: Heard) -> str | Post | None:
    """Do what is asked for, or ask what was meant: no decision is guessed.

    Returns what to reply, or `None` where the answer is elsewhere, or nothing can be meant by it.
    """
    if heard.utterance.intent is Intent.UNCLEAR:
        return await ask_back(bot, heard)
    if heard.utterance.names_nothing:
        return await ask_which(bot, heard)
    if question := await other_than_here(bot, heard):
        return question
    return await ANSWERS[heard.utterance.intent](bot, heard)


async def wish(bot: TheseusClient, heard: Heard) -> str | None:
    """Take a change that somebody wishes for, in their own words."""
    return await wish_for(bot, heard, heard.utterance.slots.subject)


async def wish_for(bot: TheseusClient, heard: Heard, subject: str) -> str | None:
    """Begin a change, or keep the wish; the message goes with it word for word."""
    message = heard.message
    if corrected := await correct_run(bot, heard):
        return corrected
    if bot.agent.can_change and is_listed(bot, heard.person):
        with suppress(discord.HTTPException):  # without the right to react, the card says it
            await message.add_reaction("👀")
    answer = await ask_for_change(
        bot,
        Trigger(
            key=heard.key,
            goal="change",
            person=heard.person,
            place=place_of(message),
            text=heard.text[:2000],
            own_words=heard.own_words,
            attached=heard.attached,
            subject=subject[:200],
            at=message.created_at,
        ),
    )
    begun = isinstance(answer, ChangeBegun) and not answer.joined
    return None if begun and not heard.elsewhere else change_text(bot, heard.person, answer)


ANSWERS: dict[Intent, Answer] = {
    Intent.INVESTIGATE: work,
    Intent.FIX: work,
    Intent.CHANGE: wish,
    Intent.SHIP: ship,
    Intent.REJECT: reject,
    Intent.CANCEL: cancel,
    Intent.STATUS: questions.status,
    Intent.REVISE: revise,
    Intent.ASK: questions.question,
    Intent.AUDIT: questions.audit,
    Intent.BUDGET: questions.budget,
    Intent.PAUSE: pause,
    Intent.RESUME: resume,
    Intent.REMEMBER: memories.remember,
    Intent.FORGET: memories.forget,
    Intent.REVERT: revert,
    Intent.ROLL_BACK: roll_back,
    Intent.STOP: stop,
}
