"""Searches all sources at once, within a time limit. One that fails is named; the rest count."""

import asyncio
from collections.abc import Sequence

from theseus_observe.redaction import redact

from bot.domain.errors import BudgetSpent, PortError
from bot.domain.research import Passage, ResearchQuestion, ResearchRules, SearchedSource
from bot.ports.research import ResearchSource
from bot.research.passages import rank_passages

_MOST_PROBLEMS = 8


class ResearchLibrary:
    """The sources of one bot, searched side by side."""

    def __init__(self, sources: Sequence[ResearchSource], rules: ResearchRules) -> None:
        self._sources = tuple(sources)
        self.rules = rules

    @property
    def names(self) -> tuple[str, ...]:
        """The sources, for people."""
        return tuple(each.name for each in self._sources)

    async def search(self, question: ResearchQuestion) -> SearchedSource:
        """Return the best passages of all sources, without secrets, and what could not be read.

        Raises `Stopped`.
        """
        asked = question.replace(text=" ".join(redact(question.text).split())[:400] or "?")
        found = await asyncio.gather(*(self._search_one(each, asked) for each in self._sources))
        problems = [" ".join(redact(each).split()) for one in found for each in one.problems]
        # One passage of each source in turn, so that among equals no source hides another.
        longest = max((len(one.passages) for one in found), default=0)
        rows = [
            one.passages[row] for row in range(longest) for one in found if row < len(one.passages)
        ]
        passages = rank_passages(asked.text, [_redact(each) for each in rows], self.rules.passages)
        return SearchedSource(passages=passages, problems=tuple(problems[:_MOST_PROBLEMS]))

    async def _search_one(
        self, source: ResearchSource, question: ResearchQuestion
    ) -> SearchedSource:
        try:
            async with asyncio.timeout(self.rules.seconds):
                return await source.search(question)
        except TimeoutError:
            problem = f"no answer within {self.rules.seconds:g} s"
        except (PortError, BudgetSpent) as error:
            problem = str(error)
        return SearchedSource(problems=(f"{source.name}: {problem}",))


def _redact(passage: Passage) -> Passage:
    text, locator = redact(passage.text), redact(passage.locator)
    return passage.replace(text=text[:2_500] or "-", locator=locator[:400])
