"""A plain client of the twin, for tests that ask it directly."""

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

import aiohttp

from tests.twins.github._twin import GithubTwin


class Response(NamedTuple):
    """An answer. `data` is the JSON of it, or its text."""

    status: int
    data: Any
    headers: Mapping[str, str]


class Client:
    """Asks the twin with its token, or another; an empty one is none at all."""

    def __init__(self, twin: GithubTwin, token: str | None = None) -> None:
        self._twin = twin
        self._token = twin.token if token is None else token
        self._repository = f"/repos/{twin.owner}/{twin.name}"

    async def __aenter__(self) -> Self:
        """Open it."""
        self._web = aiohttp.ClientSession(headers={"User-Agent": "tests"})
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        await self._web.close()

    async def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Ask for a path below the API if it begins with a slash, else below the repository."""
        url = self._twin.api_url + (path if path.startswith("/") else f"{self._repository}/{path}")
        return await self.request(method, url.rstrip("/"), body, headers)

    async def request(
        self, method: str, url: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Ask for an address."""
        sent = {**({"Authorization": f"Bearer {self._token}"} if self._token else {})}
        async with self._web.request(
            method, url, json=body, headers={**sent, **(headers or {})}
        ) as got:
            text = await got.text()
            typed = got.content_type == "application/json"
            return Response(got.status, json.loads(text) if typed and text else text, got.headers)

    async def get(self, path: str, **headers: str) -> Response:
        """Read; headers with underscores for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.ask("GET", path, headers=named)

    async def post(self, path: str, **body: object) -> Response:
        """Make something."""
        return await self.ask("POST", path, body)

    async def patch(self, path: str, **body: object) -> Response:
        """Change something."""
        return await self.ask("PATCH", path, body)

    async def put(self, path: str, **body: object) -> Response:
        """Do something."""
        return await self.ask("PUT", path, body)

    async def run_graphql(self, query: str, **variables: object) -> Response:
        """Run a GraphQL document."""
        url = f"{self._twin.url}/api/graphql"
        return await self.request("POST", url, {"query": query, "variables": variables})

    async def open(self, branch: str = "fix", **more: object) -> Any:
        """Push a branch if it is new, open its pull request and return that."""
        if self._twin.get_head(branch) is None:
            self._twin.push(branch, {"dice.py": f"one\n{branch}\nthree\n"})
        body = {"title": f"Mend {branch}", "head": branch, "base": "main", **more}
        got = await self.ask("POST", "pulls", body)
        assert got.status == 201, got
        return got.data
