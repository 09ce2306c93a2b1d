"""The web as a source: a search gives addresses, and only pages that we read ourselves count.

What a provider says about a page is never quoted, because no one has checked it. Pages of hosts
outside the list are not read, and are named.
"""

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

from bot.domain.errors import TheseusError
from bot.domain.research import (
    LONGEST_PASSAGE,
    Page,
    Passage,
    ResearchError,
    ResearchQuestion,
    SearchedSource,
)
from bot.ports.clock import Clock
from bot.ports.research import PageFetcher, ResearchCache, SearchProvider
from bot.research.passages import rank_passages, split_text
from bot.research.terms import list_words

_MOST = 12
_MOST_OF_PAGE = 200  # passages of one page
_MOST_NAMED = 5


class WebSource:
    """Implements `bot.ports.research.ResearchSource` with a search, a fetcher and a cache.

    `pages` are read for every question. Without a provider, they are all there is.
    """

    name = "the web"

    def __init__(
        self,
        provider: SearchProvider | None,
        fetcher: PageFetcher,
        cache: ResearchCache,
        clock: Clock,
        *,
        pages: Sequence[str] = (),
        most_pages: int = 6,
    ) -> None:
        self._provider = provider
        self._fetcher = fetcher
        self._cache = cache
        self._clock = clock
        self._pages = tuple(pages)
        self._most_pages = most_pages

    async def search(self, question: ResearchQuestion) -> SearchedSource:
        """Return the passages that fit; see the port. A complete answer is cached."""
        provider = self._provider.name if self._provider else ""
        key = " ".join(("question", provider, *self._pages, *list_words(question.text)))
        known = await self._cache.get(key)
        if known is not None:
            return SearchedSource(passages=known)
        urls, problems = await self._find_pages(question)
        read = await asyncio.gather(*(self._read(url) for url in urls))
        problems += [each for each in read if isinstance(each, str)]
        passages = [each for page in read if not isinstance(page, str) for each in page]
        found = rank_passages(question.text, passages, _MOST)
        if not problems:
            await self._cache.save(key, found)
        return SearchedSource(passages=found, problems=tuple(problems))

    async def _find_pages(self, question: ResearchQuestion) -> tuple[list[str], list[str]]:
        """Return which pages to read, and what will not be read."""
        urls, problems = list(self._pages), []
        if self._provider is not None:
            try:
                hits = await self._provider.search(question)
            except ResearchError as error:
                if not urls:
                    raise
                hits, problems = (), [str(error)]
            allowed = [hit.url for hit in hits if self._fetcher.is_allowed(hit.url)]
            others = dict.fromkeys(
                _get_host(hit.url) for hit in hits if not self._fetcher.is_allowed(hit.url)
            )
            urls += allowed
            if others and not allowed:
                named = ", ".join(list(others)[:_MOST_NAMED])
                problems.append(f"not read, because research.web.hosts does not list them: {named}")
        return list(dict.fromkeys(urls))[: self._most_pages], problems

    async def _read(self, url: str) -> tuple[Passage, ...] | str:
        """Return the passages of a page, or why it could not be read."""
        key = f"page {url}"
        known = await self._cache.get(key)
        if known is not None:
            return known
        try:
            page = await self._fetcher.fetch(url)
        except TheseusError as error:
            return f"{_get_host(url)}: {error}"
        passages = _split_page(page, f"{self._clock.now():%Y-%m-%d}")
        await self._cache.save(key, passages)
        return passages


def _split_page(page: Page, day: str) -> tuple[Passage, ...]:
    host = _get_host(page.url)
    return tuple(
        Passage(
            kind="page",
            source=host,
            version=f"read {day}",
            locator=" > ".join(filter(None, (page.title[:150], heading[:150]))),
            url=page.url,
            text=part[:LONGEST_PASSAGE],
        )
        for heading, text in page.sections
        for part in split_text(text)
        if part.strip()
    )[:_MOST_OF_PAGE]


def _get_host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "?")[:200]
    except ValueError:
        return "?"
