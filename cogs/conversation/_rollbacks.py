"""Requests for an older version: carried out if they are clear, else asked back."""

from collections.abc import Sequence
from datetime import timedelta

import discord

from bot.authority.policy import Act
from bot.authority.rollback_choice import RollbackChoice, Span, build_rollback_choice
from bot.client import TheseusClient
from bot.domain.errors import OtherVersionLive, UnknownItem, UnknownRun
from bot.domain.live_items import ROLLED_BACK, ItemName, ItemVersion, RollbackRequest
from bot.domain.posts import Button, Post
from bot.domain.run import Run, Status
from bot.grammar.spans import read_span
from bot.presentation.rollbacks import (
    describe_git_revert,
    format_item,
    format_version_label,
    render_item_question,
)
from bot.presentation.skills import describe_rollback
from cogs.conversation._decision_button import ACTION
from cogs.conversation._incoming_message import IncomingMessage
from cogs.conversation._rollback_question import (
    MORE,
    MOST,
    NOT_NOW,
    UNTOUCHED,
    build_question,
    build_rollback_button,
)
from cogs.ui import list_live_names

_NO_VERSIONS = "There is nothing here that has older versions."
_MEANWHILE = "It has just changed, so I ask again."
_CAME_WITH = (
    "-# v{number} came from run `{run}`. A revert of that run removes it from the file too."
)
_RECENT_PERIOD = timedelta(days=1)


async def roll_back(bot: TheseusClient, incoming: IncomingMessage) -> Post:
    """Make an older version live if the request is clear; else ask, with the versions."""
    await bot.agent.permit(incoming.person, Act.READ, note="which version was meant")
    request = incoming.utterance.slots.rollback
    if request is None or not request.items:
        return Post(text=_NO_VERSIONS)
    texts = [each for each in request.items if each.kind in ROLLED_BACK]
    if not texts:
        return await _answer_for_code(bot, incoming, request.items)
    choices = await _build_choices(bot, incoming, request, texts)
    if len(choices) == 1:
        return await _handle_choice(bot, incoming, choices[0])
    return _ask_which(bot, request, choices)


async def build_recent_buttons(bot: TheseusClient, incoming: IncomingMessage) -> tuple[Button, ...]:
    """Return a button for the text that changed last, if it changed within a day.

    A request to revert the last change may mean a text or code, so both are offered.
    """
    request = RollbackRequest(items=list_live_names(bot), steps=1)
    names = [each for each in request.items if each.kind in ROLLED_BACK]
    found = await _build_choices(bot, incoming, request, names) if names else []
    now = bot.clock.now()
    fresh = [
        each
        for each in found
        if each.is_matched and each.versions and now - each.item.since < _RECENT_PERIOD
    ]
    newest = max(fresh, key=lambda each: each.item.since, default=None)
    if newest is None or newest.item.rolled_back is not None:
        return ()
    label = f"Back to {format_version_label(newest.versions[0], now, newest.item)}"[:80]
    return (build_rollback_button(newest.item, newest.versions[0], label),)


async def _build_choices(
    bot: TheseusClient,
    incoming: IncomingMessage,
    request: RollbackRequest,
    names: Sequence[ItemName],
) -> list[RollbackChoice]:
    service, span = bot.agent.live_items, _read_time_span(bot, request)
    said_at = bot.clock.now() - max(
        discord.utils.utcnow() - incoming.message.created_at, timedelta()
    )
    found = []
    for each in names:
        try:
            item, versions = await service.list_versions(incoming.person, each.kind, each.name)
        except UnknownItem:
            continue  # removed in the meantime
        found.append(build_rollback_choice(item, versions, request, said_at, span))
    return found


def _read_time_span(bot: TheseusClient, request: RollbackRequest) -> Span | None:
    span = read_span(request.span, bot.clock.now())
    return (span.since, span.until) if span else None


async def _handle_choice(
    bot: TheseusClient, incoming: IncomingMessage, choice: RollbackChoice
) -> Post:
    if choice.sure and not incoming.missed:
        try:
            return await _apply_choice(bot, incoming, choice)
        except OtherVersionLive:
            request = incoming.utterance.slots.rollback or RollbackRequest(items=())
            names = [ItemName(kind=choice.item.kind, name=choice.item.name)]
            choices = await _build_choices(bot, incoming, request, names)
            return build_question(bot, choices[0], _MEANWHILE) if choices else Post(text=_MEANWHILE)
    return build_question(bot, choice)


async def _apply_choice(
    bot: TheseusClient, incoming: IncomingMessage, choice: RollbackChoice
) -> Post:
    service, before = bot.agent.live_items, choice.item
    item = await service.roll_back(
        incoming.person, before.kind, before.name, choice.versions[0].number, before.digest
    )
    versions = {
        each.number: each for each in await service.suggest_versions(before.kind, before.name)
    }
    previous = versions.get(before.version)
    lines = [describe_rollback(item)]
    if previous is None:
        return Post(text=lines[0])
    if previous.author.run_id:
        lines.append(_CAME_WITH.format(number=previous.number, run=previous.author.run_id))
    button = build_rollback_button(item, previous, f"Back to v{previous.number}")
    return Post(text="\n".join(lines), buttons=(button,))


def _ask_which(
    bot: TheseusClient, request: RollbackRequest, choices: Sequence[RollbackChoice]
) -> Post:
    """Ask which item is meant: the last changed ones, each with its version before."""
    able = [each for each in choices if each.versions and each.is_matched]
    newest = sorted(able, key=lambda each: each.item.since, reverse=True)[:MOST]
    now = bot.clock.now()
    buttons = [
        build_rollback_button(
            each.item, each.versions[0], format_version_label(each.versions[0], now, each.item)
        )
        for each in newest
    ]
    if not buttons:
        names = ", ".join(format_item(each.item) for each in choices[:10]) or "these"
        return Post(text=f"I have no other version of {names}.")
    return Post(
        text="\n".join([render_item_question(request), MORE, UNTOUCHED]),
        buttons=(*buttons, NOT_NOW),
    )


async def _answer_for_code(
    bot: TheseusClient, incoming: IncomingMessage, names: Sequence[ItemName]
) -> Post:
    """Explain how code is reverted, with a button for each run that shipped a version of it."""
    item, versions = await bot.agent.live_items.list_versions(
        incoming.person, names[0].kind, names[0].name
    )
    text = describe_git_revert(item, versions[0] if versions else None)
    if item.kind != "cog" or len(names) > 1:
        return Post(text=text)
    buttons = [
        Button(label=f"Revert {name}", action=ACTION, arguments=("revert", run.id))
        for run, name in await _find_shipped_runs(bot, versions)
    ]
    if not buttons:
        commit = versions[0].commit[:7] if versions else ""
        hint = f"use `git revert {commit}`" if commit else "revert it with git"
        return Post(
            text=f"{text} It did not come from a run of mine: {hint}, or say what it should do."
        )
    return Post(text=f"{text}\n{UNTOUCHED}", buttons=(*buttons[:MOST], NOT_NOW))


async def _find_shipped_runs(
    bot: TheseusClient, versions: Sequence[ItemVersion]
) -> list[tuple[Run, str]]:
    """Return the shipped runs behind these versions, newest first, with their names."""
    found = []
    for run_id in dict.fromkeys(each.author.run_id for each in versions if each.author.run_id):
        try:
            run = await bot.agent.find(run_id=run_id)
        except UnknownRun:
            continue
        history = await bot.agent.get_history(run.id)
        if run.status is Status.DONE and history.shipment is not None and history.proposal:
            found.append((run, f"#{history.proposal.number}"))
    return found
