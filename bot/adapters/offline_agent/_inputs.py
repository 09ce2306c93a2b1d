"""What a run knows, as the search takes it."""

from collections.abc import Iterator

from bot.domain.evidence import Evidence
from bot.memory.ranking import find_failed_approaches
from bot.ports.agent import (
    Assignment,
)
from bot.repair.answer_memo import AnswerMemo, read_memo
from bot.repair.guidance import is_test
from bot.repair.model import Crash, SuspectHunk, TraceFrame
from bot.repair.reverts import parse_diff


def build_memo(assignment: Assignment) -> tuple[AnswerMemo, bool]:
    """Return what people said by now, and whether they may be asked: not where nobody answered."""
    question, answer = assignment.question, assignment.answer
    if question is not None and answer is not None:
        by = answer.person.name if answer.person else ""
        memo = read_memo(question.memo)
        return memo.set_answer(answer.text if by else "", by), bool(by)
    previous = assignment.previous
    return read_memo(previous.memo if previous else ""), True


def build_crash(evidence: Evidence) -> Crash | None:
    """Return what production saw of the failure, if anything was kept of it."""
    capsule = evidence.capsule
    if capsule is None:
        return None
    frames = tuple(TraceFrame(frame.file, frame.line, frame.function) for frame in capsule.frames)
    return Crash(capsule.exception, capsule.message, frames)


def list_hunks(evidence: Evidence) -> list[SuspectHunk]:
    """Return the suspects' hunks; a suspect's place in the list is its age."""
    return [
        hunk
        for age, suspect in enumerate(evidence.suspects)
        for hunk in parse_diff(suspect.diff, suspect.commit.sha[:7], age)
    ]


def iterate_complete_suspects(evidence: Evidence) -> Iterator[str]:
    """Yield the suspects whose diff holds all the code they changed."""
    for suspect in evidence.suspects:
        shown = {hunk.path for hunk in parse_diff(suspect.diff)}
        others = set(suspect.touched) - shown
        if suspect.touched and all(is_test(file) or _is_prose(file) for file in others):
            yield suspect.commit.sha[:7]


def _is_prose(file: str) -> bool:
    return file.endswith((".md", ".rst"))


def list_failed_hashes(evidence: Evidence) -> frozenset[str]:
    """Return what was shipped for this failure and did not hold: it is not proposed again."""
    fingerprint = evidence.groups[0].fingerprint if evidence.groups else ""
    known = find_failed_approaches(evidence.memories, fingerprint)
    return frozenset(memory.diff_hash for memory in known if memory.diff_hash)
