"""Tells audio formats apart by content, because names and declared types are anyone's text."""

from bot.domain.recording import AudioFormat

_BRANDS = (b"M4A ", b"M4B ", b"mp41", b"mp42", b"isom", b"iso2", b"iso5", b"iso6", b"dash", b"3gp")
_CODECS = (b"OpusHead", b"\x01vorbis")
_FIRST_PAGE = 128  # bytes, in which an Ogg file names its codec
_ID3_HEADER = 10


def detect_format(content: bytes) -> AudioFormat | None:
    """Return the format of a recording; `None` if it is none that is known."""
    if content.startswith(b"OggS"):
        return "ogg" if any(each in content[:_FIRST_PAGE] for each in _CODECS) else None
    if content.startswith(b"RIFF"):
        return "wav" if content[8:12] == b"WAVE" else None
    if content[4:8] == b"ftyp":
        return "m4a" if content[8:12].startswith(_BRANDS) else None
    return "mp3" if _is_mp3(content) else None


def _is_mp3(content: bytes) -> bool:
    """Return whether an MP3 frame is at the beginning, or after the tag that may precede it."""
    start = 0
    if content.startswith(b"ID3"):
        start = _ID3_HEADER + _parse_tag_size(content[6:_ID3_HEADER])
    header = content[start : start + 4]
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return False
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bitrate, rate = header[2] >> 4, header[2] >> 2 & 3
    return version != 1 and layer == 1 and bitrate not in (0, 15) and rate != 3


def _parse_tag_size(size: bytes) -> int:
    """Return the size of an ID3 tag, which has seven bits in each byte."""
    total = 0
    for each in size:
        total = total << 7 | each & 0x7F
    return total
