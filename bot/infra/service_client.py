"""Small requests to the services that the bot depends on, to check access."""

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
    """The answer of a service: `body` is its JSON, or `None` if it sent none."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def fields(self) -> dict[str, Any]:
        """The body if it is an object, otherwise an empty dictionary."""
        return self.body if isinstance(self.body, dict) else {}

    @property
    def items(self) -> list[dict[str, Any]]:
        """The objects in the body if it is a list, otherwise an empty list."""
        listed = self.body if isinstance(self.body, list) else []
        return [each for each in listed if isinstance(each, dict)]

    @property
    def error_message(self) -> str:
        """The error message of the service in one line of at most 200 characters."""
        inner = self.fields.get("error")
        message = inner.get("message") if isinstance(inner, dict) else self.fields.get("message")
        return " ".join(str(message or "").split())[:200]


class Service:
    """A client for one service; requests raise `error` if it cannot be reached."""

    def __init__(self, http: aiohttp.ClientSession, base: str, error: type[PortError]) -> None:
        self.base = base
        self._http = http
        self._error = error

    async def ask(self, path: str, method: str = "GET", body: object = None) -> ServiceAnswer:
        """Send one request and return the answer.

        Redirects are not followed, because the headers with the key would go to the other host.
        """
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
    """Yield a service whose requests have these headers."""
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    all_headers = {"User-Agent": _AGENT, "Content-Type": "application/json", **headers}
    async with aiohttp.ClientSession(headers=all_headers, timeout=timeout) as http:
        yield Service(http, base.rstrip("/"), error)
