"""The buttons under the feature requests: each starts one, with the presser's rights."""

import re
from typing import Any, Self

import discord
from discord import ui

from bot.client import TheseusClient
from bot.domain.errors import TheseusError
from bot.domain.feature_request import FeatureRequest
from bot.domain.run import Trigger
from bot.presentation.cards import to_plain_text
from bot.self_improvement.requests.change_requests import ChangeRequests
from cogs.ui.changes import change_text
from cogs.ui.speakers import get_speaker, place_asked_in

_TEMPLATE = re.compile(r"theseus:wish:(?P<act>start):(?P<wish>[0-9a-z]+)")
_LABEL = 60


class FeatureRequestButton(ui.DynamicItem[ui.Button[Any]], template=_TEMPLATE):
    """One feature request. Its id holds all state, so it survives a restart."""

    def __init__(self, item: ui.Button[Any], request_id: str) -> None:
        super().__init__(item)
        self._request_id = request_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuild the button from its id."""
        if not isinstance(item, ui.Button):
            raise TypeError(f"a wish came as {type(item).__name__}")
        return cls(item, match["wish"])

    @classmethod
    def from_request(cls, feature_request: FeatureRequest) -> Self:
        """Return the button that starts the feature request."""
        label = f"Start “{to_plain_text(feature_request.text, _LABEL)}”"
        return cls(
            ui.Button(label=label, custom_id=f"theseus:wish:start:{feature_request.id}"),
            feature_request.id,
        )

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Start the feature request in its own words; the presser counts as the requester."""
        bot: TheseusClient = interaction.client
        await interaction.response.defer(ephemeral=True, thinking=True)
        person = get_speaker(interaction)
        trigger = Trigger(
            key=f"interaction:{interaction.id}",
            goal="change",
            person=person,
            place=place_asked_in(interaction),
            text="",
            at=interaction.created_at,
        )
        try:
            text = change_text(
                bot, person, await bot.provide(ChangeRequests).start(self._request_id, trigger)
            )
        except TheseusError as refusal:
            text = str(refusal)
        await interaction.followup.send(text, ephemeral=True)
