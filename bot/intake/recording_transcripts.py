"""Turns a person's recording into text that is handled as if they had written it."""

from dataclasses import dataclass

from theseus_observe.redaction import redact

from bot.domain.errors import NotAuthorized
from bot.domain.guilds import AllowLists
from bot.domain.people import Person
from bot.domain.recording import Recording, RecordingRejected, Transcript, VoiceRules
from bot.infra.audio_files import detect_format
from bot.intake.message import can_ask
from bot.ports.transcriber import Transcriber

_LONGEST = 2_000  # characters of a transcript that are read, as of a file without words
_UNLISTED = "I listen to recordings of the people I work for only. Please write it."
_UNKNOWN = "This is no recording that I know, whatever its name. I listen to Ogg, MP3, M4A and WAV."


@dataclass(frozen=True, eq=False)
class RecordingTranscripts:
    """Transcribes recordings of listed people, within the limits. Nothing is kept.

    Attributes:
        transcriber: Writes down what was said.
        rules: How long and large a recording may be.
        people: Who may be listened to: transcribing takes minutes of a processor, or money.
    """

    transcriber: Transcriber
    rules: VoiceRules
    people: AllowLists

    def check(self, person: Person, size: int, seconds: float | None) -> None:
        """Raise why a recording is not listened to, by what is declared: nothing is loaded yet.

        Raises `NotAuthorized` for a person who is not listed, else `RecordingRejected`.
        """
        if not can_ask(self.people, person):
            raise NotAuthorized(_UNLISTED)
        if size > self.rules.most_bytes:
            raise RecordingRejected(
                f"This recording is larger than {self.rules.megabytes:g} MB (`voice.megabytes`). "
                "Please send a shorter one, or write it."
            )
        if seconds is not None and seconds > self.rules.seconds:
            raise RecordingRejected(
                f"This recording is longer than {self.rules.seconds / 60:g} minutes "
                "(`voice.seconds`). Please send a shorter one, or write it."
            )

    async def transcribe(self, content: bytes, person: Person) -> Transcript:
        """Return what was said, redacted and in one line. Raises what the port raises."""
        self.check(person, len(content), None)
        kind = detect_format(content)
        if kind is None:
            raise RecordingRejected(_UNKNOWN)
        recording = Recording(format=kind, content=content)
        heard = await self.transcriber.transcribe(recording, person.id)
        text = redact(" ".join(heard.text.split()))[:_LONGEST]
        if not text:
            raise RecordingRejected("I heard no words in this recording. Please write it.")
        return heard.replace(text=text)
