"""Asks back what a message in another language means, ordered by its meaning."""

from dataclasses import replace

import structlog

from bot.domain.guilds import AllowLists
from bot.domain.intents import Setting
from bot.domain.meanings import MeaningUnavailable
from bot.intake.message import Message, can_ask
from bot.listener.request_examples import ask_by_meaning, can_compare, load_examples
from bot.ports.meaning_rater import MeaningRater

_log = structlog.stdlib.get_logger(__name__)


class MeaningReadings:
    """Compares talk of people who may ask for work with examples of requests."""

    def __init__(self, rater: MeaningRater, people: AllowLists) -> None:
        self._rater = rater
        self._people = people

    async def read(self, message: Message, setting: Setting) -> Message:
        """Return the message, as a question back if it is probably a request."""
        said = message.is_answer or message.is_explained or message.run or message.card
        if said or not message.has_text or not can_ask(self._people, message.person):
            return message
        if not can_compare(message.text, message.utterance, setting):
            return message
        try:
            rates = await self._rater.rate(message.text, load_examples().sentences)
        except MeaningUnavailable as error:
            _log.info("the message %s stays talk: %s", message.id, error)
            return message
        return replace(message, utterance=ask_by_meaning(message.utterance, rates))
