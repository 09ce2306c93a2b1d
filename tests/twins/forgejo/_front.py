"""The front of the API: who asks, for what, and Forgejo's pages and headers."""

import json
from base64 import b64decode
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from aiohttp import web

from tests.twins.forgejo._description import find_answer_fault, find_request_fault
from tests.twins.git_host.api import ApiError, ApiRequest, ApiResponse, Route
from tests.twins.git_host.faults import Fault, Faults
from tests.twins.git_host.records import Grant
from tests.twins.git_host.world import World

_PREFIX = "/api/v1"
_PAGE = "/api/swagger"


class Request(NamedTuple):
    """A request the twin has answered."""

    method: str
    path: str
    status: int
    body: bytes


class Front:
    """Lets requests through to the operations, and writes down what came and went."""

    def __init__(self, world: World, faults: Faults) -> None:
        self.world, self._faults = world, faults
        self.requests: list[Request] = []
        self.violations: list[str] = []

    def add(self, app: web.Application, routes: Sequence[Route]) -> None:
        """Serve the operations below `/api/v1`."""
        for route in routes:
            handler = _OperationHandler(self, route)
            app.router.add_route(route.method, _PREFIX + route.path, handler.serve)
        app.router.add_route("*", _PREFIX + "/{rest:.*}", self.answer_unknown)

    async def answer_unknown(self, request: web.Request) -> web.Response:
        """Answer for what the twin does not have, which no test may need."""
        self.violations.append(f"{request.method} {request.path}: the twin has no such operation")
        self.note(request, 404)
        return web.json_response({"message": "Not Found", "url": _PAGE, "errors": []}, status=404)

    def note(self, request: web.Request, status: int, body: bytes = b"") -> None:
        """Remember a request."""
        path = urlsplit(request.raw_path).path
        self.requests.append(Request(request.method, path, status, body))

    def find_grant(self, request: web.Request) -> tuple[Grant | None, str]:
        """Return the grant of the request's token, and the token."""
        scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
        if scheme.casefold() == "basic":
            credential = b64decode(credential).decode().partition(":")[2]
        return self.world.grants.get(credential), credential

    async def take_fault(self, request: web.Request) -> Fault | None:
        """Return what a test wants to go wrong now; a held request waits here instead."""
        fault = self._faults.take(request.method, request.path)
        if fault is None or fault.held is None:
            return fault
        fault.held.reached.set()
        await fault.held.released.wait()
        return None

    def hang_up(self, request: web.Request) -> web.Response:
        """Break the connection and drop the answer."""
        self.note(request, 0)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()


class _OperationHandler:
    """One operation at the front."""

    def __init__(self, front: Front, route: Route) -> None:
        self._front, self._route = front, route

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        body = await request.read()
        template = self._route.template
        self._record(request, find_request_fault(request.method, template, request.query, body))
        fault = await self._front.take_fault(request)
        if fault is not None and fault.moment == "before":
            if fault.is_cut:
                return self._front.hang_up(request)
            answer = ApiResponse({"message": fault.message, "url": _PAGE}, fault.status)
            return self._write(request, body, ApiResponse(answer.data, fault.status, fault.headers))
        answer = self._answer(request, body)
        if fault is not None:
            return self._front.hang_up(request)
        return self._write(request, body, answer)

    def _answer(self, request: web.Request, body: bytes) -> ApiResponse:
        self._front.world.settle()
        try:
            return self._route.act(self._admit(request, body))
        except ApiError as refused:
            data = {"message": refused.message, "url": _PAGE}
            if refused.status == 404:
                return ApiResponse({**data, "errors": refused.errors}, 404)
            return ApiResponse(data, refused.status)

    def _admit(self, request: web.Request, body: bytes) -> ApiRequest:
        """Return what is asked, if the asker may ask it."""
        grant, credential = self._front.find_grant(request)
        if credential and grant is None:
            raise ApiError(401, "user does not exist [uid: 0, name: ]")
        ask = ApiRequest(
            request.match_info, request.query, json.loads(body) if body else {}, grant, credential
        )
        world = self._front.world
        named = (ask.path.get("owner"), ask.path.get("repo"))
        if named != (None, None) and named != (world.owner.login, world.name):
            raise ApiError(404, "The target couldn't be found.")
        if world.settings.private and named != (None, None) and grant is None:
            raise ApiError(404, "The target couldn't be found.")
        self._check_scope(ask)
        return ask

    def _check_scope(self, ask: ApiRequest) -> None:
        held = ask.grant.permissions if ask.grant else {}
        for name, _, level in (need.partition("=") for need in self._route.needs):
            if held.get(name) == "write" or (level == "read" and name in held):
                return
        if self._route.needs:
            raise ApiError(403, "token does not have at least one of required scope(s)")

    def _write(self, request: web.Request, asked: bytes, answer: ApiResponse) -> web.Response:
        body = b"" if answer.data is None else json.dumps(answer.data).encode()
        self._front.note(request, answer.status, asked)
        fault = find_answer_fault(request.method, self._route.template, answer.status, body)
        self._record(request, fault)
        headers = {**({"Content-Type": "application/json;charset=utf-8"} if body else {})}
        return web.Response(body=body, status=answer.status, headers=headers | answer.headers)

    def _record(self, request: web.Request, fault: str | None) -> None:
        if fault is not None:
            self._front.violations.append(f"{request.method} {request.path}: {fault}")


def build_page(ask: ApiRequest, rows: Sequence[object], most: int) -> ApiResponse:
    """Return one page; a server gives `most` at once, however many are asked for."""
    size = min(int(ask.query.get("limit", most)), most)
    page = max(1, int(ask.query.get("page", 1)))
    shown = [*rows[(page - 1) * size : page * size]]
    return ApiResponse(shown, headers={"X-Total-Count": str(len(rows))})
