"""A transcriber that knows beforehand what is said in each recording."""

from bot.domain.errors import TheseusError
from bot.domain.recording import Recording, RecordingRejected, Transcript


class FakeTranscriber:
    """Implements `bot.ports.transcriber.Transcriber`.

    `words` is what is said in a recording, by its content; any other is damaged. `longest` is in
    seconds, and a recording is as long as `seconds` says. `speakers` lists who was listened to. Set
    `failure` to raise it.
    """

    description = "a fake"

    def __init__(self, *, longest: float = 300.0) -> None:
        self.words: dict[bytes, str] = {}
        self.seconds: dict[bytes, float] = {}
        self.longest = longest
        self.speakers: list[int] = []
        self.failure: TheseusError | None = None

    async def transcribe(self, recording: Recording, person_id: int) -> Transcript:
        """Return the words that belong to the recording."""
        self.speakers.append(person_id)
        if self.failure is not None:
            raise self.failure
        seconds = self.seconds.get(recording.content, 1.0)
        if seconds > self.longest:
            raise RecordingRejected("This recording is too long.")
        if recording.content not in self.words:
            raise RecordingRejected("I cannot play this recording.")
        return Transcript(text=self.words[recording.content], seconds=seconds)
