"""Recordings that people send, their transcripts and limits, and why there is none."""

from typing import Literal

from pydantic import Field
from theseus_guard.record import Record

from bot.domain.errors import PortError

AudioFormat = Literal["ogg", "mp3", "m4a", "wav"]


class Recording(Record):
    """A person's recording. `format` is that of its content, whatever its name says."""

    format: AudioFormat
    content: bytes


class Transcript(Record):
    """What was said in a recording: empty if nobody spoke."""

    text: str
    seconds: float = Field(default=0.0, ge=0, description="of the recording, 0 if not known")


class VoiceRules(Record):
    """How long and how large a recording may be."""

    seconds: float = Field(default=300.0, gt=0, le=3_600)
    megabytes: float = Field(default=10.0, gt=0, le=25)

    @property
    def most_bytes(self) -> int:
        """The most bytes of a recording."""
        return int(self.megabytes * 1_000_000)


class TranscriptionError(PortError):
    """A recording was not turned into text."""

    code = "transcription"


class RecordingRejected(TranscriptionError):
    """The recording is damaged, too long, too large or of no known format, or holds no words."""

    code = "transcription.rejected"


class TranscriberUnavailable(TranscriptionError):
    """What transcribes is not installed or configured, or cannot work now."""

    code = "transcription.unavailable"
    retryable = True
