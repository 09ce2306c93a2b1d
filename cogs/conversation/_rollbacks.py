"""Older versions that people want live again in words: done where it is plain, else asked back."""

from collections.abc import Sequence
from datetime import timedelta

import discord

from bot.authority.policy import Act
from bot.authority.rollback_choice import RollbackChoice, Span, rollback_choice
from bot.client import TheseusClient
from bot.domain.errors import OtherVersionLive, UnknownItem, UnknownRun
from bot.domain.live_items import ROLLED_BACK, ItemName, ItemVersion, RollbackWish
from bot.domain.posts import Button, Post
from bot.domain.run import Run, Status
from bot.grammar.spans import read_span
from bot.presentation.rollbacks import (
    code_goes_back_in_git,
    item_told,
    version_label,
    which_item,
)
from bot.presentation.skills import rolled_back
from cogs.conversation._decision_button import ACTION
from cogs.conversation._heard_message import Heard
from cogs.conversation._rollback_question import (
    MORE,
    MOST,
    NOT_NOW,
    UNTOUCHED,
    question_of,
    rollback_button,
)
from cogs.ui import live_names

_NOTHING = "There is nothing here that has older versions."
_MEANWHILE = "It changed just now, so I ask."
_CAME_WITH = "-# v{number} came with run `{run}`: a revert of that takes it out of the file too."
_LATELY = timedelta(days=1)


async def roll_back(bot: TheseusClient, heard: Heard) -> Post:
    """Have an older version live where the words are plain; else ask, with the versions."""
    await bot.agent.permit(heard.person, Act.READ, note="which version was meant")
    wish = heard.utterance.slots.rollback
    if wish is None or not wish.items:
        return Post(text=_NOTHING)
    texts = [each for each in wish.items if each.kind in ROLLED_BACK]
    if not texts:
        return await _code(bot, heard, wish.items)
    choices = await _choices(bot, heard, wish, texts)
    if len(choices) == 1:
        return await _one(bot, heard, choices[0])
    return _several(bot, wish, choices)


async def changed_lately(bot: TheseusClient, heard: Heard) -> tuple[Button, ...]:
    """Return a button for the text that changed last, if that was lately: it may be meant too.

    For words that take back a last change, which may be one of the code.
    """
    wish = RollbackWish(items=live_names(bot), steps=1)
    names = [each for each in wish.items if each.kind in ROLLED_BACK]
    found = await _choices(bot, heard, wish, names) if names else []
    now = bot.clock.now()
    fresh = [
        each for each in found if each.told and each.versions and now - each.item.since < _LATELY
    ]
    newest = max(fresh, key=lambda each: each.item.since, default=None)
    if newest is None or newest.item.rolled_back is not None:
        return ()
    label = f"Back to {version_label(newest.versions[0], now, newest.item)}"[:80]
    return (rollback_button(newest.item, newest.versions[0], label),)


async def _choices(
    bot: TheseusClient, heard: Heard, wish: RollbackWish, names: Sequence[ItemName]
) -> list[RollbackChoice]:
    service, span = bot.agent.live_items, _span(bot, wish)
    said_at = bot.clock.now() - max(discord.utils.utcnow() - heard.message.created_at, timedelta())
    found = []
    for each in names:
        try:
            item, versions = await service.versions(heard.person, each.kind, each.name)
        except UnknownItem:
            continue  # gone meanwhile
        found.append(rollback_choice(item, versions, wish, said_at, span))
    return found


def _span(bot: TheseusClient, wish: RollbackWish) -> Span | None:
    span = read_span(wish.span, bot.clock.now())
    return (span.since, span.until) if span else None


async def _one(bot: TheseusClient, heard: Heard, choice: RollbackChoice) -> Post:
    if choice.sure and not heard.missed:
        try:
            return await _done(bot, heard, choice)
        except OtherVersionLive:
            wish = heard.utterance.slots.rollback or RollbackWish(items=())
            names = [ItemName(kind=choice.item.kind, name=choice.item.name)]
            choices = await _choices(bot, heard, wish, names)
            return question_of(bot, choices[0], _MEANWHILE) if choices else Post(text=_MEANWHILE)
    return question_of(bot, choice)


async def _done(bot: TheseusClient, heard: Heard, choice: RollbackChoice) -> Post:
    service, before = bot.agent.live_items, choice.item
    item = await service.rollback(
        heard.person, before.kind, before.name, choice.versions[0].number, before.digest
    )
    kept = {each.number: each for each in await service.offered(before.kind, before.name)}
    undone = kept.get(before.version)
    lines = [rolled_back(item)]
    if undone is None:
        return Post(text=lines[0])
    if undone.author.run_id:
        lines.append(_CAME_WITH.format(number=undone.number, run=undone.author.run_id))
    button = rollback_button(item, undone, f"Back to v{undone.number}")
    return Post(text="\n".join(lines), buttons=(button,))


def _several(bot: TheseusClient, wish: RollbackWish, choices: Sequence[RollbackChoice]) -> Post:
    """Ask which one is meant: those that changed last, each with the version before."""
    able = [each for each in choices if each.versions and each.told]
    newest = sorted(able, key=lambda each: each.item.since, reverse=True)[:MOST]
    now = bot.clock.now()
    buttons = [
        rollback_button(
            each.item, each.versions[0], version_label(each.versions[0], now, each.item)
        )
        for each in newest
    ]
    if not buttons:
        told = ", ".join(item_told(each.item) for each in choices[:10]) or "these"
        return Post(text=f"No other version is kept of {told}.")
    return Post(text="\n".join([which_item(wish), MORE, UNTOUCHED]), buttons=(*buttons, NOT_NOW))


async def _code(bot: TheseusClient, heard: Heard, names: Sequence[ItemName]) -> Post:
    """Say how code goes back, with a button for each shipped run that brought a version of it."""
    item, versions = await bot.agent.live_items.versions(heard.person, names[0].kind, names[0].name)
    text = code_goes_back_in_git(item, versions[0] if versions else None)
    if item.kind != "cog" or len(names) > 1:
        return Post(text=text)
    buttons = [
        Button(label=f"Revert {name}", action=ACTION, arguments=("revert", run.id))
        for run, name in await _shipped(bot, versions)
    ]
    if not buttons:
        commit = versions[0].commit[:7] if versions else ""
        hint = f"`git revert {commit}` takes it back" if commit else "git takes it back"
        return Post(text=f"{text} No run of mine brought it: {hint}, or say what it should do.")
    return Post(text=f"{text}\n{UNTOUCHED}", buttons=(*buttons[:MOST], NOT_NOW))


async def _shipped(bot: TheseusClient, versions: Sequence[ItemVersion]) -> list[tuple[Run, str]]:
    """Return the runs that brought versions and can be reverted, newest first, with their names."""
    found = []
    for run_id in dict.fromkeys(each.author.run_id for each in versions if each.author.run_id):
        try:
            run = await bot.agent.find(run_id=run_id)
        except UnknownRun:
            continue
        history = await bot.agent.history(run.id)
        if run.status is Status.DONE and history.shipment is not None and history.proposal:
            found.append((run, f"#{history.proposal.number}"))
    return found
