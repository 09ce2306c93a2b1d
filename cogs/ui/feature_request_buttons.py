"""The buttons under the feature requests: each starts one, with the presser's rights."""

import re
from typing import Any, Self

import discord
from discord import ui

from bot.client import TheseusClient
from bot.domain.feature_request import FeatureRequest
from bot.domain.people import Person
from bot.presentation.cards import to_plain_text
from bot.self_improvement.requests.change_requests import ChangeRequests
from cogs.ui.answers import answer_press
from cogs.ui.changes import build_change_trigger, change_text

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
        await answer_press(interaction, self._press)

    async def _press(
        self, interaction: discord.Interaction[Any], bot: TheseusClient, person: Person
    ) -> str:
        trigger = build_change_trigger(interaction, person)
        started = await bot.provide(ChangeRequests).start(self._request_id, trigger)
        return change_text(bot, person, started)
