"""Reads long periods of the journal piece by piece."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from bot.domain.samples import Sample
from bot.ports.journal import Journal

_LONGEST, _SHORTEST = timedelta(days=1), timedelta(minutes=5)  # the length of a slice
_MANY = 10_000  # samples per slice to aim at
_AT_ONCE = 1_000  # samples counted before other tasks get a turn


async def iterate_samples(
    journal: Journal, since: datetime, until: datetime
) -> AsyncIterator[Sequence[Sample]]:
    """Yield the samples of a period in batches, oldest first, both ends included.

    The period is read in slices, so that memory use stays bounded. Raises `JournalError`.
    """
    at, length = since, _SHORTEST
    while at < until:
        end = min(at + length, until)
        last = end if end == until else end - timedelta(microseconds=1)
        samples = await journal.list_samples(since=at, until=last)
        for first in range(0, len(samples), _AT_ONCE):
            yield samples[first : first + _AT_ONCE]
            await asyncio.sleep(0)
        fitting = length * _MANY / max(len(samples), 1)
        length = max(_SHORTEST, min(fitting, 4 * length, _LONGEST))
        at = end
