"""How well a memory fits a question, and how memories are told. Pure."""

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
"""Words of a question that name nothing of what it asks about."""

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
    None: "nobody watched how it turned out",
}


class _Band(NamedTuple):
    """A kind of likeness: where its scores begin, how far they reach, what it is called."""

    base: float
    width: float
    because: str


_FAILURE = _Band(0.8, 0.2, "the same failure")
_EXCEPTION = _Band(0.6, 0.2, "the same exception in the same function")
_FUNCTION = _Band(0.4, 0.2, "the same function")
_FILE = _Band(0.3, 0.1, "the same file")
_EVENT = _Band(0.2, 0.1, "the same action")
_TEXT = _Band(0.0, 0.2, "the words")
_NEWEST = "the newest"
_BELOW = 0.99  # a band never reaches the next one


def extract_terms(text: str) -> tuple[str, ...]:
    """Return the words of a text as they are looked up: lower case, stemmed, noise left out.

    Where a script knows no spaces, pairs of signs are words; symbols such as emoji are too.
    """
    plain = unicodedata.normalize("NFKC", text)
    return tuple(dict.fromkeys(each[:_LONGEST_TERM] for each in _iterate_terms(plain)))


def list_search_terms(memory: Memory) -> tuple[str, ...]:
    """Return the words a memory is found by."""
    number = f"{memory.number}" if memory.number is not None else ""
    parts = (
        memory.text, memory.approach, memory.event, memory.exception, memory.file,
        memory.function, memory.by, memory.run_id or "", number, memory.key.partition(":")[2],
    )  # fmt: skip
    return extract_terms("\n".join(parts))


def is_about(memory: Memory, question: str) -> bool:
    """Return whether a memory says all that a question names, or at least two words and half."""
    asked = set(extract_terms(question)) - set(extract_terms(_ASKED_WITH))
    found = asked & set(extract_terms(memory.text))
    return bool(asked) and (found == asked or len(found) >= max(2, (len(asked) + 1) // 2))


def score_memory(memory: Memory, wanted: Recall, text_score: float = 0.0) -> Recalled | None:
    """Return how well it fits; `None` where nothing does. `said` is how well its words do, 0 to 1.

    Likeness decides; within the same likeness how it turned out, then the words.
    """
    if wanted.kinds and memory.kind not in wanted.kinds:
        return None
    standing = _OUTCOME_WEIGHTS[memory.outcome]
    if wanted.is_empty:
        return Recalled(memory=memory, score=0.0, because=_format_reason(_NEWEST, memory))
    band = _find_band(memory, wanted)
    if band is None:
        if text_score <= 0:
            return None
        band, inside = _TEXT, 0.7 * text_score + 0.3 * text_score * standing
    else:
        inside = 0.7 * standing + 0.3 * text_score
    score = band.base + band.width * inside * _BELOW
    return Recalled(
        memory=memory, score=round(min(score, 1.0), 6), because=_format_reason(band.because, memory)
    )


def select_best(found: Iterable[Recalled], limit: int) -> tuple[Recalled, ...]:
    """Return the best first, of equals the newest, each once."""
    once = {each.memory.key: each for each in found}
    ordered = sorted(
        once.values(), key=lambda each: (-each.score, -each.memory.at.timestamp(), each.memory.key)
    )
    return tuple(ordered[:limit])


def format_memory(memory: Memory) -> str:
    """Return a memory on one line, as people and models read it: data, with who said it."""
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
    """Return what was done about this very failure before; empty where nothing is known."""
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
    """Return how a fix turned out."""
    return _OUTCOME_TEXTS[outcome]


def _iterate_terms(plain: str) -> Iterator[str]:
    yield from sorted(extract_stems(plain))
    for word in _TOKEN.findall(plain):
        if word.isascii() and word.isalpha():
            continue  # told above, stemmed
        lower = word.casefold()
        runs = _NO_SPACES.findall(lower)
        for run in runs:
            pairs = [run[place : place + 2] for place in range(len(run) - 1)]
            yield from pairs or [run]
        if rest := _NO_SPACES.sub("", lower):
            yield rest
    yield from (stop_guard for stop_guard in plain if unicodedata.category(stop_guard) == "So")


def _find_band(memory: Memory, wanted: Recall) -> _Band | None:
    if wanted.fingerprint and memory.fingerprint == wanted.fingerprint:
        return _FAILURE
    elsewhere = wanted.file and memory.file and wanted.file != memory.file
    if wanted.function and memory.function == wanted.function and not elsewhere:
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
    often = f"{memory.times} time{'' if memory.times == 1 else 's'}" if memory.times else "seen"
    if first.date() == memory.at.date():
        return f"{often} on {format_day(memory.at)}"
    return f"{often} from {format_day(first)} to {format_day(memory.at)}"


def _shorten(text: str, limit: int = 200) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
