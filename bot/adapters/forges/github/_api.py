"""GitHub's API as this package uses it: typed responses and the errors of the forge port."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar

from gidgethub import GitHubException, QueryError
from pydantic import SecretStr, ValidationError

from bot.adapters.forges.github._address import Address
from bot.adapters.forges.github._answers import GithubObject
from bot.adapters.forges.github._credentials import Credentials
from bot.adapters.forges.github._failures import build_unreadable_error, translate_error
from bot.adapters.forges.github._http import GithubHttp
from bot.adapters.forges.shared.refusal import get_refusal
from bot.domain.errors import ForgeRejected

A = TypeVar("A", bound=GithubObject)

PAGE = 100

Values = Mapping[str, str | int]


class Api:
    """Sends requests about one repository. Paths are relative to `/repos/{owner}/{name}`.

    All methods raise `ForgeUnavailable` or `ForgeRejected` (see `get_refusal`). `doing` completes
    the error message "GitHub did not let me ...".
    """

    def __init__(
        self, wire: GithubHttp, address: Address, repository: str, credentials: Credentials
    ) -> None:
        self._wire = wire
        self._address = address
        self._credentials = credentials
        self.repository = repository

    def use_repository(self, repository: str) -> None:
        """Use this name of the repository from now on."""
        self.repository = repository

    async def get_token(self) -> SecretStr:
        """Return a token for git that is valid for at least some minutes."""
        async with self._translate_errors("log in"):
            return await self._wire.get_token()

    async def get(self, kind: type[A], path: str, *, doing: str, **values: str | int) -> A:
        """Return one object."""
        async with self._translate_errors(doing):
            return kind.model_validate(
                await self._wire.getitem(self._build_url(path), _format_values(values))
            )

    async def find(self, kind: type[A], path: str, *, doing: str, **values: str | int) -> A | None:
        """Return one object, or `None` if it does not exist."""
        try:
            return await self.get(kind, path, doing=doing, **values)
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
        key: str = "items",
        limit: int = 1_000,
        **values: str | int,
    ) -> tuple[A, ...]:
        """Return the objects of a list, from all its pages, at most `limit`.

        `key` is the field with the list if the response is an object. Large pages are requested if
        the path has a query, because not every list of GitHub has pages.
        """
        items: list[A] = []
        url = self._build_url(path) + (f"&per_page={PAGE}" if "?" in path else "")
        pages = self._wire.getiter(url, _format_values(values), iterable_key=key)
        async with self._translate_errors(doing), aclosing(pages):
            async for item in pages:
                items.append(kind.model_validate(item))
                if len(items) >= limit:
                    break
        return tuple(items)

    async def send(
        self,
        kind: type[A],
        method: str,
        path: str,
        body: Mapping[str, Any],
        *,
        doing: str,
        **values: str | int,
    ) -> A:
        """Send a change (`POST`, `PATCH`, `PUT`); return the response."""
        methods: dict[str, Callable[..., Awaitable[Any]]] = {
            "POST": self._wire.post,
            "PATCH": self._wire.patch,
            "PUT": self._wire.put,
        }
        async with self._translate_errors(doing):
            answer = await methods[method](
                self._build_url(path), _format_values(values), data=dict(body)
            )
            return kind.model_validate(answer)

    async def add(
        self, path: str, body: Mapping[str, Any], *, doing: str, **values: str | int
    ) -> None:
        """Create something and ignore the response."""
        async with self._translate_errors(doing):
            await self._wire.post(self._build_url(path), _format_values(values), data=dict(body))

    async def mutate(self, query: str, *, doing: str, **variables: Any) -> dict[str, Any]:
        """Run a GraphQL query, for what REST cannot do; return its `data`."""
        async with self._translate_errors(doing):
            try:
                answer = await self._wire.graphql(
                    query, endpoint=self._address.graphql, **variables
                )
            except QueryError as error:
                if _is_limit(error.response):
                    self._wire.mark_exhausted()
                raise
        if not isinstance(answer, dict):
            raise build_unreadable_error(doing, repr(answer))
        return answer

    def _build_url(self, path: str) -> str:
        return path if path.startswith("/") else f"/repos/{self.repository}/{path}".rstrip("/")

    @asynccontextmanager
    async def _translate_errors(self, doing: str) -> AsyncIterator[None]:
        try:
            yield
        except GitHubException as error:
            hint = self._credentials.fix_hint
            problem = translate_error(error, doing=doing, where=self.repository, fix_hint=hint)
            raise problem from problem.__cause__
        except ValidationError as error:
            errors = error.errors(include_input=False, include_url=False, include_context=False)
            raise build_unreadable_error(doing, repr(errors)) from None
        except (
            ValueError,
            LookupError,
            TypeError,
        ) as error:  # gidgethub's errors for an unexpected response
            raise build_unreadable_error(doing, f"{type(error).__name__}: {error}") from None


def _format_values(values: Values) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def _is_limit(response: Any) -> bool:
    errors = response.get("errors", ()) if isinstance(response, dict) else ()
    return any(isinstance(error, dict) and error.get("type") == "RATE_LIMITED" for error in errors)
