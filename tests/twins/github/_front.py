"""The front of the REST API: who asks, how much, for what, and GitHub's headers."""

import hashlib
import json
from base64 import b64decode
from collections.abc import Sequence
from itertools import count
from json import JSONDecodeError
from typing import NamedTuple
from urllib.parse import urlsplit

from aiohttp import web

from tests.twins.git_host.api import ApiError, ApiRequest, ApiResponse, Route
from tests.twins.git_host.faults import Fault, Faults, Resource
from tests.twins.git_host.records import Grant
from tests.twins.git_host.world import World
from tests.twins.github._description import VERSION, find_answer_fault, find_request_fault

_PAGE = "https://docs.github.com/rest"


class Request(NamedTuple):
    """A request the twin has answered. `conditional`: it named what it knows already."""

    method: str
    path: str
    status: int
    conditional: bool


class Front:
    """Lets requests through to the operations, and writes down what came and went."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world, self.faults = world, faults
        self.requests: list[Request] = []
        self.violations: list[str] = []
        self._count = count(1)

    def add(self, app: web.Application, routes: Sequence[Route]) -> None:
        """Serve the operations, below `/api/v3` as Enterprise does and at the root."""
        for route in routes:
            serving = _OperationHandler(self, route, self._world)
            for prefix in ("/api/v3", ""):
                app.router.add_route(route.method, prefix + route.path, serving.serve)
        app.router.add_route("*", "/api/v3/{rest:.*}", self.answer_unknown)

    async def answer_unknown(self, request: web.Request) -> web.Response:
        """Answer for what the twin does not have, which no test may need."""
        self.violations.append(f"{request.method} {request.path}: the twin has no such operation")
        answer = ApiError(404, "Not Found").answer(_PAGE)
        self.note(request, 404)
        return web.json_response(answer.data, status=404)

    def note(self, request: web.Request, status: int) -> None:
        """Remember a request."""
        path = urlsplit(request.raw_path).path
        known = "If-None-Match" in request.headers
        self.requests.append(Request(request.method, path, status, known))

    def find_grant(self, request: web.Request) -> tuple[Grant | None, str]:
        """Return the grant of the request's token, and the token; a wrong token is a 401."""
        scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
        if scheme.casefold() == "basic":
            credential = b64decode(credential).decode().partition(":")[2]
        if not credential:
            return None, ""
        grant = self._world.grants.get(credential)
        if grant is not None and grant.until is not None and grant.until <= self._world.now():
            grant = None
        return grant, credential

    async def take_fault(self, request: web.Request) -> Fault | None:
        """Return what a test wants to go wrong now; a held request waits here instead."""
        fault = self.faults.take(request.method, request.path)
        if fault is None or fault.held is None:
            return fault
        fault.held.reached.set()
        await fault.held.released.wait()
        return None

    def build_headers(self, resource: Resource) -> dict[str, str]:
        """Return the headers that every answer has."""
        rate = self.faults.rates[resource].get_state(self._world.now())
        return {
            "X-GitHub-Request-Id": f"TWIN:{next(self._count):06X}",
            "X-GitHub-Media-Type": "github.v3; format=json",
            **{f"X-RateLimit-{name.title()}": str(value) for name, value in rate.items()},
            "X-RateLimit-Resource": resource,
        }

    def count(self, resource: Resource, grant: Grant | None) -> None:
        """Count a request; refuse it once the limit is used up."""
        if not self.faults.rates[resource].count(self._world.now()):
            who = grant.account.id if grant else 0
            raise ApiError(403, f"API rate limit exceeded for user ID {who}.")

    def hang_up(self, request: web.Request) -> web.Response:
        """Break the connection and drop the answer."""
        self.note(request, 0)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()


class _OperationHandler:
    """One operation at the front."""

    def __init__(self, front: Front, route: Route, world: World) -> None:
        self._front, self._route, self._world = front, route, world

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        body = await request.read()
        self._record_violation(
            request, find_request_fault(request.method, self._route.template, request.query, body)
        )
        fault = await self._front.take_fault(request)
        if fault is not None and fault.moment == "before":
            if fault.is_cut:
                return self._front.hang_up(request)
            return self._write_response(request, fault.answer(), ruined=True)
        answer = self._answer(request, body)
        if fault is not None:
            return self._front.hang_up(request)
        return self._write_response(request, answer, ruined=False)

    def _answer(self, request: web.Request, body: bytes) -> ApiResponse:
        self._world.settle()
        try:
            return self._route.act(self._admit_request(request, body))
        except ApiError as refused:
            return refused.answer(f"{_PAGE}{self._route.template}")

    def _admit_request(self, request: web.Request, body: bytes) -> ApiRequest:
        """Return what is asked, if the asker may ask it."""
        if "User-Agent" not in request.headers:
            raise ApiError(403, "Request forbidden by administrative rules.")
        if request.headers.get("X-GitHub-Api-Version", VERSION) != VERSION:
            raise ApiError(400, "The requested API version is not supported")
        grant, credential = self._front.find_grant(request)
        if credential and grant is None and not self._route.by_jwt:
            raise ApiError(401, "Bad credentials")
        if request.path.removeprefix("/api/v3") != "/rate_limit":
            self._front.count("core", grant)
        ask = ApiRequest(request.match_info, request.query, _read(body), grant, credential)
        self._check_path(ask)
        self._check_right(ask)
        return ask

    def _check_path(self, ask: ApiRequest) -> None:
        owner, repo = ask.path.get("owner"), ask.path.get("repo")
        if owner is None:
            return
        wanted = (self._world.owner.login.casefold(), self._world.name.casefold())
        hidden = self._world.settings.private and (
            ask.grant is None or "metadata" not in ask.grant.permissions
        )
        if hidden or (owner.casefold(), str(repo).casefold()) != wanted:
            raise ApiError(404, "Not Found")

    def _check_right(self, ask: ApiRequest) -> None:
        if not self._route.needs:
            return
        held = ask.grant.permissions if ask.grant else {}
        for name, _, level in (need.partition("=") for need in self._route.needs):
            if held.get(name) == "write" or (level == "read" and name in held):
                return
        reads = all(need.endswith("=read") for need in self._route.needs)
        if reads and not self._world.settings.private:
            return
        who = "integration" if ask.who.app else "personal access token"
        raise ApiError(403, f"Resource not accessible by {who}")

    def _write_response(
        self, request: web.Request, answer: ApiResponse, ruined: bool
    ) -> web.Response:
        if isinstance(answer.data, str):
            self._front.note(request, answer.status)
            headers = self._front.build_headers("core")
            return web.Response(
                text=answer.data, status=answer.status, content_type="text/html", headers=headers
            )
        body = b"" if answer.data is None else json.dumps(answer.data).encode()
        status, tags = answer.status, {}
        if request.method == "GET" and status == 200:
            tag = f'W/"{hashlib.sha256(body).hexdigest()}"'
            tags = {"ETag": tag, "Cache-Control": "private, max-age=60, s-maxage=60"}
            if tag in request.headers.get("If-None-Match", ""):
                status, body = 304, b""
                self._front.faults.rates["core"].used -= 1
        self._front.note(request, status)
        if not ruined:
            self._record_violation(
                request, find_answer_fault(request.method, self._route.template, status, body)
            )
        needs = "; ".join(self._route.needs)
        headers = {
            **self._front.build_headers("core"),
            "X-GitHub-Api-Version-Selected": VERSION,
            **({"X-Accepted-GitHub-Permissions": needs} if needs else {}),
            **({"Content-Type": "application/json; charset=utf-8"} if body else {}),
            **tags,
            **answer.headers,
        }
        return web.Response(body=body or None, status=status, headers=headers)

    def _record_violation(self, request: web.Request, fault: str | None) -> None:
        if fault is not None:
            self._front.violations.append(f"{request.method} {request.path}: {fault}")


def _read(body: bytes) -> dict[str, object]:
    if not body:
        return {}
    try:
        read = json.loads(body)
    except (JSONDecodeError, UnicodeDecodeError):
        raise ApiError(400, "Problems parsing JSON") from None
    if not isinstance(read, dict):
        raise ApiError(400, "Body should be a JSON object")
    return read
