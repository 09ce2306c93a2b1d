"""Recordings in a message: what was said is read as if its author had written it."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath

import aiohttp
import discord
from cachetools import TTLCache

from bot.client import TheseusClient
from bot.domain.errors import TheseusError
from bot.domain.people import Person
from bot.intake.recording_transcripts import RecordingTranscripts
from bot.presentation.cards import to_plain_text
from cogs.conversation._model_calls import measure_call

_SUFFIXES = frozenset({".ogg", ".oga", ".opus", ".mp3", ".m4a", ".mp4", ".wav"})
_REMEMBERED, _SECONDS = 32, 900.0  # a button under a question may need the transcript again
_NOT_LOADED = "Discord did not give me this recording. Please send it again, or write it."
_HEARD = "🎙️ I heard: “{text}”\nIf that is wrong, reply to this with the right words."


@dataclass(frozen=True)
class Transcription:
    """What was said in a recording, or why it was not listened to."""

    text: str = ""
    refusal: str = ""

    @property
    def notice(self) -> str:
        """What the author reads about it."""
        return self.refusal or _HEARD.format(text=to_plain_text(self.text))


class RecordingReader:
    """Listens to the first recording of a message.

    Transcripts are remembered for some minutes, in memory only: a message may be read twice.
    """

    def __init__(self, bot: TheseusClient) -> None:
        self._bot = bot
        self._transcriptions: TTLCache[int, Transcription] = TTLCache(
            _REMEMBERED, _SECONDS, timer=bot.clock.monotonic
        )

    def find(self, message: discord.Message) -> discord.Attachment | None:
        """Return the recording of a message, by what it declares; `None` without any.

        A forwarded recording is none: it is what somebody else said.
        """
        if message.message_snapshots or self._bot.find_part(RecordingTranscripts) is None:
            return None
        return next((each for each in message.attachments if _can_be_recording(each)), None)

    async def read(self, message: discord.Message, person: Person) -> Transcription | None:
        """Return what was said in the message's recording; `None` if it has none. Never raises."""
        recording = self.find(message)
        if recording is None:
            return None
        if (known := self._transcriptions.get(recording.id)) is not None:
            return known
        found = self._transcriptions[recording.id] = await self._listen(message, recording, person)
        return found

    async def _listen(
        self, message: discord.Message, recording: discord.Attachment, person: Person
    ) -> Transcription:
        service = self._bot.provide(RecordingTranscripts)
        agent = service.transcriber.description
        with measure_call(self._bot, message, "transcribe", agent):
            # inside: a recording that is declined is no failure of the bot
            try:
                service.check(person, recording.size, recording.duration)
                with suppress(discord.HTTPException):  # only decoration
                    await message.channel.typing()
                heard = await service.transcribe(await recording.read(), person)
            except TheseusError as error:
                return Transcription(refusal=str(error))
            except (discord.HTTPException, aiohttp.ClientError, TimeoutError):
                return Transcription(refusal=_NOT_LOADED)
            return Transcription(heard.text)


def _can_be_recording(file: discord.Attachment) -> bool:
    """Return whether the file may be a recording: its content is looked at once it is loaded."""
    declared = file.is_voice_message() or (file.content_type or "").startswith("audio/")
    return declared or PurePath(file.filename).suffix.lower() in _SUFFIXES
