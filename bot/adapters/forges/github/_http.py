"""Sends single HTTP requests to GitHub, with authentication, retries and rate limits."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from cachetools import LRUCache
from gidgethub import BadRequest
from gidgethub.aiohttp import GitHubAPI
from pydantic import SecretStr
from theseus_guard.git_settings import Private

from bot.adapters.forges.github._address import Address
from bot.adapters.forges.github._credentials import Credentials, InstallationCredentials
from bot.adapters.forges.shared.rate_limits import RateLimits
from bot.domain.errors import ForgeRejected, ForgeUnavailable
from bot.ports.clock import Clock

RETRY_DELAYS = (0.5, 1.0, 2.0)
"""Seconds between attempts while GitHub fails or cannot be reached."""

NAME = "Theseus"

_VERSION = "2022-11-28"
_MAX_CACHED_ANSWERS = 512  # responses; the least recently used are dropped
_RENEWED = 1  # a second 401 with a new token is final


class GithubHttp(GitHubAPI):
    """gidgethub's client with our credentials, retries and limits; responses are cached by ETag.

    Raises `ForgeUnavailable`, `ConfigError`, and gidgethub's errors when GitHub refuses a request.
    """

    def __init__(
        self,
        web: aiohttp.ClientSession,
        address: Address,
        credentials: Credentials,
        clock: Clock,
    ) -> None:
        super().__init__(web, NAME, base_url=address.api, cache=LRUCache(_MAX_CACHED_ANSWERS))
        self._web = web
        self._address = address
        self._credentials = credentials
        self._clock = clock
        self._limits = RateLimits(clock, "GitHub")
        self.limited_by: Mapping[str, str] = {}  # the headers of the latest GraphQL response

    def __repr__(self) -> str:
        return f"Wire({self._address.api}, {self._credentials!r})"

    async def sleep(self, seconds: float) -> None:
        """Wait on the injected clock."""
        await self._clock.sleep(seconds)

    def mark_exhausted(self) -> None:
        """Record that GraphQL's rate limit is used up; always raises `ForgeUnavailable`."""
        self._limits.mark_exhausted(self._address.graphql, self.limited_by)

    async def get_token(self) -> SecretStr:
        """Return a token that is valid for some minutes. Raises `ForgeError`, `ConfigError`."""
        return await self._credentials.get_token(self._ask, self._clock)

    async def _ask(self, installation: int, signed: str) -> InstallationCredentials:
        """Request an installation's token, authenticated by the App's JWT (`signed`)."""
        path = "/app/installations/{installation}/access_tokens"
        try:
            answer = await self.post(
                path, {"installation": str(installation)}, data=b"", jwt=signed
            )
        except BadRequest as refused:
            raise ForgeRejected(
                f"GitHub did not give a token to the App's installation {installation} "
                f"({int(refused.status_code)}: {refused}); {self._credentials.fix_hint}"
            ) from None
        return InstallationCredentials.model_validate(answer)

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        resource = self._address.graphql if url == self._address.graphql else self._address.api
        has_own_auth = "authorization" in headers  # the App's JWT, used to request a token
        renewed = 0
        while True:
            self._limits.check(resource)
            sent = Private(headers) if has_own_auth else await self._authorize(url, headers)
            status, response_headers, response = await self._request_with_retries(
                method, url, sent, body
            )
            self._limits.note(resource, status, response_headers, response)
            if resource == self._address.graphql:
                self.limited_by = response_headers
            if (
                status == 401
                and not has_own_auth
                and renewed < _RENEWED
                and self._credentials.forget()
            ):
                renewed += 1
                continue
            return status, response_headers, response

    async def _authorize(self, url: str, headers: Mapping[str, str]) -> Private:
        """Return headers with the token. Raises `ForgeUnavailable` for a URL on another host."""
        sent = {**headers, "x-github-api-version": _VERSION}
        if urlsplit(url)[:2] != urlsplit(self._address.api)[:2]:
            raise ForgeUnavailable(f"{self._address.host} redirected to another host", detail=url)
        token = await self.get_token()
        return Private({**sent, "authorization": f"Bearer {token.get_secret_value()}"})

    async def _request_with_retries(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Retry while GitHub fails with 5xx or cannot be reached.

        A comment is not sent again once it may have arrived, because it would then appear twice.
        """
        send_once = method == "POST" and url.endswith("/comments")
        for wait in (*RETRY_DELAYS, None):
            try:
                answer = await super()._request(method, url, headers, body)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                # Not chained as the cause: some of these errors show the request headers, with the
                # token.
                failure = f"{type(error).__name__}: {error}"
                final = send_once and not isinstance(error, aiohttp.ClientConnectorError)
            else:
                if answer[0] < 500 or send_once or wait is None:
                    return answer
                failure, final = f"status {answer[0]}", False
            if wait is None or final:
                break
            await self._clock.sleep(wait)
        raise ForgeUnavailable(f"{self._address.host} cannot be reached", detail=failure)


def create_client(address: Address) -> aiohttp.ClientSession:
    """Return a web client without cookies, with timeouts and the proxy of the environment.

    It does not use aiohttp's own `trust_env`, which would also read passwords from `~/.netrc`.
    """
    parts = urlsplit(address.api)
    bypass = address.is_here or bool(proxy_bypass(parts.hostname or ""))
    return aiohttp.ClientSession(
        proxy=None if bypass else getproxies().get(parts.scheme),
        timeout=aiohttp.ClientTimeout(total=60, sock_connect=10),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


async def fetch_status(web: aiohttp.ClientSession, url: str, headers: Private) -> int:
    """Return the HTTP status of a GET request. Raises `ForgeUnavailable`."""
    failure = ""
    try:
        async with asyncio.timeout(30), web.get(url, headers=headers) as answer:
            return answer.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        failure = f"{type(error).__name__}: {error}"
    raise ForgeUnavailable(f"{urlsplit(url).netloc} cannot be reached", detail=failure)
