"""Rewrites PNG and JPEG files so that only pixels are left, and refuses all others.

What follows the end of the picture, and text, metadata and applications' data inside it, is
dropped: it could be another file, hide instructions, or say where a photograph was taken.
"""

import struct
import zlib
from collections.abc import Iterator

from bot.domain.report_picture import ReportPicture

MOST_PICTURES = 3  # of one report
MOST_BYTES = 3_500_000  # a model takes 5 MB in base64
_MOST_SIDE = 8_000
_MOST_PIXELS = 12_000_000
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by PNG colour type
_KEPT_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_PIECE = 65_536
_MOST_SCANS = 100  # a progressive JPEG has about ten; each is decoded over the whole picture
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN, _ADOBE = 0xDA, 0xEE


def clean_picture(content: bytes) -> ReportPicture | None:
    """Return the picture without anything else; `None` if it is none, damaged or too large."""
    if len(content) > MOST_BYTES:
        return None
    try:
        if content.startswith(_PNG):
            return ReportPicture(media_type="image/png", content=_clean_png(content))
        if content.startswith(_JPEG):
            return ReportPicture(media_type="image/jpeg", content=_clean_jpeg(content))
    except (ValueError, IndexError, struct.error, zlib.error):
        return None
    return None


def _check_size(width: int, height: int) -> None:
    if not (0 < width <= _MOST_SIDE and 0 < height <= _MOST_SIDE):
        raise ValueError("a side is too long")
    if width * height > _MOST_PIXELS:
        raise ValueError("it has too many pixels")


def _clean_png(content: bytes) -> bytes:
    chunks = list(_iterate_chunks(content))
    names = [name for name, _ in chunks]
    if names[0] != b"IHDR" or names.count(b"IHDR") != 1 or names[-1] != b"IEND":
        raise ValueError("it has no header or no end")
    width, height, depth, colour = struct.unpack(">IIBB", chunks[0][1][:10])
    _check_size(width, height)
    if depth not in (1, 2, 4, 8, 16):
        raise ValueError("its depth is unknown")
    row = 1 + (width * depth * _CHANNELS[colour] + 7) // 8 if colour in _CHANNELS else 0
    # Interlaced pictures have up to seven passes, each with its own filter bytes.
    _check_inflated((data for name, data in chunks if name == b"IDAT"), (row + 8) * height * 2)
    kept = (_build_chunk(name, data) for name, data in chunks if name in _KEPT_CHUNKS)
    return _PNG + b"".join(kept)


def _iterate_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and data of each chunk up to the end of the picture."""
    at, name = len(_PNG), b""
    while name != b"IEND":
        length, name = struct.unpack(">I4s", content[at : at + 8])
        data = content[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack(">I", content[at + 8 + length : at + 12 + length])
        if zlib.crc32(name + data) != checksum:
            raise ValueError("a chunk is damaged")
        yield name, data
        at += 12 + length


def _check_inflated(pieces: Iterator[bytes], limit: int) -> None:
    """Raise `ValueError` if the data is no complete stream, or inflates to more than the pixels."""
    stream, size = zlib.decompressobj(), 0
    for data in pieces:
        rest, is_full = data, True
        while is_full and not stream.eof:
            piece = stream.decompress(rest, _PIECE)
            # A full piece may leave more in the stream, also where no input is left.
            rest, is_full = stream.unconsumed_tail, len(piece) == _PIECE
            size += len(piece)
            if size > limit:
                raise ValueError("it inflates to more than its pixels")
    if not stream.eof:
        raise ValueError("it is cut off")


def _build_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _clean_jpeg(content: bytes) -> bytes:
    kept, scans, has_size = [content[:2]], 0, False
    for marker, segment in _iterate_segments(content):
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", segment[5:9])
            _check_size(width, height)
            has_size = True
        scans += marker == _SCAN
        if scans > _MOST_SCANS:
            raise ValueError("it has too many scans")
        if _has_pixels(marker, segment):
            kept.append(segment)
    if not (has_size and scans):
        raise ValueError("it has no picture")
    return b"".join([*kept, b"\xff\xd9"])


def _iterate_segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield marker and bytes of each segment up to the end; a scan includes its pixels."""
    at = 2
    while content[at : at + 2] != b"\xff\xd9":
        if content[at] != 0xFF:
            raise ValueError("a marker is missing")
        if content[at + 1] == 0xFF:  # padding before a marker
            at += 1
            continue
        marker, start = content[at + 1], at
        (length,) = struct.unpack(">H", content[at + 2 : at + 4])
        at += 2 + length
        if length < 2 or at > len(content):
            raise ValueError("a segment is cut off")
        if marker == _SCAN:
            at = _find_scan_end(content, at)
        yield marker, content[start:at]


def _find_scan_end(content: bytes, at: int) -> int:
    """Return where the next marker begins; markers for a restart belong to the scan."""
    while True:
        at = content.index(b"\xff", at)
        if content[at + 1] != 0 and not 0xD0 <= content[at + 1] <= 0xD7:
            return at
        at += 2


def _has_pixels(marker: int, segment: bytes) -> bool:
    """Return whether decoding needs the segment: no comment, and no application's data.

    Adobe's segment says which colours the numbers mean.
    """
    if marker == _ADOBE:
        return segment[4:9] == b"Adobe" and len(segment) == 16
    return not (marker == 0xFE or 0xE1 <= marker <= 0xEF)
