"""Workers that judge candidates of a search before this machine does."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from theseus_repair.model import Judgement
from theseus_repair.search_slices import SearchSlice

from bot.domain.errors import PortError
from bot.ports.work_queue import CommitWork, WorkQueue

_log = structlog.stdlib.get_logger(__name__)
_SLICES = 4  # at once: more would be judged too late for what comes of the first


class QueuedJudges:
    """Implements `SliceJudges` with a queue of work. No one else judges what it cannot."""

    width = _SLICES

    def __init__(self, work: CommitWork) -> None:
        self._work = work

    async def judge(self, part: SearchSlice) -> Sequence[Judgement] | None:
        """Return the judgements of a worker, or `None` without one."""
        try:
            return await self._work.search(part)
        except PortError as error:
            _log.info("slice_not_judged", error=str(error))
            return None


@asynccontextmanager
async def open_judges(work: WorkQueue | None, root: Path) -> AsyncIterator[QueuedJudges | None]:
    """Yield judges with the present files of a folder, or `None` without a queue."""
    if work is None:
        yield None
        return
    async with work.open_files(root) as opened:
        yield QueuedJudges(opened)
