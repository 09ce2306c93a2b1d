"""What the twin's answers are made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.twins.git_host.records import Grant

Json = dict[str, object]


@dataclass
class ApiRequest:
    """One request: path parts, query, body, and who asks."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Json
    grant: Grant | None
    credential: str = ""

    def get_text(self, name: str) -> str | None:
        """Return a text of the body, `None` if it is missing or empty."""
        value = self.body.get(name)
        return value if isinstance(value, str) and value else None

    @property
    def who(self) -> Grant:
        """The account that asks; without one, raise a 401."""
        if self.grant is None:
            raise ApiError(401, "Requires authentication")
        return self.grant


@dataclass
class ApiResponse:
    """What goes back."""

    data: object = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """GitHub says no: a status, a sentence, and what exactly was wrong."""

    def __init__(
        self,
        status: int,
        message: str,
        errors: Sequence[object] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message = status, message
        self.errors, self.headers = list(errors), dict(headers or {})

    def answer(self, page: str) -> ApiResponse:
        """Return it in GitHub's shape."""
        body_json: Json = {"message": self.message}
        if self.errors:
            body_json["errors"] = self.errors
        body_json |= {"documentation_url": page, "status": str(self.status)}
        return ApiResponse(body_json, self.status, self.headers)


def make_invalid(
    resource: str, message: str = "", *, code: str = "custom", field: str = ""
) -> ApiError:
    """Return the refusal of a body that does not make sense."""
    error = {"resource": resource, "code": code, "field": field, "message": message}
    return ApiError(422, "Validation Failed", [{k: v for k, v in error.items() if v}])


class Route(NamedTuple):
    """One operation. `template` is the path as GitHub's description spells it.

    `needs` are the permissions ("issues=write") of which any one will do; none: any token.
    """

    method: str
    template: str
    act: Callable[[ApiRequest], ApiResponse]
    needs: tuple[str, ...] = ()
    wild: str = ""
    by_jwt: bool = False

    @property
    def path(self) -> str:
        """Return the template as aiohttp wants it; `wild` may hold slashes."""
        return self.template.replace(f"{{{self.wild}}}", f"{{{self.wild}:.+}}")
