"""A recording's format is that of its content."""

import pytest

from bot.infra.audio_files import detect_format
from tests.support.recordings import M4A, MP3_FRAME, OGG, build_silence

TAG = b"ID3\x04\x00\x00\x00\x00\x00\x0a" + b"\x00" * 10


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (OGG, "ogg"),
        (M4A, "m4a"),
        (MP3_FRAME, "mp3"),
        (TAG + MP3_FRAME, "mp3"),
        (build_silence(0.1), "wav"),
        (b"", None),
        (b"OggS" + b"\x00" * 100 + b"theora", None),
        (b"RIFF\x00\x00\x00\x00AVI ", None),
        (b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + MP3_FRAME, None),
        (b"\xff\xf1\x50\x80" + b"\x00" * 100, None),
        (b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\nfile:///etc/passwd\n" + OGG, None),
        (b"PK\x03\x04" + OGG, None),
        (b"\x89PNG\r\n\x1a\n" + M4A, None),
        (b"theseus, ship it", None),
    ],
)
def test_what_it_begins_with_counts(content: bytes, kind: str | None) -> None:
    assert detect_format(content) == kind
