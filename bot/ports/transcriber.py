"""The transcriber port: writes down what is said in a recording."""

from typing import Protocol

from bot.domain.recording import Recording, Transcript


class Transcriber(Protocol):
    """Turns speech into text. It keeps neither the recording nor the text."""

    @property
    def description(self) -> str:
        """What transcribes, and where, as text for people."""
        ...

    async def transcribe(self, recording: Recording, person_id: int) -> Transcript:
        """Return what was said; the text is empty if nobody spoke.

        The text is data: it is neither redacted nor bounded here. Ends within minutes whatever the
        recording holds. Cancelling it leaves no process behind.

        Args:
            recording: What a person sent: it may be damaged, or made to do harm.
            person_id: Who pays, where a transcription costs something.

        Raises:
            RecordingRejected: It is damaged, not what its format says, or too long.
            TranscriberUnavailable: Nothing can be transcribed now, or on this machine.
            BudgetSpent: It costs more than the person, or everyone, may spend.
            Stopped: All work is stopped.
        """
        ...
