"""What people send is decoded: each format, as encoders write it. Needs the extra `voice`."""

import io
import math
from array import array
from itertools import pairwise
from typing import Any

import pytest

from bot.adapters.whisper_transcriber import _program
from bot.infra.audio_files import detect_format
from tests.support.recordings import build_silence

RATE, HERTZ, SECONDS = 16_000, 440, 2
FORMATS = {
    "ogg": ("ogg", "libopus", 48_000),  # a voice message of Discord
    "mp3": ("mp3", "libmp3lame", 44_100),
    "m4a": ("mp4", "aac", 44_100),
    "wav": ("wav", "pcm_s16le", 22_050),
}


def encode(av: Any, kind: str) -> bytes:
    """Return two seconds of a tone in stereo, as that encoder writes it."""
    container, codec, rate = FORMATS[kind]
    tone = (int(9_000 * math.sin(math.tau * HERTZ * at / rate)) for at in range(rate * SECONDS))
    samples = array("h", (each for level in tone for each in (level, level)))
    content = io.BytesIO()
    with av.open(content, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, layout="stereo")
        frame = av.AudioFrame(format="s16", layout="stereo", samples=rate * SECONDS)
        frame.sample_rate = rate
        frame.planes[0].update(samples.tobytes())
        resampler = av.AudioResampler(
            format=stream.codec_context.format, layout="stereo", rate=rate,
            frame_size=stream.codec_context.frame_size,
        )  # fmt: skip
        for each in (frame, None):
            for part in resampler.resample(each):
                file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return content.getvalue()


@pytest.mark.parametrize("kind", FORMATS)
def test_a_tone_is_the_same_after_it_was_encoded(kind: str) -> None:
    av = pytest.importorskip("av", reason="the extra `voice` is not installed")
    content = encode(av, kind)
    assert detect_format(content) == kind
    samples = [float(each) for each in _program.decode(content, kind, 10)]
    assert len(samples) / RATE == pytest.approx(SECONDS, abs=0.15)
    middle = samples[RATE // 2 : RATE * 3 // 2]  # one second, without the encoder's edges
    crossings = sum(a < 0 <= b for a, b in pairwise(middle))
    assert crossings == pytest.approx(HERTZ, abs=2)
    assert max(middle) == pytest.approx(9_000 / 32_768, rel=0.15)
    with pytest.raises(_program.Rejected, match="long"):
        _program.decode(content, kind, 1)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_recording_that_is_cut_or_something_else_is_refused_or_shorter(kind: str) -> None:
    av = pytest.importorskip("av", reason="the extra `voice` is not installed")
    content = encode(av, kind)
    for damaged in (content[: len(content) // 2], content[:60], b"RIFF" * 40, b""):
        try:
            assert len(_program.decode(damaged, kind, 10)) <= RATE * SECONDS * 1.1
        except _program.Rejected as error:
            assert str(error) == "damaged"


def test_one_format_is_not_taken_for_another() -> None:
    pytest.importorskip("av", reason="the extra `voice` is not installed")
    with pytest.raises(_program.Rejected):
        _program.decode(build_silence(1), "m4a", 10)
