"""Splits texts into passages and chooses the best ones. Pure functions."""

import re
from collections.abc import Iterator, Sequence

from bot.domain.research import LONGEST_PASSAGE, LONGEST_QUOTE, Citation, Passage
from bot.research.terms import compute_coverage, extract_terms, list_query_terms

_LENGTH = 1_200  # characters that a passage of prose has at most, unless a paragraph is longer
_MOST_OF_SOURCE = 4
_SAME = 0.8  # the share of common terms from which two texts count as the same
_LEAST = 0.3  # the share of a question's terms that a passage needs
_PROSE = 0.15  # people and models quote what was written for readers rather than code
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n{2,}")
_LONGEST_EXCERPT = 360


def split_text(text: str, length: int = _LENGTH) -> Iterator[str]:
    """Yield parts of the text, word for word, divided between paragraphs where possible."""
    part = ""
    for paragraph in re.split(r"\n\s*\n", text):
        piece = paragraph.strip("\n")
        while len(piece) > LONGEST_PASSAGE:
            cut = piece.rfind(" ", length, LONGEST_PASSAGE)
            cut = cut if cut > 0 else LONGEST_PASSAGE
            yield from ((part,) if part.strip() else ())
            part = ""
            yield piece[:cut]
            piece = piece[cut:]
        if part and len(part) + len(piece) > length:
            yield part
            part = piece
        else:
            part = f"{part}\n\n{piece}" if part else piece
    if part.strip():
        yield part


def rank_passages(
    question: str, passages: Sequence[Passage], limit: int, least: float = _LEAST
) -> tuple[Passage, ...]:
    """Return the passages with most of the question's terms, best first.

    At most four are of one source, so that a long one does not hide the others, and texts that
    repeat another are left out. Among equals, the given order decides.
    """
    terms = extract_terms(question)
    pairs = frozenset(list_query_terms(question)) - terms
    scored = []
    for position, passage in enumerate(passages):
        found = extract_terms(f"{passage.source} {passage.locator} {passage.text}")
        share = compute_coverage(terms, found)
        both = len(pairs & found)
        prose = 0.0 if passage.kind == "code" else _PROSE
        if share >= least:
            scored.append((-share - 0.05 * both - prose, position, passage))
    chosen: list[Passage] = []
    seen: list[frozenset[str]] = []
    counts: dict[str, int] = {}
    for _, _, passage in sorted(scored, key=lambda each: each[:2]):
        content = extract_terms(passage.text)
        if counts.get(passage.source, 0) == _MOST_OF_SOURCE or _is_repeated(content, seen):
            continue
        counts[passage.source] = counts.get(passage.source, 0) + 1
        seen.append(content)
        chosen.append(passage)
        if len(chosen) == limit:
            break
    return tuple(chosen)


def _is_repeated(content: frozenset[str], seen: Sequence[frozenset[str]]) -> bool:
    """Return whether nearly the same text was chosen already."""
    return any(len(content & each) >= _SAME * max(1, len(content | each)) for each in seen)


def cite(passage: Passage, quote: str) -> Citation:
    """Return the quote with the place of its passage."""
    return Citation(
        kind=passage.kind,
        source=passage.source,
        version=passage.version,
        locator=passage.locator,
        url=passage.url,
        quote=quote,
    )


def quote_best_part(question: str, passage: Passage) -> Citation:
    """Return the sentences of a passage that have most of the question's terms, word for word."""
    terms = extract_terms(question)
    starts = [0, *(found.end() for found in _SENTENCE.finditer(passage.text))]
    best, score = "", -1.0
    for start in starts:
        part = _cut(passage.text[start : start + LONGEST_QUOTE])
        if part and (share := compute_coverage(terms, extract_terms(part))) > score:
            best, score = part, share
    return cite(passage, best or _cut(passage.text))


def _cut(text: str) -> str:
    """Return the start of the text, which ends with a sentence if one fits."""
    if len(text) <= _LONGEST_EXCERPT:
        return text.strip()
    start = text[:_LONGEST_EXCERPT]
    ends = [found.start() for found in _SENTENCE.finditer(start)]
    if ends and ends[-1] > _LONGEST_EXCERPT // 3:
        return start[: ends[-1]].strip()
    return start.rpartition(" ")[0].strip() or start.strip()
