"""Finds the parts of the day files that may contain records of a time, without the index."""

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from bot.adapters.ndjson_journal._files import PORTIONS, Portions, get_day, list_sizes
from bot.adapters.ndjson_journal._follower import iterate_full_lines
from bot.adapters.ndjson_journal._samples import sample_in
from bot.domain.samples import Sample

OUT_OF_ORDER = timedelta(hours=1)
"""In a large file, a record may be written this much later than its time says."""


class Span(NamedTuple):
    """Bytes of a day file, from the start of a line to the end of a line."""

    path: Path
    start: int
    end: int


def list_spans(
    folder: Path,
    since: datetime | None,
    until: datetime | None,
    portions: Portions = PORTIONS,
) -> list[Span]:
    """Return the parts with the records between two times, oldest file first."""
    first, last = _format_day(since, "0000-00-00"), _format_day(until, "9999-99-99")
    spans = []
    for name, size in list_sizes(folder).items():
        if first <= get_day(name) <= last:
            span = Span(folder / name, 0, size)
            if size > portions.full:
                with contextlib.suppress(FileNotFoundError):
                    span = _narrow(span, since, until, portions.near)
            spans.append(span)
    return spans


def list_samples(folder: Path, since: datetime, until: datetime, event: str | None) -> list[Sample]:
    """Return the samples of that time (inclusive), oldest first, of one event if it is named."""
    earliest, latest = to_aware(since).timestamp(), to_aware(until).timestamp()
    needle = json.dumps(event).encode() if event is not None and event.isascii() else b""
    samples = [
        sample
        for span in list_spans(folder, since, until)
        for line in iterate_lines(span)
        # A search of bytes is much cheaper than parsing, and most lines are of other events.
        if needle in line
        and (sample := sample_in(line)) is not None
        and earliest <= sample.at <= latest
        and event in (None, sample.event)
    ]
    samples.sort(key=lambda sample: sample.at)
    return samples


def iterate_lines(span: Span) -> Iterator[bytes]:
    """Yield the lines of a span; none if its file was removed."""
    position = span.start
    with contextlib.suppress(FileNotFoundError):
        for end, lines in iterate_full_lines(span.path, position):
            for line in lines:
                if position >= span.end:
                    return
                position += len(line)
                yield line
            position = end


def to_aware(at: datetime) -> datetime:
    """Return the time with a time zone; a naive time counts as UTC."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _format_day(at: datetime | None, otherwise: str) -> str:
    return otherwise if at is None else to_aware(at).astimezone(UTC).date().isoformat()


def _narrow(span: Span, since: datetime | None, until: datetime | None, near: int) -> Span:
    """Return the part of a large file that contains the records of that time."""
    path, start, end = span
    if since is not None:
        start, _ = _find_bounds(span, near, (to_aware(since) - OUT_OF_ORDER).timestamp())
    if until is not None:
        _, end = _find_bounds(span, near, (to_aware(until) + OUT_OF_ORDER).timestamp())
    return Span(path, start, end)


def _find_bounds(span: Span, near: int, at: float) -> tuple[int, int]:
    """Return the start of a line before that time (or 0), and a position after which none is."""
    path, low, high = span
    with path.open("rb") as file:
        while high - low > near:
            middle = (low + high) // 2
            file.seek(middle)
            file.readline()
            sample, start = None, middle
            while sample is None and (start := file.tell()) < high:
                sample = sample_in(file.readline())
            if sample is not None and sample.at < at:
                low = start
            else:
                high = middle
    return low, high
