"""A search that asks people if only they can decide between two edits."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from theseus_repair.calls import CallQuestion, StatedAnswer
from theseus_repair.clock import Clock
from theseus_repair.engine import repair_tree
from theseus_repair.files import write
from theseus_repair.model import RefusedCandidate, SearchReport
from theseus_repair.request import RepairRequest
from theseus_repair.runner import PreloadingRunner
from theseus_repair.search import OnProgress, ignore_progress

QUESTIONS = 3  # per repair, so that a person is not asked without end

ApiRequest = Callable[[CallQuestion], Awaitable[StatedAnswer | None]]
"""Asks a person and returns the answer; `None` if there is none."""


async def repair_with_questions(
    request: RepairRequest,
    runner: PreloadingRunner,
    clock: Clock,
    on_progress: OnProgress = ignore_progress,
    ask: ApiRequest | None = None,
) -> SearchReport:
    """Search as `repair_tree` does, and once more after each answer of a person.

    Edits that were found earlier are tried first. Waiting for a person does not count as time.
    """
    unwritten = replace(request, write=False)  # the tree must stay unchanged for the next search
    report = await repair_tree(unwritten, runner, clock, on_progress)
    for _ in range(QUESTIONS if ask else 0):
        answer = await ask(report.question) if ask and report.question else None
        if answer is None:
            break
        unwritten = apply_answer(unwritten, report, answer)
        report = await repair_tree(unwritten, runner, clock, on_progress)
    if report.fix is not None and request.write:
        await asyncio.to_thread(write, request.root, report.files)
    return report


def apply_answer(
    request: RepairRequest, report: SearchReport, answer: StatedAnswer
) -> RepairRequest:
    """Return the request for the next search after an answer: known candidates come first."""
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
    """Return the request for the next search if the last `stated` answer is for that report.

    Return the request unchanged if there is no report, or if its question is another one.
    """
    answer = request.stated[-1] if request.stated else None
    if report is None or report.question is None or answer is None:
        return request
    if replace(report.question, ends=()) != replace(answer.question, ends=()):
        return request
    before = replace(request, stated=request.stated[:-1])
    return apply_answer(before, report, replace(answer, question=report.question))
