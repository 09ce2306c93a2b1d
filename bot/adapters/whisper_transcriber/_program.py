"""The child: reads one recording from standard input, writes a line of JSON to standard output.

Its source is passed to an isolated interpreter, so it needs no file of the project: the standard
library, faster-whisper and what that brings. It sets its own limits before it reads anything.
"""

import hashlib
import importlib
import io
import json
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

_RATE = 16_000  # samples a second, as Whisper takes them
_DEMUXERS = {"ogg": "ogg", "mp3": "mp3", "m4a": "mov", "wav": "wav"}
_MEMORY = 2_500 * 1024 * 1024  # of addresses; a recording of five minutes takes 1.8 GB of them
_CPU_SECONDS = 600
_THREADS = 2
# What people say to the bot: without it the small model hears "rolling nice", "keep it".
_PROMPT = "Theseus, /roll crashes, please fix it. The poll command is broken. Ship it."


class Rejected(Exception):
    """The recording cannot be transcribed; the text says why, in one word."""


def main(arguments: list[str]) -> int:
    """Transcribe the recording; return the exit code."""
    _limit_itself()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    folder, sha256, kind, most_seconds = arguments
    try:
        answer = _transcribe(Path(folder), sha256, kind, float(most_seconds))
    except Rejected as error:
        answer = {"error": str(error)}
    except ImportError as error:
        answer = {"error": "missing", "detail": str(error)[:200]}
    except MemoryError:
        answer = {"error": "large"}
    with answers:
        answers.write(json.dumps(answer))
    return 0


def _limit_itself() -> None:
    for what, limit in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError):  # macOS has no limit of addresses; the sandbox is for Linux too
            resource.setrlimit(what, (limit, limit))


def _transcribe(folder: Path, sha256: str, kind: str, most_seconds: float) -> dict[str, object]:
    samples = decode(sys.stdin.buffer.read(), kind, most_seconds)
    seconds = len(samples) / _RATE
    if sha256 and _hash(folder / "model.bin") != sha256:
        raise Rejected("changed")
    library: Any = importlib.import_module("faster_whisper")
    model = library.WhisperModel(
        str(folder),
        device="cpu",
        compute_type="int8",
        cpu_threads=_THREADS,
        local_files_only=True,
    )
    segments, _ = model.transcribe(
        samples,
        language=None if model.model.is_multilingual else "en",
        beam_size=5,
        # one pass at 0: a recording that makes it doubt would otherwise be heard six times
        temperature=0.0,
        condition_on_previous_text=False,  # else it repeats itself after music or noise
        vad_filter=True,  # else it hears "thank you" in silence
        initial_prompt=_PROMPT,
    )
    text = " ".join(each.text.strip() for each in segments)
    return {"text": text.strip(), "seconds": seconds}


def decode(content: bytes, kind: str, most_seconds: float) -> Any:
    """Return the first audio stream as samples; the time that the file declares counts for nothing.

    The demuxer is named, and reads from memory: no content makes it open a file or an address.
    """
    numpy: Any = importlib.import_module("numpy")
    av: Any = importlib.import_module("av")
    most, count, pieces = int(most_seconds * _RATE), 0, []
    resampler = av.AudioResampler(format="s16", layout="mono", rate=_RATE)
    try:
        with av.open(io.BytesIO(content), format=_DEMUXERS[kind], metadata_errors="ignore") as file:
            for frame in _iterate_frames(av, file):
                for part in resampler.resample(frame):
                    piece = part.to_ndarray().reshape(-1)
                    count += len(piece)
                    if count > most:
                        raise Rejected("long")
                    pieces.append(piece)
    except (av.FFmpegError, IndexError, ValueError, OverflowError) as error:
        raise Rejected("damaged") from error
    if not pieces:
        raise Rejected("damaged")
    return numpy.concatenate(pieces).astype(numpy.float32) / 32768.0


def _iterate_frames(av: Any, file: Any) -> Any:
    """Yield the frames; single damaged ones are left out, as players do."""
    stream = file.streams.audio[0]
    for packet in file.demux(stream):
        try:
            yield from packet.decode()
        except av.InvalidDataError:
            continue


def _hash(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
