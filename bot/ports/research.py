"""The research ports: where passages come from, and who writes claims about them."""

from collections.abc import Sequence
from typing import Protocol

from bot.domain.research import (
    DraftAnswer,
    Page,
    Passage,
    ResearchQuestion,
    SearchedSource,
    SearchHit,
)


class ResearchSource(Protocol):
    """Something that can be searched. All that it returns was written by others: it is data."""

    @property
    def name(self) -> str:
        """The source, for people: `installed packages`."""
        ...

    async def search(self, question: ResearchQuestion) -> SearchedSource:
        """Return the passages that fit, best first, at most 12; none if nothing fits.

        The texts are word for word those of the source. What could not be read while the rest could
        is named in `problems`. Raises `PortError`, `BudgetSpent`, `Stopped`. Cancelling ends its
        requests.
        """
        ...


class SearchProvider(Protocol):
    """A web search. It alone has its key."""

    @property
    def name(self) -> str:
        """The provider, for people: `Brave`."""
        ...

    async def search(self, question: ResearchQuestion) -> Sequence[SearchHit]:
        """Return hits, best first, at most 20; entries without a web address are left out.

        Nothing but the question's text leaves this machine. The price is charged to the question's
        account. Redirects are not followed, because the key would go to the other host. Raises
        `SourceUnavailable`, `BudgetSpent`, `Stopped`.
        """
        ...


class PageFetcher(Protocol):
    """Reads pages of the hosts on its list, and nothing else.

    It follows no redirect to another host, connects to no private address, runs nothing of a page,
    and sends no cookie and no key.
    """

    def is_allowed(self, url: str) -> bool:
        """Return whether the address may be read."""
        ...

    async def fetch(self, url: str) -> Page:
        """Return the visible text of the page. Raises `PageRefused`, `SourceUnavailable`."""
        ...


class ClaimWriter(Protocol):
    """Answers a question with claims that quote passages. It can look up and start nothing."""

    @property
    def name(self) -> str:
        """The engine and model, for people: `claude (sonnet)`."""
        ...

    async def write(self, question: ResearchQuestion, passages: Sequence[Passage]) -> DraftAnswer:
        """Return unchecked claims. Raises `AgentError`, `BudgetSpent`."""
        ...


class ResearchCache(Protocol):
    """Passages that were read lately, and how often a run has asked. Raises `StoreError`.

    Keys are stored as digests: a question is never in the cache.
    """

    async def get(self, key: str) -> tuple[Passage, ...] | None:
        """Return the passages of that key; `None` if there are none, or they are too old."""
        ...

    async def save(self, key: str, passages: Sequence[Passage]) -> None:
        """Store the passages; those of the same key are replaced, and old ones removed."""
        ...

    async def take_turn(self, run_id: str, most: int) -> bool:
        """Count one question of the run; return false if it has already asked `most`."""
        ...
