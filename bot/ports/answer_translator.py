"""The answer translator port: a model that puts the bot's fixed texts into another language."""

from typing import Protocol

from bot.domain.translations import TextToTranslate, Translation


class AnswerTranslator(Protocol):
    """Translates one text without any tools. What it returns is checked by the caller."""

    @property
    def name(self) -> str:
        """The engine and model, for people and the journal: `claude (haiku)`."""
        ...

    @property
    def seconds(self) -> float:
        """How long people wait for a translation at most."""
        ...

    async def translate(self, text: TextToTranslate) -> Translation:
        """Return the text in its language; the person pays.

        Raises `AgentError`, `BudgetSpent`, `Stopped`. Cancelling ends the model's work.
        """
        ...
