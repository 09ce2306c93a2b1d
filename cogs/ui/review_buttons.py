"""The buttons under the review of an incident: a document, a lesson, feature requests."""

import re
from typing import Any, Self

import discord
from discord import ui

from bot.client import TheseusClient
from bot.domain.people import Person
from bot.presentation.cards import to_plain_text
from bot.reviews.service import IncidentReviews
from cogs.ui.answers import answer_press
from cogs.ui.changes import build_change_trigger, change_text

_TEMPLATE = re.compile(
    r"theseus:review:(?P<act>document|lesson|wish1|wish2|wish3|wish4):(?P<review>[0-9a-z-]{1,40})"
)


class ReviewButton(ui.DynamicItem[ui.Button[Any]], template=_TEMPLATE):
    """One button under a review. Its id holds all state, so it survives a restart."""

    def __init__(self, item: ui.Button[Any], act: str, review_id: str) -> None:
        super().__init__(item)
        self._act = act
        self._review_id = review_id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuild the button from its id."""
        if not isinstance(item, ui.Button):
            raise TypeError(f"a review's button came as {type(item).__name__}")
        return cls(item, match["act"], match["review"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the button says, with the presser's rights."""
        await answer_press(interaction, self._press)

    async def _press(
        self, interaction: discord.Interaction[Any], bot: TheseusClient, person: Person
    ) -> str:
        reviews = bot.provide(IncidentReviews)
        if self._act.startswith("wish"):
            number = int(self._act.removeprefix("wish"))
            kept = await reviews.keep_action(self._review_id, number, person)
            return f"Noted as a wish (`wish:{kept.id}`): “{to_plain_text(kept.text)}”."
        trigger = build_change_trigger(interaction, person)
        return change_text(bot, person, await reviews.propose(self._review_id, self._act, trigger))
