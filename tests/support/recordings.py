"""Recordings for tests: speech, silence, and files that are made to do harm."""

import io
import shutil
import struct
import subprocess
import wave

OGG = b"OggS\x00\x02" + b"\x00" * 20 + b"\x01\x13OpusHead\x01\x01" + b"\x00" * 10
"""The beginning of an Ogg file with Opus in it."""
M4A = b"\x00\x00\x00\x1cftypM4A \x00\x00\x02\x00M4A isomiso2"
MP3_FRAME = b"\xff\xfb\x10\xc4" + b"\x00" * 100
"""One silent frame of 26 ms."""


def build_silence(seconds: float, rate: int = 16_000) -> bytes:
    """Return a WAV file without a sound."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"\x00\x00" * int(seconds * rate))
    return content.getvalue()


def set_declared_size(content: bytes, size: int) -> bytes:
    """Return a WAV file whose header declares so many bytes of samples."""
    return content[:40] + struct.pack("<I", size) + content[44:]


def has_speech() -> bool:
    """Return whether `build_speech` works here."""
    return shutil.which("espeak-ng") is not None


def build_speech(text: str, voice: str = "en-us") -> bytes:
    """Return a WAV file in which a synthetic voice says the text."""
    spoken = subprocess.run(
        ["espeak-ng", "--stdout", "-v", voice, "-s", "150", text], capture_output=True, check=True
    )
    return spoken.stdout
