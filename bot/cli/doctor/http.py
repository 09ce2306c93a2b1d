"""Small requests to the services the bot depends on, to see whether they would serve it."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.domain.errors import PortError

_SECONDS = 15.0
_LONGEST = 2_000_000
_AGENT = "DiscordBot (https://github.com/theseus, 0.1) Theseus"


@dataclass(frozen=True)
class ServiceAnswer:
    """What a service said: `body` is its JSON, or `None` where it sent none."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def fields(self) -> dict[str, Any]:
        """Return the body where it is an object, else nothing."""
        return self.body if isinstance(self.body, dict) else {}

    @property
    def items(self) -> list[dict[str, Any]]:
        """Return the objects of the body where it is a list, else none."""
        listed = self.body if isinstance(self.body, list) else []
        return [each for each in listed if isinstance(each, dict)]

    @property
    def error_message(self) -> str:
        """Return what the service itself says is wrong, shortened."""
        inner = self.fields.get("error")
        said = inner.get("message") if isinstance(inner, dict) else self.fields.get("message")
        return " ".join(str(said or "").split())[:200]


class Service:
    """One service: `ask` makes one request. Raises `error` when it cannot be reached."""

    def __init__(self, http: aiohttp.ClientSession, base: str, error: type[PortError]) -> None:
        self.base = base
        self._http = http
        self._error = error

    async def ask(self, path: str, method: str = "GET", body: object = None) -> ServiceAnswer:
        """Return the answer to one request; redirects are not followed: they may carry a key."""
        text = None if body is None else json.dumps(body)
        try:
            async with self._http.request(
                method, self.base + path, data=text, allow_redirects=False
            ) as answer:
                raw = await answer.content.read(_LONGEST)
                return ServiceAnswer(answer.status, _parse_json(raw), answer.headers)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise self._error(f"{self.base} cannot be reached ({reason})") from error


def _parse_json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


@asynccontextmanager
async def open_service(
    base: str, headers: Mapping[str, str], error: type[PortError]
) -> AsyncIterator[Service]:
    """Lend a service whose requests carry these headers."""
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    said = {"User-Agent": _AGENT, "Content-Type": "application/json", **headers}
    async with aiohttp.ClientSession(headers=said, timeout=timeout) as http:
        yield Service(http, base.rstrip("/"), error)
