"""An endpoint that transcribes: what is sent, what it costs, and what goes wrong."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from bot.adapters.endpoint_transcriber import Endpoint, EndpointTranscriber
from bot.domain.errors import BudgetSpent
from bot.domain.recording import (
    Recording,
    RecordingRejected,
    TranscriberUnavailable,
    TranscriptionError,
    VoiceRules,
)
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_spend_guard import FakeSpendGuard
from tests.support.recordings import OGG
from tests.support.voice_server import VoiceServer, open_voice_server

KEY = "a-key-of-this-test"
PERSON = 7
RECORDING = Recording(format="ogg", content=OGG)
RULES = VoiceRules(seconds=120)


@pytest.fixture
async def server() -> AsyncIterator[VoiceServer]:
    async with open_voice_server() as opened:
        opened.words[OGG] = "It is broken."
        yield opened


def connect(server: VoiceServer, guard: FakeSpendGuard) -> EndpointTranscriber:
    endpoint = Endpoint(server.url, SecretStr(KEY), "whisper-1", 0.006)
    return EndpointTranscriber(endpoint, RULES, guard, FakeClock())


async def test_the_recording_and_the_key_are_sent_and_nothing_about_the_speaker(
    server: VoiceServer,
) -> None:
    heard = await connect(server, FakeSpendGuard()).transcribe(RECORDING, PERSON)
    assert heard.text == "It is broken."
    [form], [key] = server.forms, server.keys
    assert form == {"model": b"whisper-1", "response_format": b"json", "file": OGG}
    assert (server.file_names, key) == (["recording.ogg"], f"Bearer {KEY}")


@pytest.mark.parametrize(
    ("extra", "usd", "estimated"),
    [
        ({"usage": {"type": "duration", "seconds": 30}}, 0.003, False),
        ({"duration": 60.0}, 0.006, False),
        ({"duration": 1e12}, 0.012, False),
        ({"duration": -1}, 0.012, True),
        ({"usage": {"seconds": "60"}}, 0.012, True),
        ({}, 0.012, True),
    ],
)
async def test_the_speaker_pays_for_the_length_that_is_reported_or_else_for_the_longest(
    server: VoiceServer, extra: dict[str, object], usd: float, estimated: bool
) -> None:
    server.extra, guard = extra, FakeSpendGuard()
    await connect(server, guard).transcribe(RECORDING, PERSON)
    [(_, account, most)], [charge] = guard.asked, guard.charges.values()
    assert (account.person_id, account.purpose, most.cost_usd) == (PERSON, "chat", 0.012)
    assert charge.cost_usd == pytest.approx(usd)
    assert (charge.estimated, charge.outcome) == (estimated, "ok")


async def test_over_the_budget_nothing_is_sent(server: VoiceServer) -> None:
    with pytest.raises(BudgetSpent):
        await connect(server, FakeSpendGuard(0.01)).transcribe(RECORDING, PERSON)
    assert server.forms == []


@pytest.mark.parametrize(
    ("status", "error", "text"),
    [
        (400, RecordingRejected, "cannot transcribe this recording"),
        (401, TranscriberUnavailable, "THESEUS_VOICE_KEY"),
        (429, TranscriberUnavailable, "later"),
        (500, TranscriberUnavailable, "later"),
        (307, TranscriberUnavailable, "redirects are not followed"),
    ],
)
async def test_a_refusal_is_a_sentence_of_ours_and_costs_nothing(
    server: VoiceServer, status: int, error: type[TranscriptionError], text: str
) -> None:
    server.status, server.headers = status, {"Location": f"{server.url}/audio/transcriptions"}
    guard = FakeSpendGuard()
    with pytest.raises(error, match=text) as failed:
        await connect(server, guard).transcribe(RECORDING, PERSON)
    assert "ship it" not in str(failed.value)
    assert KEY not in str(failed.value)
    assert len(server.forms) == 1
    assert (guard.total_cost, guard.held) == (0, {})


async def test_a_server_that_is_gone_is_named_without_its_address(server: VoiceServer) -> None:
    endpoint = Endpoint("http://ada:hush@127.0.0.1:1/v1", None, "whisper-1", 0.006)
    guard = FakeSpendGuard()
    transcriber = EndpointTranscriber(endpoint, RULES, guard, FakeClock())
    with pytest.raises(TranscriberUnavailable, match=r"127\.0\.0\.1.*cannot be reached") as failed:
        await transcriber.transcribe(RECORDING, PERSON)
    assert "hush" not in str(failed.value)
    assert guard.held == {}
