"""Which parts of the day files can hold records of a time, told without the index."""

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from bot.adapters.ndjson_journal._files import PORTIONS, Portions, list_sizes
from bot.adapters.ndjson_journal._follower import iterate_full_lines
from bot.adapters.ndjson_journal._samples import sample_in
from bot.domain.samples import Sample

OUT_OF_ORDER = timedelta(hours=1)
"""In a file that is not read whole a record stands at most this far from its place by time."""


class Span(NamedTuple):
    """Bytes of a day file, from a line's start to a line's end."""

    path: Path
    start: int
    end: int


def list_spans(
    folder: Path,
    since: datetime | None,
    until: datetime | None,
    portions: Portions = PORTIONS,
) -> list[Span]:
    """Return where the records between two times are, oldest file first."""
    first, last = _format_day(since, "0000-00-00"), _format_day(until, "9999-99-99")
    found = []
    for name, size in list_sizes(folder).items():
        if first <= name[:10] <= last:
            span = Span(folder / name, 0, size)
            if size > portions.full:
                with contextlib.suppress(FileNotFoundError):
                    span = _narrow(span, since, until, portions.near)
            found.append(span)
    return found


def list_samples(folder: Path, since: datetime, until: datetime, event: str | None) -> list[Sample]:
    """Return the samples of that time (both included), of one event if named, oldest first."""
    earliest, latest = to_aware(since).timestamp(), to_aware(until).timestamp()
    needle = json.dumps(event).encode() if event is not None and event.isascii() else b""
    found = [
        sample
        for span in list_spans(folder, since, until)
        for line in iterate_lines(span)
        if needle in line
        and (sample := sample_in(line)) is not None
        and earliest <= sample.at <= latest
        and event in (None, sample.event)
    ]
    found.sort(key=lambda sample: sample.at)
    return found


def iterate_lines(span: Span) -> Iterator[bytes]:
    """Return the lines of a span; none of a file that is gone."""
    at = span.start
    with contextlib.suppress(FileNotFoundError):
        for end, lines in iterate_full_lines(span.path, at):
            for line in lines:
                if at >= span.end:
                    return
                at += len(line)
                yield line
            at = end


def to_aware(at: datetime) -> datetime:
    """Return the time; a naive one is taken as UTC."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _format_day(at: datetime | None, otherwise: str) -> str:
    return otherwise if at is None else to_aware(at).astimezone(UTC).date().isoformat()


def _narrow(span: Span, since: datetime | None, until: datetime | None, near: int) -> Span:
    """Return the part of a large file in which the records of that time are."""
    path, start, end = span
    if since is not None:
        start, _ = _find_bounds(span, near, (to_aware(since) - OUT_OF_ORDER).timestamp())
    if until is not None:
        _, end = _find_bounds(span, near, (to_aware(until) + OUT_OF_ORDER).timestamp())
    return Span(path, start, end)


def _find_bounds(span: Span, near: int, at: float) -> tuple[int, int]:
    """Return the start of a line before that time, or 0, and a place after which none is."""
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
