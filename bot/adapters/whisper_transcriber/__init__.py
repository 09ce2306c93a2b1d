"""Transcribes with a Whisper model on this machine, in a separate process."""

from bot.adapters.whisper_transcriber._model import WhisperModel, find_model
from bot.adapters.whisper_transcriber._transcriber import WhisperTranscriber

__all__ = ["WhisperModel", "WhisperTranscriber", "find_model"]
