"""A model that translates as a test says."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.domain.errors import TheseusError
from bot.domain.translations import TextToTranslate, Translation

Answer = TheseusError | Callable[[str], str]


@dataclass
class FakeTranslator:
    """Implements `bot.ports.answer_translator.AnswerTranslator`.

    Each text gets what `answer` makes of it, or an error that it raises. With `is_silent` there is
    no answer in time. `texts` are those that were to be translated.
    """

    answer: Answer = field(default=lambda text: f"Ecco: {text}")
    is_silent: bool = False
    seconds: float = 5.0
    name: str = "fake"
    texts: list[TextToTranslate] = field(default_factory=list)

    async def translate(self, text: TextToTranslate) -> Translation:
        """Return the translation, or raise the error."""
        self.texts.append(text)
        if self.is_silent:
            await asyncio.Event().wait()
        if isinstance(self.answer, TheseusError):
            raise self.answer
        return Translation(text=self.answer(text.text), cost_usd=0.001)
