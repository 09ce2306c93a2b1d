"""Carry out what people ask for in messages, each with their own rights."""

from contextlib import suppress

import discord

from bot.authority.approvals import ApprovalRequest
from bot.authority.end_times import parse_end_time
from bot.client import TheseusClient
from bot.domain.errors import UnknownRun, WrongStage
from bot.domain.evidence import RequestAnswer
from bot.domain.ids import shorten_id
from bot.domain.posts import Post
from bot.domain.run import Goal, Run, Status, Trigger
from bot.grammar import Intent
from bot.presentation.cards import run_line
from bot.presentation.missing_failure import request_answer
from bot.self_improvement.change_requests import ChangeBegun
from cogs.conversation import _memories as memories
from cogs.conversation import _questions as questions
from cogs.conversation._choices import ask_about_other_run, ask_back, ask_which
from cogs.conversation._corrections import correct_run
from cogs.conversation._incoming_message import Answer, IncomingMessage
from cogs.conversation._rollbacks import roll_back
from cogs.ui import (
    approve,
    change_text,
    describe_result,
    describe_revert,
    find_error_id,
    find_interaction_id,
    is_listed,
    on_it,
    place_of,
    resume_work,
)


async def work(bot: TheseusClient, incoming: IncomingMessage) -> str | Post | None:
    """Start an investigation or a fix, with a reaction, a thread and a card; or answer in place."""
    goal: Goal = "fix" if incoming.utterance.intent is Intent.FIX else "investigate"
    run, message = incoming.run, incoming.message
    subject = incoming.utterance.slots.subject
    error_id = find_error_id(bot, incoming.pointed_at) if incoming.pointed_at else incoming.error_id
    if run and error_id and not await _is_about(bot, run, error_id):
        run = None  # the error message that is replied to has priority over the thread's run
    if corrected := await correct_run(bot, incoming):
        return corrected
    if run and _is_weak_report(incoming, run, goal):
        with suppress(WrongStage):  # the run cannot be steered now: treat it as a report
            await bot.agent.revise(run.id, incoming.person, incoming.text, key=incoming.key)
            return None
    if run and goal == "fix" and run.goal == "investigate" and run.has_ended and not subject:
        await bot.agent.promote(run.id, incoming.person)
        return "On it."
    if is_listed(bot, incoming.person):
        with suppress(discord.HTTPException):  # without the right to react, the card says it
            await message.add_reaction("👀")
    asked = await bot.intake.ask(
        Trigger(
            key=incoming.key,
            goal=goal,
            person=incoming.person,
            place=place_of(message),
            text=incoming.text[:2000],
            is_verbatim=incoming.is_own_text,
            attached=incoming.attached,
            subject=subject[:200],
            error_id=error_id,
            answered=find_interaction_id(bot, incoming.pointed_at) if incoming.pointed_at else None,
            at=message.created_at,
        ),
    )
    if isinstance(asked, RequestAnswer):
        return request_answer(asked, goal)
    return (
        describe_result(incoming.person, asked) if incoming.is_threadless or asked.joined else None
    )


async def _is_about(bot: TheseusClient, run: Run, error_id: str) -> bool:
    """Return whether a run is about the failure that an error message names."""
    evidence = (await bot.agent.get_history(run.id)).evidence
    groups = evidence.groups[:1] if evidence else ()
    known = {shorten_id(each) for group in groups for each in group.record_ids}
    return shorten_id(error_id) in known


def _is_weak_report(incoming: IncomingMessage, run: Run, goal: str) -> bool:
    """Return whether an unclear report is written to a running fix: then it is about that fix."""
    weakly = goal == "investigate" and incoming.utterance.strength == "weak"
    return weakly and run.goal == "fix" and not run.has_ended


async def ship(bot: TheseusClient, incoming: IncomingMessage) -> str | None:
    """Approve the proposal that the text, the card or the thread refers to."""
    slots, card = incoming.utterance.slots, incoming.card
    in_thread = incoming.message.channel.id if incoming.run else None
    return await approve(
        bot,
        ApprovalRequest(
            person=incoming.person,
            how="text",
            run_id=card.run_id if card else slots.run,
            thread_id=in_thread,
            card_id=card.message_id if card else None,
            head=card.head if card else None,
            number=slots.pull_request,
            source_id=incoming.message.id,
            security_reviewed=slots.security_reviewed,
            edited=incoming.message.edited_at is not None,
        ),
    )


async def reject(bot: TheseusClient, incoming: IncomingMessage) -> str | None:
    """Close the proposal."""
    run = await find_run(bot, incoming)
    await bot.agent.reject(run.id, incoming.person)
    return None


async def cancel(bot: TheseusClient, incoming: IncomingMessage) -> str | None:
    """End the run."""
    run = await find_run(bot, incoming)
    await bot.agent.cancel(run.id, incoming.person)
    return None


async def revise(bot: TheseusClient, incoming: IncomingMessage) -> str | None:
    """Revise the run's change; also return its status, if that was asked."""
    run, slots = await find_run(bot, incoming), incoming.utterance.slots
    lines: list[str] = []
    try:
        key = incoming.key
        run = await bot.agent.revise(run.id, incoming.person, slots.instruction, "text", key)
        lines += [] if incoming.run else [on_it(run)]
    except WrongStage as refusal:
        if not slots.asks_status:
            raise
        lines.append(str(refusal))
    lines += [run_line(run)] if slots.asks_status else []
    return "\n".join(lines) or None


async def is_already_done(bot: TheseusClient, incoming: IncomingMessage) -> bool:
    """Return whether the run is already in the requested state."""
    wanted = {Intent.REJECT: Status.REJECTED, Intent.CANCEL: Status.CANCELLED}
    run = await find_run(bot, incoming)
    return wanted.get(incoming.utterance.intent) is run.status


async def find_run(bot: TheseusClient, incoming: IncomingMessage) -> Run:
    """Return the run that the message refers to. Raises `UnknownRun`."""
    slots = incoming.utterance.slots
    named = incoming.card.run_id if incoming.card else slots.run
    thread = incoming.message.channel.id if incoming.run else None
    run = await bot.agent.find(run_id=named, thread_id=thread)
    proposal = (await bot.agent.get_history(run.id)).proposal
    if slots.pull_request is not None and (
        proposal is None or proposal.number != slots.pull_request
    ):
        raise UnknownRun(f"Run `{run.id}` did not propose #{slots.pull_request}.")
    return run


async def revert(bot: TheseusClient, incoming: IncomingMessage) -> str | None:
    """Propose to revert the change that the text, the card or the thread refers to."""
    slots = incoming.utterance.slots
    run = await bot.agent.requests.revert(
        incoming.person,
        run_id=incoming.card.run_id if incoming.card else slots.run,
        thread_id=incoming.message.channel.id if incoming.run else None,
        number=slots.pull_request,
    )
    return describe_revert(run)


async def pause(bot: TheseusClient, incoming: IncomingMessage) -> str | None:
    """Pause the bot's own work; the dev channel is told who, why and until when."""
    until = incoming.utterance.slots.until or ""
    end = parse_end_time(until, bot.clock.now())
    pause_record = await bot.agent.autonomy.pause(incoming.person, "", end)
    return _answer(bot, incoming, f"Paused. {pause_record.ends}")


async def resume(bot: TheseusClient, incoming: IncomingMessage) -> str | None:
    """Lift the emergency stop if it is active; else resume the bot's own work."""
    return _answer(bot, incoming, await resume_work(bot, incoming.person))


def _answer(bot: TheseusClient, incoming: IncomingMessage, text: str) -> str | None:
    """Return the answer; None if the notice in the dev channel already answers it."""
    is_announced_here = incoming.message.channel.id == bot.identity.dev_channel_id
    return None if is_announced_here else text


async def stop(bot: TheseusClient, incoming: IncomingMessage) -> str | None:
    """Start the emergency stop; the dev channel is told who and why."""
    stop_record = await bot.agent.emergency.stop(incoming.person, "text", "")
    is_announced_here = incoming.message.channel.id == bot.identity.dev_channel_id
    return (
        None
        if is_announced_here and stop_record.by == incoming.person
        else f"⛔ {stop_record.summary}"
    )


async def act_on(bot: TheseusClient, incoming: IncomingMessage) -> str | Post | None:
    """Carry out the request, or ask back if it is unclear: no decision is guessed.

    Returns the reply; None if the answer is posted elsewhere, or if no decision is possible.
    """
    if incoming.utterance.intent is Intent.UNCLEAR:
        return await ask_back(bot, incoming)
    if incoming.utterance.is_unspecific:
        return await ask_which(bot, incoming)
    if question := await ask_about_other_run(bot, incoming):
        return question
    return await ANSWERS[incoming.utterance.intent](bot, incoming)


async def request_feature(bot: TheseusClient, incoming: IncomingMessage) -> str | None:
    """Take a feature request, in the person's own words."""
    return await submit_feature_request(bot, incoming, incoming.utterance.slots.subject)


async def submit_feature_request(
    bot: TheseusClient, incoming: IncomingMessage, subject: str
) -> str | None:
    """Start a change, or store the request; the run gets the message word for word."""
    message = incoming.message
    if corrected := await correct_run(bot, incoming):
        return corrected
    if bot.agent.can_change and is_listed(bot, incoming.person):
        with suppress(discord.HTTPException):  # without the right to react, the card says it
            await message.add_reaction("👀")
    answer = await bot.intake.ask_for_change(
        Trigger(
            key=incoming.key,
            goal="change",
            person=incoming.person,
            place=place_of(message),
            text=incoming.text[:2000],
            is_verbatim=incoming.is_own_text,
            attached=incoming.attached,
            subject=subject[:200],
            at=message.created_at,
        ),
    )
    begun = isinstance(answer, ChangeBegun) and not answer.joined
    return (
        None if begun and not incoming.is_threadless else change_text(bot, incoming.person, answer)
    )


ANSWERS: dict[Intent, Answer] = {
    Intent.INVESTIGATE: work,
    Intent.FIX: work,
    Intent.CHANGE: request_feature,
    Intent.SHIP: ship,
    Intent.REJECT: reject,
    Intent.CANCEL: cancel,
    Intent.STATUS: questions.handle_status,
    Intent.REVISE: revise,
    Intent.ASK: questions.handle_question,
    Intent.AUDIT: questions.handle_audit,
    Intent.BUDGET: questions.handle_budget,
    Intent.PAUSE: pause,
    Intent.RESUME: resume,
    Intent.REMEMBER: memories.remember,
    Intent.FORGET: memories.forget,
    Intent.REVERT: revert,
    Intent.ROLL_BACK: roll_back,
    Intent.STOP: stop,
}
