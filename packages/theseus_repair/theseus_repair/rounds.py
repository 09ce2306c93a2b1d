"""Repairs several failures at once by one edit or, failing that, one after the other by several."""

import asyncio
import contextlib
from dataclasses import replace

from theseus_repair.clock import Clock
from theseus_repair.conclusion import merge_reports
from theseus_repair.confirmation import accept_all
from theseus_repair.engine import repair_tree
from theseus_repair.model import SearchReport
from theseus_repair.questions import ApiRequest, repair_with_questions
from theseus_repair.request import RepairRequest
from theseus_repair.runner import PreloadingRunner, TimeLimits
from theseus_repair.search import OnProgress
from theseus_repair.sibling_tests import SiblingCache

ROUNDS = 3


async def repair_in_rounds(
    request: RepairRequest,
    runner: PreloadingRunner,
    clock: Clock,
    on_progress: OnProgress,
    ask: ApiRequest | None,
) -> SearchReport:
    """Repair all failures by one edit or, failing that, one after the other by several.

    If one edit fixed all of them and was refused, they are one fault: a fix for one of them alone
    would be no better, so no further round is made.
    """
    began = clock.monotonic()

    def get_seconds_left() -> float:
        return max(0.0, request.seconds - (clock.monotonic() - began))

    several = len(request.reproduction) > 1
    share = 0.5 if several else 1.0
    first = replace(request, seconds=request.seconds * share)
    combined = await repair_with_questions(first, runner, clock, on_progress, ask)
    if combined.fix is not None or combined.refused or not several:
        return combined
    siblings = request.sibling_results
    files: dict[str, str] = {}
    parts: list[SearchReport] = []
    failing = list(request.reproduction)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(get_seconds_left()):
            while failing and len(parts) < ROUNDS:
                one = replace(
                    request, reproduction=(failing[0],), seconds=get_seconds_left(), hunks=(),
                    accepts=accept_all, sibling_results=siblings,
                )  # fmt: skip
                part = await repair_tree(one, runner, clock, on_progress)
                if part.fix is None:
                    return combined
                siblings = SiblingCache()  # the tree has changed, so the cached results are invalid
                files.update(part.files)
                parts.append(part)
                result = await runner.run(failing, {}, TimeLimits())
                failing = [record.test for record in result.failures]
            if not failing and await request.accepts(files):
                return merge_reports(parts, files)
    return combined
