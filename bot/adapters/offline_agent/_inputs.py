"""Converts a run's evidence to the inputs of the search."""

from collections.abc import Iterator, Mapping

from theseus_repair.answer_memo import AnswerMemo, read_memo
from theseus_repair.guidance import is_test
from theseus_repair.model import Crash, SuspectHunk, TraceFrame
from theseus_repair.reverts import parse_diff

from bot.domain.evidence import Evidence
from bot.memory.ranking import find_failed_approaches
from bot.ports.agent import (
    Assignment,
)


def build_memo(assignment: Assignment) -> tuple[AnswerMemo, bool]:
    """Return people's answers so far, and whether they may be asked again.

    They may not if the last question was not answered by a person.
    """
    question, answer = assignment.question, assignment.answer
    if question is not None and answer is not None:
        by = answer.person.name if answer.person else ""
        memo = read_memo(question.memo)
        return memo.set_answer(answer.text if by else "", by), bool(by)
    previous = assignment.previous
    return read_memo(previous.memo if previous else ""), True


_OPERATOR_KINDS: Mapping[str, tuple[str, ...]] = {
    "exception handler": ("except",),
    "added condition": ("guard",),
    "added wait": ("await",),
    "added lines": ("insertion",),
    "changed expression": (
        "arguments", "arithmetic", "attribute", "boolean operator", "call", "comparison",
        "constant", "key", "name", "negation", "off by one", "string",
    ),
}  # fmt: skip
"""What an operator's edit is called once it is a diff."""


def build_crash(evidence: Evidence) -> Crash | None:
    """Return the recorded crash of the failure, if there is one."""
    capsule = evidence.capsule
    if capsule is None:
        return None
    frames = tuple(TraceFrame(frame.file, frame.line, frame.function) for frame in capsule.frames)
    return Crash(capsule.exception, capsule.message, frames)


def list_hunks(evidence: Evidence) -> list[SuspectHunk]:
    """Return the suspects' hunks; a suspect's position in the list is its age."""
    return [
        hunk
        for age, suspect in enumerate(evidence.suspects)
        for hunk in parse_diff(suspect.diff, suspect.commit.sha[:7], age)
    ]


def iterate_complete_suspects(evidence: Evidence) -> Iterator[str]:
    """Yield the suspects whose diff contains all the code that they changed."""
    for suspect in evidence.suspects:
        diff_files = {hunk.path for hunk in parse_diff(suspect.diff)}
        missing = set(suspect.touched) - diff_files
        if suspect.touched and all(is_test(file) or _is_prose(file) for file in missing):
            yield suspect.commit.sha[:7]


def _is_prose(file: str) -> bool:
    return file.endswith((".md", ".rst"))


def list_failed_hashes(evidence: Evidence) -> frozenset[str]:
    """Return the hashes of shipped edits that did not fix this failure; they are not repeated."""
    fingerprint = evidence.groups[0].fingerprint if evidence.groups else ""
    failed = find_failed_approaches(evidence.memories, fingerprint)
    return frozenset(memory.diff_hash for memory in failed if memory.diff_hash)


def build_edit_factors(by_edit: Mapping[str, float]) -> dict[str, float]:
    """Return factors of operators' kinds, from those of kinds of edit (`bot.learning.edits`)."""
    return {
        kind: factor for edit, factor in by_edit.items() for kind in _OPERATOR_KINDS.get(edit, ())
    }
