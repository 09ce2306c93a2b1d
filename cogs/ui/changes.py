"""Answers after a request for a change, and the list of what the bot can do."""

from collections import defaultdict
from typing import Any

import discord

from bot.client import TheseusClient, list_abilities
from bot.domain.feature_request import FeatureRequest
from bot.domain.people import Person
from bot.domain.run import Trigger
from bot.intake.answers import describe_change
from bot.presentation.feature_requests import list_capability_lines
from bot.presentation.gaps import list_gap_lines
from bot.presentation.tools import list_tool_lines
from bot.self_improvement.requests.change_requests import ChangeBegun, ChangeRequests
from bot.self_improvement.requests.gaps import GapService
from bot.self_improvement.vital_signs import VitalSigns
from bot.tools import ToolCatalogue
from cogs.ui.command_rights import list_usable_commands
from cogs.ui.speakers import is_listed, place_asked_in


def change_text(bot: TheseusClient, person: Person, answer: ChangeBegun | FeatureRequest) -> str:
    """Return where to follow a requested change, or that the request was stored."""
    listed, able = is_listed(bot, person), bot.provide(ChangeRequests).able
    return describe_change(person, answer, listed=listed, able=able)


def build_change_trigger(interaction: discord.Interaction[Any], person: Person) -> Trigger:
    """Return the trigger of a change that a pressed button starts; the button knows its text."""
    return Trigger(
        key=f"interaction:{interaction.id}",
        goal="change",
        person=person,
        place=place_asked_in(interaction),
        text="",
        at=interaction.created_at,
    )


async def load_capability_lines(bot: TheseusClient, person: Person) -> list[str]:
    """Return the lines of `/capabilities`, without commands that the person may not use."""
    listed, known = is_listed(bot, person), list_abilities(bot)
    usable = list_usable_commands(bot, person)
    commands = defaultdict[str, list[str]](list)
    for each in known:
        typed = each.label.startswith("@")
        if (listed and typed) or each.label.removeprefix("/") in usable:
            commands[each.cog.removeprefix("cogs.")].append(each.label)
    model, writers = bot.chat_model, bot.provide(VitalSigns).engine
    engines = (
        f"changes to my code are written by: {writers or 'no one, there is no engine'}",
        f"talk is answered by: {model.name if model else 'rules, without a model'}",
    )
    states = await bot.provide(ChangeRequests).list_feature_requests()
    return list_capability_lines(
        dict(sorted(commands.items())),
        engines,
        [(each.feature_request, each.run) for each in states],
        listed=listed,
        skills=[each.name for each in bot.skills.get_current().skills],
        tools=list_tools(bot),
        gaps=list_gap_lines(await bot.provide(GapService).list_gaps()),
    )


def list_tools(bot: TheseusClient) -> list[str]:
    """Return the tools of MCP servers, a line each with its state; nothing without tools."""
    catalogue = bot.find_part(ToolCatalogue)
    if catalogue is None:
        return []
    return list_tool_lines(catalogue.list_states(), catalogue.list_waiting_servers())
