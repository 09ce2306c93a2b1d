"""Translates the bot's answers: one prompt, no tools, one structured answer."""

from pydantic import Field
from theseus_guard.record import Record
from theseus_observe.redaction import redact

from bot.adapters.claude_agent._single_answer import SingleAnswerModel
from bot.adapters.claude_agent.prompting._texts import clip, fence_text
from bot.domain.account import Account
from bot.domain.translations import LONGEST, TextToTranslate, Translation


class TranslationForm(Record):
    """The translated text."""

    text: str = Field(
        max_length=4 * LONGEST,
        description="The text in the other language, with each mark (⟦1⟧) exactly once.",
    )


class ClaudeAnswerTranslator(SingleAnswerModel):
    """Implements `bot.ports.answer_translator.AnswerTranslator`."""

    system = "chat_translation"
    folder = "translations"
    turns = 3
    leaves_transcript = False

    async def translate(self, text: TextToTranslate) -> Translation:
        """Return the text in its language; see the port."""
        talk = f"{text.message_id}:translation"
        account = Account(purpose="chat", person_id=text.person_id)
        prompt = self._prompts.render(
            "chat_translation_text",
            language=text.language,
            text=fence_text(clip(redact(text.text), LONGEST), "text"),
        )
        form, cost = await self._ask(TranslationForm, prompt, talk=talk, account=account)
        return Translation(text=form.text.strip(), **dict(cost))
