"""Implements the research ports: installed packages, web searches, pages, and the cache."""

from bot.adapters.research._cache import MIGRATIONS, SqliteResearchCache
from bot.adapters.research._installed_packages import InstalledPackages
from bot.adapters.research._page_fetcher import (
    FetchRules,
    HttpPageFetcher,
    PublicResolver,
    is_public_address,
)
from bot.adapters.research._search_providers import (
    BraveSearch,
    SearchTerms,
    SearxngSearch,
    TavilySearch,
)

__all__ = [
    "MIGRATIONS",
    "BraveSearch",
    "FetchRules",
    "HttpPageFetcher",
    "InstalledPackages",
    "PublicResolver",
    "SearchTerms",
    "SearxngSearch",
    "SqliteResearchCache",
    "TavilySearch",
    "is_public_address",
]
