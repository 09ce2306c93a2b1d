"""What is said in a thread to what was understood of a change: go ahead, or something else."""

from bot.client import TheseusClient
from bot.domain.run import Run
from bot.grammar import Utterance
from bot.grammar.agreement import agreed, contract_word
from cogs.conversation._heard_message import Heard
from cogs.ui import is_answer

_WHAT_THEN = "What is meant instead? Say it here; “cancel” ends this."


def answers_contract(text: str, utterance: Utterance) -> bool:
    """Whether words are a go-ahead, a no, or say what is meant instead; a question is neither."""
    word = contract_word(text)
    if word.goes_ahead or (not word.correction and agreed(text) is False):
        return True
    return not text.rstrip().endswith("?") and is_answer(text, utterance, replies=False)


async def take_contract_word(bot: TheseusClient, heard: Heard, run: Run) -> str | None:
    """Go ahead or think it over, as somebody says; ask what is meant where they only say no."""
    word = contract_word(heard.text)
    if word.goes_ahead:
        await bot.agent.agreements.give(run.id, heard.person, "text")
        return None
    if not word.correction:
        return _WHAT_THEN
    key = f"message:{heard.message.id}"
    await bot.agent.revise(run.id, heard.person, word.correction, "text", key)
    return None
