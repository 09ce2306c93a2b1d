"""Declines recordings where nothing transcribes them, and says what to do."""

from bot.domain.recording import Recording, TranscriberUnavailable, Transcript


class UnavailableTranscriber:
    """Implements `bot.ports.transcriber.Transcriber`; `reason` is what to install or to set."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    @property
    def description(self) -> str:
        """Why nobody listens."""
        return f"unavailable: {self._reason}"

    async def transcribe(self, recording: Recording, person_id: int) -> Transcript:
        """Raise `TranscriberUnavailable`."""
        raise TranscriberUnavailable(
            f"I cannot listen to recordings here: {self._reason}. Please write it."
        )
