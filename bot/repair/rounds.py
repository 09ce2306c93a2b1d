"""Several failures at once: mended by one edit or, failing that, one after the other by several."""

import asyncio
import contextlib
from dataclasses import replace

from bot.ports.clock import Clock
from bot.repair.conclusion import together
from bot.repair.confirmation import anything
from bot.repair.engine import mend
from bot.repair.model import SearchReport
from bot.repair.questions import Ask, mend_asking
from bot.repair.request import RepairRequest
from bot.repair.runner import PreloadingRunner, TimeLimits
from bot.repair.search import OnProgress
from bot.repair.tests_beside import KnownBeside

ROUNDS = 3


async def mend_in_rounds(
    request: RepairRequest,
    runner: PreloadingRunner,
    clock: Clock,
    on_progress: OnProgress,
    ask: Ask | None,
) -> SearchReport:
    """Repair all failures by one edit or, failing that, one after the other by several.

    Where an edit ended all of them and was not believed, they are one fault: what is found for
    one of them alone is no better.
    """
    began = clock.monotonic()

    def left() -> float:
        return max(0.0, request.seconds - (clock.monotonic() - began))

    several = len(request.reproduction) > 1
    share = 0.5 if several else 1.0
    first = replace(request, seconds=request.seconds * share)
    whole = await mend_asking(first, runner, clock, on_progress, ask)
    if whole.fix is not None or whole.refused or not several:
        return whole
    beside = request.beside
    files: dict[str, str] = {}
    parts: list[SearchReport] = []
    failing = list(request.reproduction)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(left()):
            while failing and len(parts) < ROUNDS:
                one = replace(
                    request, reproduction=(failing[0],), seconds=left(), hunks=(),
                    accepts=anything, beside=beside,
                )  # fmt: skip
                part = await mend(one, runner, clock, on_progress)
                if part.fix is None:
                    return whole
                beside = KnownBeside()  # the tree is another one now
                files.update(part.files)
                parts.append(part)
                again = await runner.run(failing, {}, TimeLimits())
                failing = [record.test for record in again.failed]
            if not failing and await request.accepts(files):
                return together(parts, files)
    return whole
