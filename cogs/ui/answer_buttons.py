"""The buttons under a run's question: each gives one answer."""

import re
from typing import Any, Self

import discord
from discord import ui

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.errors import WrongStage
from bot.domain.people import Person
from bot.self_improvement.run_conversation import RunConversation
from cogs.ui.answers import answer_press

_TEMPLATE = re.compile(r"theseus:(?P<act>answer):(?P<run>[0-9a-z]+):(?P<number>[0-4])")
_NOT_OPEN = "This question is no longer open."


class AnswerButton(ui.DynamicItem[ui.Button[Any]], template=_TEMPLATE):
    """One offered answer; it answers only the question on its own message."""

    def __init__(self, item: ui.Button[Any], run_id: str, number: int) -> None:
        super().__init__(item)
        self._run_id = run_id
        self._number = number

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Rebuild the button from its id."""
        if not isinstance(item, ui.Button):
            raise TypeError(f"an answer came as {type(item).__name__}")
        return cls(item, match["run"], int(match["number"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Give this answer, with the presser's rights."""
        await answer_press(interaction, self._press)

    async def _press(
        self, interaction: discord.Interaction[Any], bot: TheseusClient, person: Person
    ) -> str:
        await bot.provide(Authorizer).ask(person, Act.ANSWER, run_id=self._run_id)
        question = await bot.provide(RunConversation).get_question(
            await bot.agent.find(run_id=self._run_id)
        )
        shown = interaction.message.id if interaction.message else None
        answers = question.choices if question and question.message_id == shown else ()
        if self._number >= len(answers):
            raise WrongStage(_NOT_OPEN)
        await bot.provide(RunConversation).answer(self._run_id, person, answers[self._number])
        return f"Your answer: {answers[self._number]}"
