"""Answers a question of a person: claims with sources, or the best passages without a model."""

from typing import NamedTuple

from bot.domain.errors import AgentError, BudgetSpent
from bot.domain.research import (
    MOST_CLAIMS,
    DraftAnswer,
    Passage,
    ResearchQuestion,
    ResearchReport,
    SearchedSource,
    SupportedClaim,
    UnsupportedClaim,
)
from bot.ports.clock import Clock
from bot.ports.research import ClaimWriter
from bot.research.citations import check_claim
from bot.research.library import ResearchLibrary
from bot.research.passages import quote_best_part
from bot.research.run_research import list_sources

_EXCERPTS = 4


class _Checked(NamedTuple):
    claims: tuple[SupportedClaim, ...] = ()
    dropped: tuple[UnsupportedClaim, ...] = ()


class ResearchAnswers:
    """Answers questions. Every claim in an answer quotes a source that was read for it."""

    def __init__(
        self, library: ResearchLibrary, clock: Clock, writer: ClaimWriter | None = None
    ) -> None:
        self._library = library
        self._clock = clock
        self._writer = writer

    async def answer(self, question: ResearchQuestion) -> ResearchReport:
        """Return the report. If the model fails, passages are quoted, and the report says so.

        Raises `Stopped`.
        """
        found = await self._library.search(question)
        draft, problems = await self._write(question, found)
        checked = _check(draft, found.passages)
        excerpts = () if checked.claims else found.passages[:_EXCERPTS]
        return ResearchReport(
            question=question.text,
            at=self._clock.now(),
            claims=checked.claims,
            dropped=checked.dropped,
            excerpts=tuple(quote_best_part(question.text, each) for each in excerpts),
            read=list_sources(found.passages),
            problems=(*found.problems, *problems),
            written_by=draft.written_by,
        )

    async def _write(
        self, question: ResearchQuestion, found: SearchedSource
    ) -> tuple[DraftAnswer, tuple[str, ...]]:
        if self._writer is None or not found.passages:
            return DraftAnswer(), ()
        try:
            return await self._writer.write(question, found.passages), ()
        except (AgentError, BudgetSpent) as error:
            return DraftAnswer(), (f"{self._writer.name}: {error}",)


def _check(draft: DraftAnswer, passages: tuple[Passage, ...]) -> _Checked:
    results = [check_claim(each, passages) for each in draft.claims]
    claims = [each for each in results if isinstance(each, SupportedClaim)]
    dropped = [each for each in results if isinstance(each, UnsupportedClaim)]
    return _Checked(tuple(claims[:MOST_CLAIMS]), tuple(dropped[:MOST_CLAIMS]))
