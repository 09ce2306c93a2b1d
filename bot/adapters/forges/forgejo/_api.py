"""Forgejo's API as this package uses it: typed responses and the errors of the forge port."""

import base64
import json
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from pydantic import SecretStr, TypeAdapter, ValidationError
from theseus_guard.git_settings import Private
from yarl import URL

from bot.adapters.forges.forgejo._answers import ForgejoObject
from bot.adapters.forges.shared.rate_limits import RateLimits
from bot.adapters.forges.shared.refusal import Refusal, get_refusal
from bot.domain.errors import ForgeError, ForgeRejected, ForgeUnavailable
from bot.ports.clock import Clock

A = TypeVar("A", bound=ForgejoObject)

FIX_HINT = "make a new token and put it in FORGEJO_TOKEN"
RETRY_DELAYS = (0.5, 1.0, 2.0)
"""Seconds between attempts while Forgejo fails or cannot be reached."""

_PAGE = 50  # the most that a server gives unless it is configured otherwise
_API = "/api/v1"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class ForgejoApi:
    """Sends requests about one repository. Paths are relative to `/repos/{owner}/{name}`.

    All methods raise `ForgeUnavailable` or `ForgeRejected` (see `get_refusal`). `doing` completes
    the error message "Forgejo did not let me ...".
    """

    def __init__(
        self,
        web: aiohttp.ClientSession,
        address: str,
        repository: str,
        token: SecretStr,
        clock: Clock,
    ) -> None:
        self.address = address
        self.repository = repository
        self._web = web
        self._token = token
        self._clock = clock
        self._limits = RateLimits(clock, "Forgejo")

    async def get(self, kind: type[A], path: str, *, doing: str) -> A:
        """Return one object."""
        _, answer = await self._ask("GET", path, doing=doing)
        return _parse(kind, answer, doing)

    async def find(self, kind: type[A], path: str, *, doing: str) -> A | None:
        """Return one object, or `None` if it does not exist."""
        try:
            return await self.get(kind, path, doing=doing)
        except ForgeRejected as refused:
            if get_refusal(refused).status != 404:
                raise
            return None

    async def list_all(
        self,
        kind: type[A],
        path: str,
        *,
        doing: str,
        key: str = "",
        limit: int = 1_000,
        **query: str,
    ) -> tuple[A, ...]:
        """Return the objects of a list that has pages, from all of them, at most `limit`.

        `key` is the field with the list if the response is an object.
        """
        items: list[A] = []
        for page in range(1, limit + 1):
            asked = {**query, "page": str(page), "limit": str(_PAGE)}
            headers, answer = await self._ask("GET", f"{path}?{urlencode(asked)}", doing=doing)
            listed = answer.get(key) if key and isinstance(answer, dict) else answer
            found = _parse_list(kind, listed, doing)
            items += found
            # A server may give fewer than it was asked for, so only the total says what is missing.
            total = headers.get("X-Total-Count", "")
            if not found or len(items) >= (int(total) if total.isdecimal() else limit):
                break
        return tuple(items[:limit])

    async def list_whole(self, kind: type[A], path: str, *, doing: str) -> tuple[A, ...]:
        """Return the objects of a list without pages."""
        _, answer = await self._ask("GET", path, doing=doing)
        return _parse_list(kind, answer, doing)

    async def send(
        self, kind: type[A], method: str, path: str, body: Mapping[str, Any], *, doing: str
    ) -> A:
        """Send a change (`POST`, `PATCH`); return the response."""
        _, answer = await self._ask(method, path, doing=doing, body=body)
        return _parse(kind, answer, doing)

    async def add(self, path: str, body: Mapping[str, Any], *, doing: str) -> None:
        """Send a `POST` and ignore the response."""
        await self._ask("POST", path, doing=doing, body=body)

    def build_git_header(self) -> str:
        """Return the HTTP header that authenticates git; the name before the token is free."""
        pair = f"theseus:{self._token.get_secret_value()}".encode()
        return f"Authorization: Basic {base64.b64encode(pair).decode()}"

    async def probe_push(self) -> int:
        """Return the status that git gets for the request before a push, which changes nothing."""
        name, _, value = self.build_git_header().partition(": ")
        url = f"{self.address}/{self.repository}.git/info/refs?service=git-receive-pack"
        status, _, _ = await self._request_with_retries("GET", url, Private({name: value}), None)
        return status

    async def _ask(
        self, method: str, path: str, *, doing: str, body: Mapping[str, Any] | None = None
    ) -> tuple[Mapping[str, str], Any]:
        """Return the headers and the JSON of a response, `None` if it has none."""
        self._limits.check("")
        below = path if path.startswith("/") else f"/repos/{self.repository}/{path}".rstrip("/")
        headers = Private(
            {
                "Authorization": f"token {self._token.get_secret_value()}",
                "Accept": "application/json",
                "Content-Type": "application/json",
            }
        )
        status, got, content = await self._request_with_retries(
            method, self.address + _API + below, headers, body
        )
        self._limits.note("", status, got, content)
        if status >= 500:
            raise ForgeUnavailable(f"Forgejo failed with status {status}; I could not {doing}")
        if status >= 300:
            raise _build_rejection(status, _get_message(content), doing, self.repository)
        try:
            return got, json.loads(content) if content.strip() else None
        except ValueError as error:
            raise _build_unreadable_error(doing, str(error)) from None

    async def _request_with_retries(
        self, method: str, url: str, headers: Private, body: Mapping[str, Any] | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Retry while Forgejo fails with 5xx or cannot be reached.

        A comment is not sent again once it may have arrived, because it would then appear twice.
        Redirects are not followed, because the token would go along.
        """
        send_once = method == "POST" and url.endswith("/comments")
        for wait in (*RETRY_DELAYS, None):
            try:
                async with self._web.request(
                    method,
                    URL(url, encoded=True),
                    headers=headers,
                    data=None if body is None else json.dumps(body),
                    allow_redirects=False,
                ) as answer:
                    got = answer.status, answer.headers, await answer.read()
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                # Not chained as the cause: some of these errors show the request headers, with the
                # token.
                failure = f"{type(error).__name__}: {error}"
                final = send_once and not isinstance(error, aiohttp.ClientConnectorError)
            else:
                if got[0] < 500 or send_once or wait is None:
                    return got
                failure, final = f"status {got[0]}", False
            if wait is None or final:
                break
            await self._clock.sleep(wait)
        host = urlsplit(self.address).netloc
        raise ForgeUnavailable(f"{host} cannot be reached", detail=failure)


def create_client(address: str) -> aiohttp.ClientSession:
    """Return a web client without cookies, with timeouts and the proxy of the environment.

    It does not use aiohttp's own `trust_env`, which would also read passwords from `~/.netrc`.
    """
    parts = urlsplit(address)
    bypass = is_here(address) or bool(proxy_bypass(parts.hostname or ""))
    return aiohttp.ClientSession(
        proxy=None if bypass else getproxies().get(parts.scheme),
        timeout=aiohttp.ClientTimeout(total=60, sock_connect=10),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def is_here(address: str) -> bool:
    """Return whether the server is on this machine: then requests must not go through a proxy."""
    return urlsplit(address).hostname in _LOOPBACK


def quote_branch(branch: str) -> str:
    """Return a branch for the end of a path, where Forgejo takes slashes as they are."""
    return quote(branch, safe="/")


def _parse(kind: type[A], answer: Any, doing: str) -> A:
    try:
        return kind.model_validate(answer)
    except ValidationError as error:
        raise _build_unreadable_error(doing, _format_errors(error)) from None


def _parse_list(kind: type[A], answer: Any, doing: str) -> tuple[A, ...]:
    """Return the objects of a list; Forgejo sends `null` for some empty ones."""
    try:
        return TypeAdapter(tuple[kind, ...]).validate_python(answer or ())  # type: ignore[valid-type]
    except ValidationError as error:
        raise _build_unreadable_error(doing, _format_errors(error)) from None


def _format_errors(error: ValidationError) -> str:
    return repr(error.errors(include_input=False, include_url=False, include_context=False))


def _build_unreadable_error(doing: str, detail: str) -> ForgeUnavailable:
    """Return the error for an unreadable response, perhaps from a proxy in between."""
    return ForgeUnavailable(
        f"I could not {doing}: I did not understand the response, which may not be Forgejo's",
        detail=detail[:2_000],
    )


def _build_rejection(status: int, message: str, doing: str, where: str) -> ForgeError:
    prefix = f"Forgejo did not let me {doing}"
    if status == 401:
        text = f"{prefix}: it does not accept the token (401); {FIX_HINT}"
    elif status == 403:
        text = f"{prefix}: the token is not allowed to ({message}) on {where}; {FIX_HINT}"
    elif status == 404:
        text = f"{prefix}: it does not exist in {where}, or the token has no access to it"
    elif status < 400:
        text = f"{prefix}: {where} was moved; set forge.forgejo.repository to its new name"
    else:
        text = f"{prefix}: {message} ({status})"
    error = ForgeRejected(text, detail=message)
    error.__cause__ = Refusal(status, message)
    return error


def _get_message(content: bytes) -> str:
    """Return Forgejo's own message on one line, shortened to 200 characters."""
    try:
        answer = json.loads(content)
    except ValueError:
        return ""
    message = answer.get("message") if isinstance(answer, dict) else None
    return " ".join(message.split())[:200] if isinstance(message, str) else ""
