"""Runs to choose from: as autocompletion of an id, or as buttons."""

import re
from collections.abc import Callable
from typing import Any

import discord
from discord import app_commands, ui

from bot.authority.approval_policy import ApprovalPolicy
from bot.client import TheseusClient
from bot.domain.history import History
from bot.domain.posts import Button
from bot.domain.run import Run, Status, Waiting
from bot.presentation.cards import run_label
from cogs.ui.answers import view_of
from cogs.ui.buttons import RunButton
from cogs.ui.speakers import get_speaker

_NUMBER = re.compile(r"#(\d{1,9})")
_CHOICES = 25  # the most that Discord accepts
_LABEL = 100
_BUTTON_LABEL = 80
_LOOKED_AT = 50  # newest runs that are offered

Acted = Callable[[Run], bool]
"""Decides whether an action is possible on a run now."""


def is_any_run(run: Run) -> bool:
    """Return True: every run can be shown."""
    return True


def can_ship(run: Run) -> bool:
    """Return whether the run waits for an approval."""
    return run.waiting in (Waiting.APPROVAL, Waiting.UNSHIPPED, Waiting.UNREVISED)


def can_cancel(run: Run) -> bool:
    """Return whether the run has not ended."""
    return not run.has_ended


def can_retry(run: Run) -> bool:
    """Return whether the run ended without a result."""
    return run.can_be_retried


async def run_named(bot: TheseusClient, typed: str) -> str:
    """Return the id of the run that somebody typed, by id or pull request (`#7`).

    The id is not checked: whoever uses it checks that the run exists and that the person may see
    it.
    """
    number = _NUMBER.fullmatch(typed.strip(" `"))
    runs = await bot.agent.list_runs(limit=_LOOKED_AT) if number else ()
    for run, history in await bot.agent.get_histories(runs):
        if number and history.proposal and history.proposal.number == int(number[1]):
            return run.id
    return typed


async def run_choices(
    interaction: discord.Interaction[Any], typed: str, acted: Acted
) -> list[app_commands.Choice[str]]:
    """Return the matching runs, newest first; none for people who may not read runs."""
    bot: TheseusClient = interaction.client
    runs = [run for run in await _list_readable_runs(interaction) if acted(run)]
    return _build_choices(bot, typed, await bot.agent.get_histories(runs))


async def suggest_targets(
    interaction: discord.Interaction[Any], typed: str
) -> list[app_commands.Choice[str]]:
    """Return the matching bots that the person may ask about."""
    bot: TheseusClient = interaction.client
    person, wanted = get_speaker(interaction), typed.lower().strip()
    names = [each.name for each in bot.intake.targets.every if each.is_open_to(person)]
    fitting = [name for name in names if wanted in name][:_CHOICES]
    return [app_commands.Choice(name=name, value=name) for name in fitting]


async def suggest_shipped_runs(
    interaction: discord.Interaction[Any], typed: str
) -> list[app_commands.Choice[str]]:
    """Return the matching runs whose change can be reverted."""
    bot: TheseusClient = interaction.client
    readable = await _list_readable_runs(interaction)
    return _build_choices(bot, typed, await _list_shipped_runs(bot, readable))


def _build_choices(
    bot: TheseusClient, typed: str, runs: list[tuple[Run, History]]
) -> list[app_commands.Choice[str]]:
    now, begun = bot.clock.now(), typed.strip(" `").lower()
    return [
        app_commands.Choice(name=run_label(run, history, now, _LABEL), value=run.id)
        for run, history in runs
        if begun in f"{run.id} {run_label(run, history, now)}".lower()
    ][:_CHOICES]


async def _list_readable_runs(interaction: discord.Interaction[Any]) -> list[Run]:
    """Return the newest runs that the person may look at.

    It is not audited: that would be a line for every key they press.
    """
    bot: TheseusClient = interaction.client
    policy, person = bot.provide(ApprovalPolicy), get_speaker(interaction)
    runs = await bot.agent.list_runs(limit=_LOOKED_AT)
    return [run for run in runs if policy.can_read(person, run)]


async def _list_shipped_runs(bot: TheseusClient, runs: list[Run]) -> list[tuple[Run, History]]:
    """Return those of the runs that were merged and not reverted, newest first."""
    runs = [run for run in runs if run.status is Status.DONE]
    taken_back = {run.trigger.reverts for run in runs}
    merged = [run for run in runs if run.goal != "investigate" and run.id not in taken_back]
    known = await bot.agent.get_histories(merged)
    return [(run, history) for run, history in known if history.shipment and history.proposal]


async def revert_buttons(interaction: discord.Interaction[Any], most: int) -> ui.View | None:
    """Return a button for each of the newest `most` shipped changes; None if there is none."""
    bot: TheseusClient = interaction.client
    buttons, now = [], bot.clock.now()
    readable = await _list_readable_runs(interaction)
    for run, history in (await _list_shipped_runs(bot, readable))[:most]:
        label = f"Revert {run_label(run, history, now, _BUTTON_LABEL - len('Revert '))}"
        custom_id = Button(label=label, action="revert", arguments=(run.id,)).custom_id
        button: ui.Button[ui.View] = ui.Button(label=label, custom_id=custom_id)
        buttons.append(RunButton(button, "revert", run.id, None))
    return view_of(buttons) if buttons else None
