"""Older versions that people want live again in words: done where it is plain, else asked back."""

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
_MEANWHILE = "It changed just now, so I ask."
_CAME_WITH = "-# v{number} came with run `{run}`: a revert of that takes it out of the file too."
_RECENT_PERIOD = timedelta(days=1)


async def roll_back(bot: TheseusClient, incoming: IncomingMessage) -> Post:
    """Have an older version live where the words are plain; else ask, with the versions."""
    await bot.agent.permit(incoming.person, Act.READ, note="which version was meant")
    wish = incoming.utterance.slots.rollback
    if wish is None or not wish.items:
        return Post(text=_NO_VERSIONS)
    texts = [each for each in wish.items if each.kind in ROLLED_BACK]
    if not texts:
        return await _answer_for_code(bot, incoming, wish.items)
    choices = await _build_choices(bot, incoming, wish, texts)
    if len(choices) == 1:
        return await _handle_choice(bot, incoming, choices[0])
    return _ask_which(bot, wish, choices)


async def build_recent_buttons(bot: TheseusClient, incoming: IncomingMessage) -> tuple[Button, ...]:
    """Return a button for the text that changed last, if that was lately: it may be meant too.

    For words that take back a last change, which may be one of the code.
    """
    wish = RollbackRequest(items=list_live_names(bot), steps=1)
    names = [each for each in wish.items if each.kind in ROLLED_BACK]
    found = await _build_choices(bot, incoming, wish, names) if names else []
    now = bot.clock.get_time()
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
    said_at = bot.clock.get_time() - max(
        discord.utils.utcnow() - incoming.message.created_at, timedelta()
    )
    found = []
    for each in names:
        try:
            item, versions = await service.list_versions(incoming.person, each.kind, each.name)
        except UnknownItem:
            continue  # gone meanwhile
        found.append(build_rollback_choice(item, versions, request, said_at, span))
    return found


def _read_time_span(bot: TheseusClient, request: RollbackRequest) -> Span | None:
    span = read_span(request.span, bot.clock.get_time())
    return (span.since, span.until) if span else None


async def _handle_choice(
    bot: TheseusClient, incoming: IncomingMessage, choice: RollbackChoice
) -> Post:
    if choice.sure and not incoming.missed:
        try:
            return await _apply_choice(bot, incoming, choice)
        except OtherVersionLive:
            wish = incoming.utterance.slots.rollback or RollbackRequest(items=())
            names = [ItemName(kind=choice.item.kind, name=choice.item.name)]
            choices = await _build_choices(bot, incoming, wish, names)
            return build_question(bot, choices[0], _MEANWHILE) if choices else Post(text=_MEANWHILE)
    return build_question(bot, choice)


async def _apply_choice(
    bot: TheseusClient, incoming: IncomingMessage, choice: RollbackChoice
) -> Post:
    service, before = bot.agent.live_items, choice.item
    item = await service.roll_back(
        incoming.person, before.kind, before.name, choice.versions[0].number, before.digest
    )
    kept = {each.number: each for each in await service.suggest_versions(before.kind, before.name)}
    undone = kept.get(before.version)
    lines = [describe_rollback(item)]
    if undone is None:
        return Post(text=lines[0])
    if undone.author.run_id:
        lines.append(_CAME_WITH.format(number=undone.number, run=undone.author.run_id))
    button = build_rollback_button(item, undone, f"Back to v{undone.number}")
    return Post(text="\n".join(lines), buttons=(button,))


def _ask_which(
    bot: TheseusClient, request: RollbackRequest, choices: Sequence[RollbackChoice]
) -> Post:
    """Ask which one is meant: those that changed last, each with the version before."""
    able = [each for each in choices if each.versions and each.is_matched]
    newest = sorted(able, key=lambda each: each.item.since, reverse=True)[:MOST]
    now = bot.clock.get_time()
    buttons = [
        build_rollback_button(
            each.item, each.versions[0], format_version_label(each.versions[0], now, each.item)
        )
        for each in newest
    ]
    if not buttons:
        told = ", ".join(format_item(each.item) for each in choices[:10]) or "these"
        return Post(text=f"No other version is kept of {told}.")
    return Post(
        text="\n".join([render_item_question(request), MORE, UNTOUCHED]),
        buttons=(*buttons, NOT_NOW),
    )


async def _answer_for_code(
    bot: TheseusClient, incoming: IncomingMessage, names: Sequence[ItemName]
) -> Post:
    """Say how code goes back, with a button for each shipped run that brought a version of it."""
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
        hint = f"`git revert {commit}` takes it back" if commit else "git takes it back"
        return Post(text=f"{text} No run of mine brought it: {hint}, or say what it should do.")
    return Post(text=f"{text}\n{UNTOUCHED}", buttons=(*buttons[:MOST], NOT_NOW))


async def _find_shipped_runs(
    bot: TheseusClient, versions: Sequence[ItemVersion]
) -> list[tuple[Run, str]]:
    """Return the runs that brought versions and can be reverted, newest first, with their names."""
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
