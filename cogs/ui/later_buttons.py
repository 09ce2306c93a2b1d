"""The buttons “Later”, with the two times that it offers, and “Ignore”. Ids hold all state."""

import re
from typing import Any, Self, get_args

import discord
from discord import ui

from bot.client import TheseusClient
from bot.domain.errors import TheseusError
from bot.domain.notices import SubjectKind
from bot.domain.posts import Button, MessageRef
from bot.notices.ignored import IgnoredNotices
from bot.notices.reminders import NoticeReminders, When
from bot.notices.texts import describe_ignoring, describe_reminder
from bot.presentation.later import ACTION
from cogs.ui.answers import view_of
from cogs.ui.speakers import get_speaker

_TEMPLATE = re.compile(
    r"theseus:later:(?P<act>ask|hour|tomorrow|ignore):"
    r"(?P<kind>run|group|digest|tool|review|goals|flag):(?P<subject>[0-9a-z]{1,20})"
    r"(?::(?P<channel>\d{1,20}):(?P<message>\d{1,20}))?"
)
_KINDS: dict[str, SubjectKind] = {each: each for each in get_args(SubjectKind)}
_OFFERS: tuple[tuple[When, str], ...] = (("hour", "In an hour"), ("tomorrow", "Tomorrow"))


class LaterButton(ui.DynamicItem[ui.Button[Any]], template=_TEMPLATE):
    """Reminds whoever presses it, or spares them; it changes nothing for others."""

    def __init__(self, item: ui.Button[Any], match: re.Match[str]) -> None:
        super().__init__(item)
        self._act: str = match["act"]
        self._kind = _KINDS[match["kind"]]
        self._subject: str = match["subject"]
        self._place = (match["channel"], match["message"])

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuild the button from its id."""
        if not isinstance(item, ui.Button):
            raise TypeError(f"a reminder's button came as {type(item).__name__}")
        return cls(item, match)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Offer the times, or store the reminder, under the presser's own rights."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            if self._act == "ask":
                await self._offer(interaction)
            elif self._act == "ignore":
                bot: TheseusClient = interaction.client
                person = get_speaker(interaction)
                await bot.provide(IgnoredNotices).add(person, self._kind, self._subject)
                await interaction.followup.send(describe_ignoring(), ephemeral=True)
            else:
                await interaction.followup.send(await self._store(interaction), ephemeral=True)
        except TheseusError as refusal:
            await interaction.followup.send(str(refusal), ephemeral=True)

    async def _offer(self, interaction: discord.Interaction[Any]) -> None:
        bot: TheseusClient = interaction.client
        await bot.provide(NoticeReminders).permit(
            get_speaker(interaction), self._kind, self._subject
        )
        message = interaction.message
        place = (str(message.channel.id), str(message.id)) if message else ()
        buttons: list[ui.Button[Any]] = []
        for when, label in _OFFERS:
            arguments = (when, self._kind, self._subject, *place)
            custom_id = Button(label=label, action=ACTION, arguments=arguments).custom_id
            buttons.append(ui.Button(label=label, custom_id=custom_id))
        await interaction.followup.send(
            "When shall I remind you?", view=view_of(buttons), ephemeral=True
        )

    async def _store(self, interaction: discord.Interaction[Any]) -> str:
        bot: TheseusClient = interaction.client
        channel, message = self._place
        ref = MessageRef(
            channel_id=int(channel or interaction.channel_id or 0), message_id=int(message or 0)
        )
        speaker = get_speaker(interaction)
        due = await bot.provide(NoticeReminders).add(
            speaker, self._kind, self._subject, ref,
            "hour" if self._act == "hour" else "tomorrow",
        )  # fmt: skip
        await bot.provide(IgnoredNotices).remove(speaker.id, self._kind, self._subject)
        return describe_reminder(due)
