"""Scores how well a memory matches a query, and formats memories as text. Pure functions."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from bot.domain.memory import Memory, Recall, Recalled
from bot.domain.watch import Judgement
from bot.grammar.likeness import extract_stems

MOST_ASKED = 32
_LONGEST_TERM = 64
_TOKEN = re.compile(r"[^\W_]+")
_NO_SPACES = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]+")

_ASKED_WITH = """
    what who whom whose where when why how which do does did done you your we our us i me my they it
    its he she tell know say said remember remind many much often long time please can could may
    should will would is are was were be been has have had there any at wer wen wem wann wie wo
    warum welche welcher wir ihr uns ich du mir dir sie es wissen weiss
"""
"""Stop words of questions, in English and German: they do not name the topic."""

# How much a fix's outcome counts. An unknown outcome counts as much as an unclear one, so that
# new fixes are neither preferred to proven ones nor hidden behind failed ones.
_OUTCOME_WEIGHTS: dict[Judgement | None, float] = {
    "fixed": 1.0, None: 0.6, "inconclusive": 0.6, "partial": 0.4, "not_fixed": 0.1,
    "regressed": 0.0,
}  # fmt: skip
_OUTCOME_TEXTS: dict[Judgement | None, str] = {
    "fixed": "held",
    "inconclusive": "not clear whether it held",
    "partial": "held in part: some of the faults came back",
    "not_fixed": "did not hold: it came back",
    "regressed": "did not hold: it made things worse",
    None: "its outcome was not watched",
}


class _Band(NamedTuple):
    """A kind of similarity: its lowest score, the width of its range, and its name for people."""

    base: float
    width: float
    because: str


# The ranges do not overlap, so a closer kind of similarity always ranks higher, whatever the
# outcome and the text add within the range.
_FAILURE = _Band(0.8, 0.2, "the same failure")
_EXCEPTION = _Band(0.6, 0.2, "the same exception in the same function")
_FUNCTION = _Band(0.4, 0.2, "the same function")
_FILE = _Band(0.3, 0.1, "the same file")
_EVENT = _Band(0.2, 0.1, "the same action")
_TEXT = _Band(0.0, 0.2, "the words")
_NEWEST = "the newest"
MEANING = "the meaning"
"""Why a memory is shown that shares no word with what was searched for."""
_BELOW = 0.99  # keeps a score below the range of the next kind


def extract_terms(text: str) -> tuple[str, ...]:
    """Return a text's search terms: lower case, stemmed, without stop words.

    In scripts without spaces each pair of characters is a term. Symbols such as emoji are terms.
    """
    plain = unicodedata.normalize("NFKC", text)
    return tuple(dict.fromkeys(each[:_LONGEST_TERM] for each in _iterate_terms(plain)))


def list_search_terms(memory: Memory) -> tuple[str, ...]:
    """Return the terms a memory can be found by."""
    number = f"{memory.number}" if memory.number is not None else ""
    parts = (
        memory.text, memory.approach, memory.event, memory.exception, memory.file,
        memory.function, memory.by, memory.run_id or "", number, memory.key.partition(":")[2],
    )  # fmt: skip
    return extract_terms("\n".join(parts))


def is_about(memory: Memory, question: str) -> bool:
    """Return whether a memory contains all terms of a question, or at least two and half of it."""
    question_terms = set(extract_terms(question)) - set(extract_terms(_ASKED_WITH))
    found = question_terms & set(extract_terms(memory.text))
    return bool(question_terms) and (
        found == question_terms or len(found) >= max(2, (len(question_terms) + 1) // 2)
    )


def score_memory(memory: Memory, wanted: Recall, text_score: float = 0.0) -> Recalled | None:
    """Return the memory with its score, or `None` if it does not match.

    The kind of similarity decides first; within a kind, how the fix turned out and then the text
    match do. `text_score` says how well the text matches, from 0 to 1.
    """
    if wanted.kinds and memory.kind not in wanted.kinds:
        return None
    outcome_weight = _OUTCOME_WEIGHTS[memory.outcome]
    if wanted.is_empty:
        return Recalled(memory=memory, score=0.0, because=_format_reason(_NEWEST, memory))
    band = _find_band(memory, wanted)
    if band is None:
        if text_score <= 0:
            return None
        # Without any similarity of code the text decides; the outcome only adjusts it.
        band, position = _TEXT, 0.7 * text_score + 0.3 * text_score * outcome_weight
    else:
        position = 0.7 * outcome_weight + 0.3 * text_score
    score = band.base + band.width * position * _BELOW
    return Recalled(
        memory=memory, score=round(min(score, 1.0), 6), because=_format_reason(band.because, memory)
    )


def select_best(found: Iterable[Recalled], limit: int) -> tuple[Recalled, ...]:
    """Return the highest scores first, newer memories first among equals, without duplicates."""
    by_key = {each.memory.key: each for each in found}
    ordered = sorted(
        by_key.values(),
        key=lambda each: (-each.score, -each.memory.at.timestamp(), each.memory.key),
    )
    return tuple(ordered[:limit])


def format_memory(memory: Memory) -> str:
    """Return a memory as one line for people and models; a note names its author."""
    text = " ".join(memory.text.split())
    if memory.kind == "note":
        return f"{memory.by or 'somebody'} noted: {text}"
    if memory.kind == "fix":
        what = memory.approach or text
        return f"{_format_fix(memory)}: {' '.join(what.split())}"
    if memory.kind == "fault":
        return f"{text} ({_format_sightings(memory)})"
    return f"learned on {format_day(memory.at)}: {text}"


def describe_history(memories: Sequence[Recalled], fingerprint: str) -> str:
    """Return what was done about exactly this failure before; empty if nothing is known."""
    same = [each.memory for each in memories if each.memory.fingerprint == fingerprint]
    if not fingerprint or not same:
        return ""
    fixes = [memory for memory in same if memory.kind == "fix"]
    if fixes:
        newest = max(fixes, key=lambda memory: memory.at)
        others = len(fixes) - 1
        more = f", and {others} time{'s' if others > 1 else ''} before that" if others else ""
        return _format_fix(newest) + more
    lessons = [memory for memory in same if memory.kind == "lesson"]
    if lessons:
        newest = max(lessons, key=lambda memory: memory.at)
        return f"on {format_day(newest.at)}, without a fix: {_shorten(newest.text)}"
    return f"{_format_sightings(same[0])}; nothing was shipped for it"


def find_similar_fixes(memories: Sequence[Recalled], fingerprint: str) -> tuple[Memory, ...]:
    """Return fixes of other failures in the same function, the best match first."""
    return tuple(
        each.memory
        for each in memories
        if each.memory.kind == "fix"
        and each.memory.fingerprint != fingerprint
        and each.score >= _FUNCTION.base
    )


def find_failed_approaches(memories: Sequence[Recalled], fingerprint: str) -> tuple[Memory, ...]:
    """Return the fixes that were shipped for this failure and did not hold."""
    return tuple(
        each.memory
        for each in memories
        if each.memory.kind == "fix"
        and each.memory.has_failed
        and fingerprint
        and each.memory.fingerprint == fingerprint
    )


def format_day(at: datetime) -> str:
    """Return `3 November 2026`."""
    return f"{at.day} {at:%B %Y}"


def describe_outcome(outcome: Judgement | None) -> str:
    """Return a phrase for how a fix turned out."""
    return _OUTCOME_TEXTS[outcome]


def _iterate_terms(plain: str) -> Iterator[str]:
    yield from sorted(extract_stems(plain))
    for word in _TOKEN.findall(plain):
        if word.isascii() and word.isalpha():
            continue  # already yielded above as a stem
        lower = word.casefold()
        runs = _NO_SPACES.findall(lower)
        for run in runs:
            pairs = [run[start : start + 2] for start in range(len(run) - 1)]
            yield from pairs or [run]
        if remainder := _NO_SPACES.sub("", lower):
            yield remainder
    yield from (character for character in plain if unicodedata.category(character) == "So")


def _find_band(memory: Memory, wanted: Recall) -> _Band | None:
    if wanted.fingerprint and memory.fingerprint == wanted.fingerprint:
        return _FAILURE
    other_file = wanted.file and memory.file and wanted.file != memory.file
    if wanted.function and memory.function == wanted.function and not other_file:
        same = wanted.exception and memory.exception == wanted.exception
        return _EXCEPTION if same else _FUNCTION
    if wanted.file and memory.file == wanted.file:
        return _FILE
    if wanted.event and memory.event == wanted.event:
        return _EVENT
    return None


def _format_reason(likeness: str, memory: Memory) -> str:
    if memory.kind != "fix" or memory.outcome is None:
        return likeness
    return (
        f"{likeness}; {'it' if memory.has_failed else 'the fix'} {_OUTCOME_TEXTS[memory.outcome]}"
    )


def _format_fix(memory: Memory) -> str:
    where = f"in #{memory.number}" if memory.number is not None else f"by run {memory.run_id}"
    return f"fixed {where} on {format_day(memory.at)}, {_OUTCOME_TEXTS[memory.outcome]}"


def _format_sightings(memory: Memory) -> str:
    first = memory.first_at or memory.at
    frequency = f"{memory.times} time{'' if memory.times == 1 else 's'}" if memory.times else "seen"
    if first.date() == memory.at.date():
        return f"{frequency} on {format_day(memory.at)}"
    return f"{frequency} from {format_day(first)} to {format_day(memory.at)}"


def _shorten(text: str, limit: int = 200) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
