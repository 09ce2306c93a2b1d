"""Web searches: Brave, Tavily and SearXNG. Each speaks the documented format of its service.

The key is in a header of this process's own requests; no model, engine or sandbox has it.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from pydantic import SecretStr

from bot.domain.account import Charge
from bot.domain.cost import Cost
from bot.domain.links import parse_web_address
from bot.domain.research import ResearchQuestion, SearchHit, SourceUnavailable
from bot.infra.sqlite import replace_surrogates
from bot.ports.clock import Clock
from bot.ports.spend_guard import SpendGuard

_SECONDS = 15.0
_LONGEST = 2_000_000  # bytes of an answer
_MOST = 20
_BRAVE = "https://api.search.brave.com"
_TAVILY = "https://api.tavily.com"
_CANCELLED = 499  # as nginx logs it: the client was gone before an answer


@dataclass(frozen=True)
class SearchTerms:
    """The address of a service, its key, and what one search costs."""

    url: str = ""
    key: SecretStr | None = None
    usd: float = 0.0

    @property
    def secret(self) -> str:
        """The key, for a header; "" without one."""
        return self.key.get_secret_value() if self.key else ""


@dataclass(frozen=True)
class _Call:
    """One request to a service."""

    method: str
    url: str
    headers: Mapping[str, str]
    params: Mapping[str, str] | None = None
    body: Mapping[str, object] | None = None


class _Search:
    """Sends one request, within the budget of the question's account."""

    name = ""
    key_name = ""

    def __init__(self, terms: SearchTerms, spending: SpendGuard, clock: Clock) -> None:
        self._terms = terms
        self._spending = spending
        self._clock = clock

    def __repr__(self) -> str:
        return f"{type(self).__name__}({urlsplit(self._terms.url).hostname or 'default'})"

    async def search(self, question: ResearchQuestion) -> tuple[SearchHit, ...]:
        """Return hits; see the port."""
        request, price = f"search-{uuid.uuid4()}", self._terms.usd
        if price:
            await self._spending.admit(question.account, Cost(cost_usd=price), request)
        status, started = _CANCELLED, self._clock.monotonic()
        try:
            status, raw = await self._send(self._build_call(question.text))
        finally:
            if price:
                is_paid = status in (200, _CANCELLED)  # broken off, it may have been counted
                charge = Charge(
                    id=request,
                    at=self._clock.now(),
                    account=question.account,
                    model=f"{self.name.lower()} search",
                    status=status,
                    outcome="ok" if status == 200 else "cancelled" if is_paid else "error",
                    cost_usd=price if is_paid else 0.0,
                    seconds=max(0.0, self._clock.monotonic() - started),
                )
                await self._spending.settle(charge)
        if status != 200:
            raise SourceUnavailable(self._explain(status))
        return _parse_hits(self._find_results(_parse(raw)))

    def _build_call(self, text: str) -> _Call:
        raise NotImplementedError

    def _find_results(self, answer: dict[str, Any]) -> object:
        return answer.get("results")

    def _explain(self, status: int) -> str:
        """Return what is wrong; what the service wrote is not shown."""
        if status in (401, 403):
            fix = f"check {self.key_name}" if self.key_name else "allow the format json there"
            return f"{self.name} refuses the search ({status}): {fix}"
        if status == 429:
            return f"{self.name} limits how often it may be asked; try again later"
        hint = "; redirects are not followed" if 300 <= status < 400 else ""
        return f"{self.name} answered {status}{hint}"

    async def _send(self, call: _Call) -> tuple[int, bytes]:
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as web,
                web.request(
                    call.method,
                    call.url,
                    headers={"Accept": "application/json", "User-Agent": "Theseus", **call.headers},
                    params=call.params,
                    json=call.body,
                    allow_redirects=False,
                ) as answer,
            ):
                return answer.status, await _read_limited(answer)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            failure = type(error).__name__  # its text may hold the address with a password
            raise SourceUnavailable(f"{self.name} cannot be reached ({failure})") from None


class BraveSearch(_Search):
    """Implements `bot.ports.research.SearchProvider` with the Brave Search API.

    https://api-dashboard.search.brave.com/app/documentation/web-search/get-started
    """

    name = "Brave"
    key_name = "THESEUS_BRAVE_KEY"

    def _build_call(self, text: str) -> _Call:
        return _Call(
            "GET",
            f"{self._terms.url or _BRAVE}/res/v1/web/search",
            {"X-Subscription-Token": self._terms.secret},
            params={"q": text, "count": str(_MOST), "safesearch": "strict"},
        )

    def _find_results(self, answer: dict[str, Any]) -> object:
        web = answer.get("web")
        return web.get("results") if isinstance(web, dict) else None


class TavilySearch(_Search):
    """Implements `bot.ports.research.SearchProvider` with Tavily.

    https://docs.tavily.com/documentation/api-reference/endpoint/search
    """

    name = "Tavily"
    key_name = "THESEUS_TAVILY_KEY"

    def _build_call(self, text: str) -> _Call:
        return _Call(
            "POST",
            f"{self._terms.url or _TAVILY}/search",
            {"Authorization": f"Bearer {self._terms.secret}"},
            body={"query": text, "max_results": _MOST, "search_depth": "basic"},
        )


class SearxngSearch(_Search):
    """Implements `bot.ports.research.SearchProvider` with a SearXNG server of one's own.

    https://docs.searxng.org/dev/search_api.html; its settings have to allow the format json.
    """

    name = "SearXNG"

    def _build_call(self, text: str) -> _Call:
        return _Call(
            "GET",
            f"{self._terms.url.rstrip('/')}/search",
            {},
            params={"q": text, "format": "json", "safesearch": "2"},
        )


async def _read_limited(answer: aiohttp.ClientResponse) -> bytes:
    """Return the body. Raises `ValueError` if it is too long."""
    raw = bytearray()
    async for chunk in answer.content.iter_chunked(65_536):
        raw += chunk
        if len(raw) > _LONGEST:
            raise ValueError("too long")
    return bytes(raw)


def _parse(raw: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(raw)
    except (ValueError, RecursionError):
        raise SourceUnavailable("the search answered with no JSON") from None
    return answer if isinstance(answer, dict) else {}


def _parse_hits(results: object) -> tuple[SearchHit, ...]:
    """Return the results with a web address; others are left out."""
    if not isinstance(results, list):
        return ()
    hits = []
    for each in results:
        if not isinstance(each, dict) or not isinstance(each.get("url"), str):
            continue
        title = each.get("title")
        url = parse_web_address(replace_surrogates(each["url"]))
        if url:
            name = replace_surrogates(title)[:500] if isinstance(title, str) else ""
            hits.append(SearchHit(title=name, url=url))
    return tuple(hits[:_MOST])
