"""Runs as choices: offered while somebody types an id, or as buttons where nothing was typed."""

import re
from collections.abc import Callable
from typing import Any

import discord
from discord import app_commands, ui

from bot.client import TheseusClient
from bot.domain.history import History
from bot.domain.posts import Button
from bot.domain.run import FINAL_STATUSES, Run, Status, Waiting
from bot.presentation.cards import run_label
from cogs.ui.answers import view_of
from cogs.ui.buttons import RunButton
from cogs.ui.speakers import get_speaker, is_listed

_NUMBER = re.compile(r"#(\d{1,9})")
_CHOICES = 25  # Discord takes no more
_LABEL = 100
_BUTTONS, _BUTTON_LABEL = 5, 80
_LOOKED_AT = 50  # of the newest runs

Acted = Callable[[Run], bool]
"""Whether something can be done about a run as it stands."""


def is_any_run(run: Run) -> bool:
    """Every run can be looked at."""
    return True


def can_ship(run: Run) -> bool:
    """Whether it waits for somebody's word."""
    return run.waiting in (Waiting.APPROVAL, Waiting.UNSHIPPED, Waiting.UNREVISED)


def can_cancel(run: Run) -> bool:
    """Whether it goes on."""
    return not run.has_ended


def can_retry(run: Run) -> bool:
    """Whether it ended without what was asked for."""
    return run.status in FINAL_STATUSES - {Status.DONE}


async def run_named(bot: TheseusClient, typed: str) -> str:
    """Return the id of the run somebody typed: by itself, or by its pull request (`#7`).

    Whether there is one, and whether they may know, is for whoever uses it to find out.
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
    """Return the runs that fit what was typed, newest first; none to who may not read runs."""
    bot: TheseusClient = interaction.client
    if not is_listed(bot, get_speaker(interaction)):
        return []  # not audited: it would be a line for every key they press
    runs = [run for run in await bot.agent.list_runs(limit=_LOOKED_AT) if acted(run)]
    return _build_choices(bot, typed, await bot.agent.get_histories(runs))


async def suggest_shipped_runs(
    interaction: discord.Interaction[Any], typed: str
) -> list[app_commands.Choice[str]]:
    """Return the runs whose change can be taken back and that fit what was typed."""
    bot: TheseusClient = interaction.client
    if not is_listed(bot, get_speaker(interaction)):
        return []
    return _build_choices(bot, typed, await _list_shipped_runs(bot))


def _build_choices(
    bot: TheseusClient, typed: str, runs: list[tuple[Run, History]]
) -> list[app_commands.Choice[str]]:
    now, begun = bot.clock.get_time(), typed.strip(" `").lower()
    return [
        app_commands.Choice(name=run_label(run, history, now, _LABEL), value=run.id)
        for run, history in runs
        if begun in f"{run.id} {run_label(run, history, now)}".lower()
    ][:_CHOICES]


async def _list_shipped_runs(bot: TheseusClient) -> list[tuple[Run, History]]:
    """Return what was merged and not taken back since, newest first."""
    runs = [run for run in await bot.agent.list_runs(limit=_LOOKED_AT) if run.status is Status.DONE]
    taken_back = {run.trigger.reverts for run in runs}
    merged = [run for run in runs if run.goal != "investigate" and run.id not in taken_back]
    known = await bot.agent.get_histories(merged)
    return [(run, history) for run, history in known if history.shipment and history.proposal]


async def revert_buttons(bot: TheseusClient) -> ui.View | None:
    """Return a button for each change that was shipped lately; `None` where there is none."""
    buttons, now = [], bot.clock.get_time()
    for run, history in (await _list_shipped_runs(bot))[:_BUTTONS]:
        label = f"Revert {run_label(run, history, now, _BUTTON_LABEL - len('Revert '))}"
        custom_id = Button(label=label, action="revert", arguments=(run.id,)).custom_id
        button: ui.Button[ui.View] = ui.Button(label=label, custom_id=custom_id)
        buttons.append(RunButton(button, "revert", run.id, None))
    return view_of(buttons) if buttons else None
