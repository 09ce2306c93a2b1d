"""A model that follows a script, behind Anthropic's Messages API on a port of this machine."""

import asyncio
import json
from collections.abc import Callable, Sequence
from types import TracebackType

from aiohttp import web
from aiohttp.typedefs import Middleware

from tests.twins.model import _responses as wire
from tests.twins.model._requests import Request, Result
from tests.twins.model._script import Script, Story
from tests.twins.model._turns import (
    BrokenAnswer,
    DynamicTurn,
    Failure,
    HeldTurn,
    Message,
    RepeatedTurn,
    SlowTurn,
    StructuredAnswer,
    Turn,
    fail_request,
    say_text,
)

LARGEST = 64 * 1024 * 1024  # bytes of a request
LIMITED = 429
GRACE = 0.2  # seconds an answer may still take when the model is closed


class ScriptedModel:
    """Serves a story as an async context manager; raises at its end if the story did not fit.

    `story` is a list of turns, or lists by role (`planner`, `executor`, `reviewer`), as the system
    prompt states it (`You are the planner of Theseus`), or several stories, each with the text
    `when` it applies. With `each`, every conversation starts the story from its beginning;
    otherwise all share it. `key` is the key that may list the models. Requests that the program
    makes for itself use no turn. `requests` lists all requests in order. `around` are middlewares.
    """

    def __init__(
        self,
        story: Story,
        *,
        each: bool = False,
        port: int = 0,
        key: str | None = None,
        around: Sequence[Middleware] = (),
    ) -> None:
        self._key = key
        self._script = Script(story, each=each)
        self._port = port
        self._around = tuple(around)
        self._runner: web.AppRunner | None = None
        self._limit: Failure | None = None
        self._closing = asyncio.Event()
        self._arrived = asyncio.Condition()
        self.requests: list[Request] = []
        self.story_errors: list[str] = []

    async def __aenter__(self) -> "ScriptedModel":
        """Listen."""
        app = web.Application(client_max_size=LARGEST, middlewares=self._around)
        app.router.add_post("/v1/messages", self._handle_messages)
        app.router.add_post("/v1/messages/count_tokens", self._handle_count)
        app.router.add_get("/v1/models", self._handle_models)
        app.router.add_route("*", "/{rest:.*}", self._handle_other)
        self._runner = web.AppRunner(
            app, handler_cancellation=True, shutdown_timeout=GRACE, access_log=None
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close. What did not fit the story is an `AssertionError`, unless an error goes by."""
        self._closing.set()
        if self._runner:
            await self._runner.cleanup()
        if error is None and self.story_errors:
            raise AssertionError("\n".join(self.story_errors))

    @property
    def base_url(self) -> str:
        """The value for ANTHROPIC_BASE_URL."""
        if self._runner is None:
            raise RuntimeError("the model is not listening yet")
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    def list_requests(self, who: str | None = None) -> list[Request]:
        """Return the requests of the story, all or of one who asked, oldest first."""
        told = [request for request in self.requests if not request.aside]
        return told if who is None else [request for request in told if request.who == who]

    def get_text(self, request: Request) -> str:
        """Return everything in a request that can be read."""
        return request.text

    def list_tool_results(self, who: str | None = None) -> list[Result]:
        """Return the results of tools, each once, in the order in which they first arrived."""
        found = {each.id: each for request in self.list_requests(who) for each in request.results}
        return list(found.values())

    def list_unused(self, who: str | None = None) -> list[Turn]:
        """Return the turns that were never used, of all roles or of one."""
        return self._script.list_unused(who)

    async def wait_for_requests(self, count: int, who: str | None = None) -> Request:
        """Wait until that many requests of the story came, and return the last of them."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.list_requests(who)) >= count)
        return self.list_requests(who)[count - 1]

    # ------------------------------------------------------------------------------------ serving

    async def _handle_messages(self, http: web.Request) -> web.StreamResponse:
        body = json.loads(await http.read())
        request = Request(len(self.requests) + 1, body, dict(http.headers))
        request.aside = _answer_aside(request)
        self.requests.append(request)
        async with self._arrived:
            self._arrived.notify_all()
        try:
            return await self._run_turn(self._choose_turn(request), request, http)
        except wire.StoryMismatch as wrong:
            return self._report_error(f"request {request.number} ({request.who}): {wrong}", request)
        except (asyncio.CancelledError, ConnectionError):
            request.abandoned = True
            raise
        finally:
            request.finished.set()

    def _choose_turn(self, request: Request) -> Turn:
        if not request.aside:
            self._limit = None
            return self._script.take_turn(request)
        return self._limit or say_text(
            request.aside
        )  # a usage limit is for everything that is asked

    async def _run_turn(
        self, turn: Turn, request: Request, http: web.Request
    ) -> web.StreamResponse:
        match turn:
            case DynamicTurn(decide):
                return await self._run_turn(decide(request), request, http)
            case SlowTurn(seconds, then):
                await asyncio.sleep(seconds)
                return await self._run_turn(then, request, http)
            case HeldTurn(gate, then):
                await gate.wait()
                return await self._run_turn(then, request, http)
            case RepeatedTurn(then):
                return await self._run_turn(then, request, http)
            case StructuredAnswer():
                return await self._answer(wire.as_message(turn, request), request, http)
            case Failure():
                return self._fail(turn, request)
            case BrokenAnswer():
                return await self._send_broken(turn, request, http)
            case Message():
                return await self._answer(turn, request, http)
        raise wire.StoryMismatch(f"{turn!r} is no turn")

    async def _answer(
        self, message: Message, request: Request, http: web.Request
    ) -> web.StreamResponse:
        if not request.body.get("stream"):
            told = wire.build_response(message, request, request.number)
            request.answered = True
            return web.json_response(told, headers=_build_headers(request))
        events = list(
            wire.iterate_events(message, request, request.number)
        )  # a wrong story shows here
        response = await self._begin(request, http)
        for name, fields in events:
            await response.write(wire.encode_event(name, fields))
        await response.write_eof()
        request.answered = True
        return response

    async def _begin(self, request: Request, http: web.Request) -> web.StreamResponse:
        headers = {**_build_headers(request), "Content-Type": "text/event-stream; charset=utf-8"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(http)
        return response

    def _fail(self, failure: Failure, request: Request) -> web.Response:
        if failure.status == LIMITED:
            self._limit = failure
        told = wire.build_error(failure.error_type, failure.message, request.number)
        headers = {**_build_headers(request), **failure.headers}
        return web.json_response(told, status=failure.status, headers=headers)

    async def _send_broken(
        self, broken: BrokenAnswer, request: Request, http: web.Request
    ) -> web.StreamResponse:
        response: web.StreamResponse = web.Response(status=503)  # never sent: see the last line
        if request.body.get("stream") and broken.begun is not None:
            told = list(wire.iterate_events(broken.begun, request, request.number))
            response = await self._begin(request, http)
            for name, fields in told[:-3]:  # the last block stays open
                await response.write(wire.encode_event(name, fields))
            if broken.how == "error":
                error = wire.build_error(broken.error_type, broken.error_type, request.number)
                await response.write(wire.encode_event("error", error))
                await response.write_eof()
                return response
        elif broken.how == "error":
            return self._fail(fail_request(500, broken.error_type), request)
        if broken.how == "silent":
            await self._closing.wait()
        if http.transport is not None:
            http.transport.abort()
        return response

    def _report_error(self, sentence: str, request: Request | None = None) -> web.Response:
        """Say loudly that the story does not fit; asking again would not help."""
        self.story_errors.append(f"scripted model: {sentence}")
        number = request.number if request else 0
        return web.json_response(
            wire.build_error("api_error", self.story_errors[-1], number),
            status=500,
            headers={"x-should-retry": "false"},
        )

    async def _handle_count(self, http: web.Request) -> web.Response:
        body = json.loads(await http.read())
        return web.json_response({"input_tokens": wire.count_request_tokens(body)})

    async def _handle_models(self, http: web.Request) -> web.Response:
        """List the models for a request with the key; this costs nothing."""
        if self._key is not None and http.headers.get("x-api-key") != self._key:
            wrong = {"type": "authentication_error", "message": "invalid x-api-key"}
            return web.json_response({"type": "error", "error": wrong}, status=401)
        model = {"type": "model", "id": "claude-scripted", "display_name": "Scripted"}
        listed = [{**model, "created_at": "2026-01-01T00:00:00Z"}]
        page = {"data": listed, "has_more": False, "first_id": None, "last_id": None}
        return web.json_response(page)

    async def _handle_other(self, http: web.Request) -> web.Response:
        if http.method == "HEAD":  # the program opens its connection early
            return web.Response()
        return self._report_error(f"nothing here answers {http.method} {http.path_qs}")


def _answer_aside(request: Request) -> str:
    """Return the answer to a question the program asks for itself, empty for the story's own."""
    if request.who != "someone":
        return ""
    found: list[tuple[Callable[[], bool], str]] = [
        (lambda: request.body.get("max_tokens") == 1, "OK"),
        (lambda: "title" in request.system.lower() and not request.tools, '{"title": "A talk"}'),
        (lambda: "haiku" in request.model and not request.tools, "OK"),
    ]
    return next((answer for fits, answer in found if fits()), "")


def _build_headers(request: Request) -> dict[str, str]:
    return {"request-id": f"req_{request.number:04}"}
