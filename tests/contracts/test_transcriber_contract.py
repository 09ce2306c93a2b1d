"""What every transcriber promises, on the fake, an endpoint of this machine and Whisper."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from theseus_rehearsal.sandbox import BubblewrapSandbox, PlainSandbox, probe

from bot.adapters.endpoint_transcriber import Endpoint, EndpointTranscriber
from bot.adapters.whisper_transcriber import WhisperTranscriber, find_model
from bot.domain.recording import Recording, RecordingRejected, TranscriberUnavailable, VoiceRules
from bot.infra.audio_files import detect_format
from bot.ports.transcriber import Transcriber
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_spend_guard import FakeSpendGuard
from tests.fakes.fake_transcriber import FakeTranscriber
from tests.support.recordings import OGG, build_silence, build_speech, has_speech
from tests.support.voice_server import VoiceServer, open_voice_server

PERSON = 7
RULES = VoiceRules(seconds=10)
SILENCE, LONG = build_silence(1), build_silence(11)


@dataclass
class Rig:
    """A transcriber, and a recording in which somebody says the word."""

    transcriber: Transcriber
    speech: bytes = OGG + b"dice"
    word: str = "dice"

    def record(self, content: bytes) -> Recording:
        """Return the content as a recording."""
        kind = detect_format(content)
        assert kind is not None
        return Recording(format=kind, content=content)


@pytest.fixture(params=["fake", "endpoint", pytest.param("whisper", marks=pytest.mark.slow)])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with AsyncExitStack() as stack:
        if request.param == "whisper":
            yield await _open_whisper()
        elif request.param == "fake":
            yield _open_fake()
        else:
            server = await stack.enter_async_context(open_voice_server())
            yield _open_endpoint(server)


def _open_fake() -> Rig:
    fake = FakeTranscriber(longest=RULES.seconds)
    rig = Rig(fake)
    fake.words = {rig.speech: "Rolling dice keeps crashing.", SILENCE: "", LONG: ""}
    fake.seconds = {LONG: 11}
    return rig


def _open_endpoint(server: VoiceServer) -> Rig:
    endpoint = Endpoint(server.url, None, "whisper-1", 0.006)
    rig = Rig(EndpointTranscriber(endpoint, RULES, FakeSpendGuard(), FakeClock()))
    server.words = {rig.speech: "Rolling dice keeps crashing.", SILENCE: ""}
    return rig


async def _open_whisper() -> Rig:
    try:
        model = find_model()
    except TranscriberUnavailable as error:
        pytest.skip(str(error))
    if not has_speech():
        pytest.skip("espeak-ng, which speaks, is not installed")
    speech = build_speech("Please look into it, the dice keep crashing.")
    is_confined = await probe() is None  # as the bot runs it, where the machine has bubblewrap
    sandbox = BubblewrapSandbox() if is_confined else PlainSandbox()
    return Rig(WhisperTranscriber(model, sandbox, RULES), speech, "look into it")


async def test_speech_becomes_text_and_silence_becomes_none(rig: Rig) -> None:
    heard = await rig.transcriber.transcribe(rig.record(rig.speech), PERSON)
    assert rig.word in heard.text.lower()
    assert heard.seconds >= 0
    silent = await rig.transcriber.transcribe(rig.record(SILENCE), PERSON)
    assert silent.text == ""


@pytest.mark.parametrize("content", [OGG, LONG], ids=["damaged", "too long"])
async def test_what_cannot_be_played_or_is_too_long_is_rejected_in_a_sentence(
    rig: Rig, content: bytes
) -> None:
    with pytest.raises(RecordingRejected, match=r"recording.*\.$"):
        await rig.transcriber.transcribe(rig.record(content), PERSON)


async def test_it_says_what_transcribes(rig: Rig) -> None:
    assert rig.transcriber.description
