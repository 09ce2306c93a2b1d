"""The button that makes an older version live, if the live version is still the one shown.

Its id holds all state, so it survives a restart.
"""

import re
from contextlib import suppress
from typing import Any, Self

import discord
from discord import ui

from bot.authority.live_items import LiveItemService
from bot.authority.rollback_choice import build_rollback_choice
from bot.client import TheseusClient
from bot.domain.errors import OtherVersionLive, TheseusError
from bot.domain.live_items import ItemName, RollbackRequest
from bot.intake.rollback_questions import (
    ROLLBACK,
    RollbackQuestions,
    list_live_names,
    mark_of,
)
from bot.presentation.skills import describe_rollback
from cogs.ui import get_speaker, send_privately

_TEMPLATE = re.compile(
    r"theseus:rollback:(?P<act>to):(?P<item>[0-9a-f]{12}):(?P<version>\d{1,9}):(?P<seen>[0-9a-f]{16})"
)
_REFRESHED = "I ask again, with the versions as they are now."
_GONE = ItemName(kind="skill", name="(gone)")
"""Stands for a missing item, so people without the right cannot find out what exists."""


class RollbackButton(ui.DynamicItem[ui.Button[Any]], template=_TEMPLATE):
    """One version of one item, bound to the version that was live when it was offered."""

    def __init__(self, item: ui.Button[Any], found: re.Match[str]) -> None:
        super().__init__(item)
        self._mark: str = found["item"]
        self._version = int(found["version"])
        self._seen: str = found["seen"]

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuild the button from its id."""
        if not isinstance(item, ui.Button):
            raise TypeError(f"a button that rolls back came as {type(item).__name__}")
        return cls(item, match)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Roll back with the presser's rights, if the live version is the one they were shown."""
        bot: TheseusClient = interaction.client
        await interaction.response.defer(ephemeral=True, thinking=True)
        names = {mark_of(each): each for each in list_live_names(bot.find_part(LiveItemService))}
        target = names.get(self._mark, _GONE)
        try:
            text = describe_rollback(
                await bot.provide(LiveItemService).roll_back(
                    get_speaker(interaction), target.kind, target.name, self._version, self._seen
                )
            )
        except OtherVersionLive as refusal:
            await _refresh_question(interaction, bot, target)
            text = f"{refusal} {_REFRESHED}"
        except TheseusError as refusal:
            await send_privately(interaction, str(refusal), ROLLBACK)
            return
        with suppress(discord.HTTPException):  # deleted in the meantime, or too old to edit
            if interaction.message is not None:
                await interaction.message.edit(view=None)
        await send_privately(interaction, text, ROLLBACK)


async def _refresh_question(
    interaction: discord.Interaction[Any], bot: TheseusClient, target: ItemName
) -> None:
    """Post the question again, with the current versions."""
    item, versions = await bot.provide(LiveItemService).list_versions(
        get_speaker(interaction), target.kind, target.name
    )
    request = RollbackRequest(items=(target,))
    choice = build_rollback_choice(item, versions, request, bot.clock.now())
    if interaction.channel_id is not None:
        post = RollbackQuestions(bot.find_part(LiveItemService), bot.clock).build_question(choice)
        await bot.chat.post(interaction.channel_id, post, key=f"rollback:{interaction.id}")
