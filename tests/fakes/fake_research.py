"""Fakes of the research ports: everything is in memory, and given in the constructor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.domain.errors import TheseusError
from bot.domain.research import (
    DraftAnswer,
    DraftClaim,
    Page,
    PageRefused,
    Passage,
    ResearchQuestion,
    SearchedSource,
    SearchHit,
    SourceUnavailable,
)
from bot.research.passages import rank_passages


@dataclass
class FakeResearchSource:
    """Implements `bot.ports.research.ResearchSource` on passages; `asked` are the questions."""

    passages: Sequence[Passage] = ()
    name: str = "fake source"
    error: TheseusError | None = None
    asked: list[str] = field(default_factory=list)

    async def search(self, question: ResearchQuestion) -> SearchedSource:
        """Return the passages that fit."""
        self.asked.append(question.text)
        if self.error is not None:
            raise self.error
        return SearchedSource(passages=rank_passages(question.text, self.passages, 12))


@dataclass
class FakeSearchProvider:
    """Implements `bot.ports.research.SearchProvider`: the same hits for every question."""

    hits: Sequence[SearchHit] = ()
    name: str = "Fake"
    down: bool = False
    asked: list[str] = field(default_factory=list)

    async def search(self, question: ResearchQuestion) -> Sequence[SearchHit]:
        """Return the hits."""
        self.asked.append(question.text)
        if self.down:
            raise SourceUnavailable(f"{self.name} cannot be reached")
        return tuple(self.hits)


@dataclass
class FakePageFetcher:
    """Implements `bot.ports.research.PageFetcher` on pages by address; only these are allowed."""

    pages: Mapping[str, Page | TheseusError] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)

    def is_allowed(self, url: str) -> bool:
        """Return whether there is such a page."""
        return url in self.pages

    async def fetch(self, url: str) -> Page:
        """Return the page."""
        self.fetched.append(url)
        found = self.pages.get(url)
        if found is None:
            raise PageRefused("research.web.hosts does not list it")
        if isinstance(found, TheseusError):
            raise found
        return found


@dataclass
class FakeClaimWriter:
    """Implements `bot.ports.research.ClaimWriter`: writes the claims it was given."""

    claims: Sequence[DraftClaim] = ()
    name: str = "fake (writer)"
    error: TheseusError | None = None
    seen: list[Passage] = field(default_factory=list)

    async def write(self, question: ResearchQuestion, passages: Sequence[Passage]) -> DraftAnswer:
        """Return the claims."""
        self.seen = list(passages)
        if self.error is not None:
            raise self.error
        return DraftAnswer(claims=tuple(self.claims), written_by=self.name)


@dataclass
class FakeResearchCache:
    """Implements `bot.ports.research.ResearchCache` in memory; nothing becomes too old."""

    entries: dict[str, tuple[Passage, ...]] = field(default_factory=dict)
    turns: dict[str, int] = field(default_factory=dict)

    async def get(self, key: str) -> tuple[Passage, ...] | None:
        """Return the passages of that key."""
        return self.entries.get(key)

    async def save(self, key: str, passages: Sequence[Passage]) -> None:
        """Store the passages."""
        self.entries[key] = tuple(passages)

    async def take_turn(self, run_id: str, most: int) -> bool:
        """Count one question of the run."""
        if self.turns.get(run_id, 0) >= most:
            return False
        self.turns[run_id] = self.turns.get(run_id, 0) + 1
        return True
