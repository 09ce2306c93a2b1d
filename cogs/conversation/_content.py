"""What a message holds: its author's text, or else what they said or attached."""

from dataclasses import dataclass

from cogs.conversation._attachments import Attached
from cogs.conversation._recordings import Transcription

_LONGEST = (
    2_000  # most characters of a file that are read as the request if the message has no text
)


@dataclass(frozen=True)
class MessageContent:
    """The text that was typed, what was said in a recording, and the text of files.

    Typed text is the request, and all else is data. Without it, what was said is the request.
    """

    typed: str
    transcription: Transcription | None
    attached: Attached

    @property
    def text(self) -> str:
        """The request."""
        return self.typed or self._transcript or self.attached.text[:_LONGEST]

    @property
    def has_words(self) -> bool:
        """True if its author typed or said something."""
        return bool(self.typed or self._transcript)

    @property
    def is_declined(self) -> bool:
        """True if all that it holds is a recording that was not listened to."""
        return self.transcription is not None and not self.text

    @property
    def data(self) -> str:
        """The text of its files, and what was said if that is not the request."""
        transcript = self._transcript if self.typed else ""
        return "\n\n".join(filter(None, (transcript, self.attached.text)))

    @property
    def notice(self) -> str:
        """What its author reads about the recording."""
        return self.transcription.notice if self.transcription else ""

    @property
    def _transcript(self) -> str:
        return self.transcription.text if self.transcription else ""
