"""Builds research from the configuration: the sources of Theseus, and those of each target."""

import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from bot.adapters.research import (
    BraveSearch,
    FetchRules,
    HttpPageFetcher,
    InstalledPackages,
    SearchTerms,
    SearxngSearch,
    SqliteResearchCache,
    TavilySearch,
)
from bot.domain.errors import ConfigError
from bot.infra.dependency_files import read_manifest
from bot.infra.injector import Injector
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.ports.research import ClaimWriter, ResearchSource, SearchProvider
from bot.ports.spend_guard import SpendGuard
from bot.research.answers import ResearchAnswers
from bot.research.issue_source import IssueSource
from bot.research.library import ResearchLibrary
from bot.research.run_research import RunResearch
from bot.research.web_source import WebSource
from bot.settings import Settings

_MANIFESTS = ("pyproject.toml", "requirements.txt", "requirements.in")
_LONGEST_MANIFEST = 500_000  # bytes
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class ResearchBuilder:
    """Builds the libraries of all bots that are looked after; they share the cache."""

    settings: Settings
    clock: Clock
    cache: SqliteResearchCache
    web: WebSource | None

    def build_library(self, forge: Forge, python: Path, root: Path) -> ResearchLibrary:
        """Return the sources of a bot: its forge, its Python's packages, its project folder."""
        config = self.settings.config.research
        packages = InstalledPackages(
            self.cache.database,
            list_package_folders(python),
            lambda: (*config.packages, *list_dependencies(root)),
            self.clock,
        )
        sources: list[ResearchSource] = [packages]
        if config.issues:
            sources.append(IssueSource(forge))
        if self.web is not None:
            sources.append(self.web)
        return ResearchLibrary(sources, config)

    def build_run_research(self, library: ResearchLibrary) -> RunResearch | None:
        """Return the research of runs; `None` if they may ask nothing."""
        if not library.rules.per_run:
            return None
        return RunResearch(library, self.cache, self.clock)


async def open_research(
    settings: Settings, clock: Clock, spending: SpendGuard, stack: AsyncExitStack
) -> ResearchBuilder:
    """Open the cache, which the stack closes. Raises `ConfigError` for a provider without key."""
    config = settings.config.research
    cache = SqliteResearchCache(
        settings.state / "cache" / "research.sqlite3", clock, timedelta(days=config.cache_days)
    )
    provider = build_provider(settings, spending, clock)
    await stack.enter_async_context(cache)
    web = None
    if config.web.hosts and (provider is not None or config.web.pages):
        rules = FetchRules(
            config.web.hosts,
            most_bytes=config.web.kilobytes * 1024,
            seconds=config.web.page_seconds,
        )
        web = WebSource(
            provider,
            HttpPageFetcher(rules),
            cache,
            clock,
            pages=config.web.pages,
            most_pages=config.web.most_pages,
        )
    return ResearchBuilder(settings, clock, cache, web)


async def add_research(
    injector: Injector, spending: SpendGuard, stack: AsyncExitStack
) -> RunResearch | None:
    """Build the research of Theseus itself, which the injector then provides; `None`: no runs'."""
    settings, clock = injector.get(Settings), injector.get(Clock)
    builder = await open_research(settings, clock, spending, stack)
    library = builder.build_library(injector.get(Forge), Path(sys.executable), settings.root)
    injector.add(builder)
    injector.add(library)
    research = builder.build_run_research(library)
    if research is not None:
        injector.add(research)
    return research


def add_research_answers(injector: Injector, open_writer: Callable[[], ClaimWriter] | None) -> None:
    """Build what answers people's questions, with a model if there is one."""
    injector.build(ResearchAnswers, writer=open_writer() if open_writer is not None else None)


def build_provider(settings: Settings, spending: SpendGuard, clock: Clock) -> SearchProvider | None:
    """Return the web search; `None` if it is off. Raises `ConfigError` without its key."""
    web, environment = settings.config.research.web, settings.environment

    def need(value: T | None, what: str, name: str) -> T:
        if value is None:
            where = f"{settings.config_file}: research.web.provider: {web.provider}"
            raise ConfigError(f"{where} needs {what}: set {name} in .env, or use off.")
        return value

    match web.provider:
        case "brave":
            key = need(environment.theseus_brave_key, "a key", BraveSearch.key_name)
            return BraveSearch(SearchTerms(key=key, usd=web.usd_per_search), spending, clock)
        case "tavily":
            key = need(environment.theseus_tavily_key, "a key", TavilySearch.key_name)
            return TavilySearch(SearchTerms(key=key, usd=web.usd_per_search), spending, clock)
        case "searxng":
            url = need(environment.theseus_searxng_url, "an address", "THESEUS_SEARXNG_URL")
            return SearxngSearch(SearchTerms(url=str(url).rstrip("/")), spending, clock)
        case _:
            return None


def list_package_folders(python: Path) -> Sequence[str]:
    """Return the folders that a Python's packages are installed in, without starting it."""
    if str(python) == sys.executable:
        return [folder for folder in sys.path if folder.endswith("-packages")]
    folder = python.parent.parent / "lib"
    return [str(each) for each in sorted(folder.glob("python3*/site-packages"))]


def list_dependencies(root: Path) -> Sequence[str]:
    """Return the names of the packages that a project's files ask for."""
    names: set[str] = set()
    for name in _MANIFESTS:
        file = root / name
        try:
            if file.stat().st_size > _LONGEST_MANIFEST:
                continue
            declared = read_manifest(name, file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            continue  # a project need not have such a file
        names |= {each.name for each in declared.exact}
        names |= {each for each, _ in declared.loose}
    return sorted(names)
