"""Compares texts with a sentence encoder on this machine, in a separate process."""

from bot.adapters.sentence_encoder._model import EncoderModel, find_encoder
from bot.adapters.sentence_encoder._rater import SentenceEncoder

__all__ = ["EncoderModel", "SentenceEncoder", "find_encoder"]
