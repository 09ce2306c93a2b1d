"""Finds memories by words and, where an encoder is installed, by meaning."""

from collections.abc import Sequence

import structlog

from bot.domain.meanings import MeaningUnavailable, combine_orders
from bot.domain.memory import Memory, MemoryKind, Recall, Recalled
from bot.memory.ranking import MEANING, is_about
from bot.ports.meaning_rater import MeaningRater
from bot.ports.memory import MemoryStore

_log = structlog.stdlib.get_logger(__name__)
_MOST_SHOWN = 10
_MOST_COMPARED = 1_000  # the newest of each kind
# Tuned on bench/data/matching/memory.tsv: a note that answers is 0.3 close and more, or clearly
# closer than every other one.
_CLOSE = 0.3
_NEAR, _CLEARLY = 0.2, 0.06


async def find_notes(
    store: MemoryStore, rater: MeaningRater | None, question: str
) -> tuple[Memory, ...]:
    """Return the notes that answer a question, best first; empty if none is about it.

    Raises `StoreError`.
    """
    wanted = Recall(text=question, kinds=("note",), limit=_MOST_SHOWN)
    by_words = [each.memory for each in await store.recall(wanted)]
    about = [each for each in by_words if is_about(each, question)]
    close = await _compare(store, rater, question, ("note",))
    if not close:
        return tuple(about)
    known = {each.key: each for each in (*about, *(memory for memory, _ in close))}
    best = _select_close(close)
    return tuple(known[key] for key in combine_orders(best, [each.key for each in about]))


async def search_memories(
    store: MemoryStore, rater: MeaningRater | None, text: str, limit: int
) -> Sequence[Recalled]:
    """Return the best matches for a text by words and meaning, best first. Raises `StoreError`."""
    by_words = await store.recall(Recall(text=text, limit=limit))
    close = await _compare(store, rater, text, ())
    found = {each.memory.key: each for each in by_words}
    for memory, rate in close:
        score = max(0.0, min(1.0, rate))
        found.setdefault(memory.key, Recalled(memory=memory, score=score, because=MEANING))
    order = combine_orders([each.memory.key for each in by_words], _select_close(close))
    return tuple(found[key] for key in order[:limit])


async def _compare(
    store: MemoryStore, rater: MeaningRater | None, text: str, kinds: tuple[MemoryKind, ...]
) -> list[tuple[Memory, float]]:
    """Return the memories with how close they are, the closest first; empty if that is unknown."""
    if rater is None or not text.strip():
        return []
    newest = await store.recall(Recall(kinds=kinds, limit=_MOST_COMPARED))
    memories = [each.memory for each in newest]
    try:
        rates = await rater.rate(text, [each.approach or each.text for each in memories])
    except MeaningUnavailable as error:
        _log.info("the memory is searched by words alone: %s", error)
        return []
    return sorted(zip(memories, rates, strict=True), key=lambda each: -each[1])


def _select_close(close: Sequence[tuple[Memory, float]]) -> list[str]:
    """Return the keys of the memories that are close enough to be shown, the closest first."""
    keys = [memory.key for memory, rate in close if rate >= _CLOSE]
    if not keys and close:
        first, others = close[0], close[1:2]
        second = others[0][1] if others else 0.0
        if first[1] >= _NEAR and first[1] - second >= _CLEARLY:
            return [first[0].key]
    return keys
