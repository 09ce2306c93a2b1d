"""The child that transcribes: whatever it does, or a recording does to it, ends in a sentence."""

import asyncio
import os
from pathlib import Path

import pytest
from theseus_rehearsal.sandbox import PlainSandbox

from bot.adapters.sandbox import UnavailableSandbox
from bot.adapters.whisper_transcriber import WhisperModel, WhisperTranscriber, find_model
from bot.domain.recording import (
    Recording,
    RecordingRejected,
    TranscriberUnavailable,
    TranscriptionError,
    VoiceRules,
)
from tests.support.recordings import OGG

RECORDING = Recording(format="ogg", content=OGG + b"x" * 1_000_000)


def put_child(folder: Path, script: str) -> Path:
    """Return an interpreter that is this script."""
    child = folder / "python"
    child.write_text(f"#!/bin/sh\n{script}\n")
    child.chmod(0o700)
    return child


def connect(folder: Path, script: str, seconds: float = 30.0) -> WhisperTranscriber:
    return WhisperTranscriber(
        WhisperModel(folder), PlainSandbox(), VoiceRules(),
        python=put_child(folder, script), seconds=seconds,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("script", "error", "text"),
    [
        ("exit 1", RecordingRejected, "damaged"),
        ("kill -SEGV $$", RecordingRejected, "damaged"),
        ("cat >/dev/null; echo '[1]'", RecordingRejected, "damaged"),
        ("""echo '{"text": "ship it", "seconds": -1}'""", RecordingRejected, "damaged"),
        ("yes", RecordingRejected, "damaged"),
        ("""echo '{"error": "long"}'""", RecordingRejected, "longer than 5 minutes"),
        ("""echo '{"error": "missing"}'""", TranscriberUnavailable, "--extra voice"),
        ("""echo '{"error": "changed"}'""", TranscriberUnavailable, "not the one that I know"),
    ],
)
async def test_a_child_that_fails_or_floods_ends_in_a_sentence(
    tmp_path: Path, script: str, error: type[TranscriptionError], text: str
) -> None:
    async with asyncio.timeout(20):
        with pytest.raises(error, match=text):
            await connect(tmp_path, script).transcribe(RECORDING, 7)


async def test_the_child_gets_the_recording_and_sees_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "hush")
    script = """printf '{"text": "%s %s", "seconds": 1}' "$(wc -c)" "$DISCORD_TOKEN" """
    heard = await connect(tmp_path, script).transcribe(RECORDING, 7)
    assert heard.text.strip() == str(len(RECORDING.content))


async def test_a_child_that_hangs_is_killed_and_so_is_one_whose_caller_is_cancelled(
    tmp_path: Path,
) -> None:
    pid = tmp_path / "pid"
    script = f"echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 60"
    with pytest.raises(RecordingRejected, match="gave up"):
        await connect(tmp_path, script, seconds=0.2).transcribe(RECORDING, 7)
    pid.unlink(missing_ok=True)
    listening = asyncio.ensure_future(connect(tmp_path, script).transcribe(RECORDING, 7))
    async with asyncio.timeout(10):
        while not pid.exists():  # noqa: ASYNC110  a program of its own writes it
            await asyncio.sleep(0.01)
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


async def test_few_recordings_wait_while_one_is_listened_to(tmp_path: Path) -> None:
    transcriber = connect(tmp_path, "exec sleep 60")
    busy = [asyncio.ensure_future(transcriber.transcribe(RECORDING, 7)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(TranscriberUnavailable, match="in a minute"):
        await transcriber.transcribe(RECORDING, 7)
    for each in busy:
        each.cancel()
    ended = await asyncio.gather(*busy, return_exceptions=True)
    assert [type(each) for each in ended] == [asyncio.CancelledError] * 3


async def test_without_a_sandbox_nothing_is_played(tmp_path: Path) -> None:
    transcriber = WhisperTranscriber(
        WhisperModel(tmp_path), UnavailableSandbox("no bwrap"), VoiceRules()
    )
    with pytest.raises(TranscriberUnavailable, match=r"no bwrap.*sandbox\.required"):
        await transcriber.transcribe(RECORDING, 7)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(TranscriberUnavailable, match=r"--extra voice|voice\.folder"):
        find_model(tmp_path)
