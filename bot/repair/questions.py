"""A search that asks people where nothing but their word tells two edits apart."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.ports.clock import Clock
from bot.repair.calls import CallQuestion, StatedAnswer
from bot.repair.engine import repair_tree
from bot.repair.files import write
from bot.repair.model import RefusedCandidate, SearchReport
from bot.repair.request import RepairRequest
from bot.repair.runner import PreloadingRunner
from bot.repair.search import OnProgress, ignore_progress

QUESTIONS = 3  # for one fix

ApiRequest = Callable[[CallQuestion], Awaitable[StatedAnswer | None]]
"""Asks a person; none: it stays open."""


async def repair_with_questions(
    request: RepairRequest,
    runner: PreloadingRunner,
    clock: Clock,
    on_progress: OnProgress = ignore_progress,
    ask: ApiRequest | None = None,
) -> SearchReport:
    """Search as `engine.mend` does; after each answer once more, by what was said.

    What was found before is tried first then. The time that a person takes is nobody's.
    """
    unwritten = replace(request, write=False)  # the tree is searched once more
    report = await repair_tree(unwritten, runner, clock, on_progress)
    for _ in range(QUESTIONS if ask else 0):
        said = await ask(report.question) if ask and report.question else None
        if said is None:
            break
        unwritten = apply_answer(unwritten, report, said)
        report = await repair_tree(unwritten, runner, clock, on_progress)
    if report.fix is not None and request.write:
        await asyncio.to_thread(write, request.root, report.files)
    return report


def apply_answer(
    request: RepairRequest, report: SearchReport, answer: StatedAnswer
) -> RepairRequest:
    """Return what to search for once this was said: what was found by then comes first."""
    compared = report.unanswered if report.fix is None else (report.fix, *report.others)
    reasons = {
        each: answer.find_conflict(end)
        for each, end in zip(compared, answer.question.ends, strict=True)
    }
    found = dict.fromkeys((*compared, *report.confirmed, *request.first))
    return replace(
        request,
        stated=(*request.stated, answer),
        first=tuple(each for each in found if not reasons.get(each)),
        otherwise=(
            *request.otherwise,
            *(RefusedCandidate(each, why, stated=True) for each, why in reasons.items() if why),
        ),
        considered=report.considered,
    )


def apply_last_answer(request: RepairRequest, report: SearchReport | None) -> RepairRequest:
    """Return what to search for where the last thing `stated` may answer that report's question.

    Where it was found in a process that is gone, or answers another question, it is as it was.
    """
    said = request.stated[-1] if request.stated else None
    if report is None or report.question is None or said is None:
        return request
    if replace(report.question, ends=()) != replace(said.question, ends=()):
        return request
    before = replace(request, stated=request.stated[:-1])
    return apply_answer(before, report, replace(said, question=report.question))
