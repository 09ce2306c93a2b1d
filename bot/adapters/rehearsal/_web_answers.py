"""The web of a play: what services answer, as the script's world has it."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from bot.adapters.rehearsal._requests import RequestQueue, mark_unanswered
from bot.domain.rehearsal import WebAnswer

FAILED = "X-Rehearsal-Failed"  # as in `runner/network.py`, which reads it
_REQUEST_BYTES = 20_000_000
_SHUTDOWN_SECONDS = 0.1


class WebAnswers:
    """Answers requests of every host, on one socket for each scheme; a context manager.

    The same request gets the next of its answers, and the last one again when there are no more.
    `wanted` are those that have none, as `GET https://host/path`.
    """

    def __init__(self, answers: Sequence[WebAnswer], prefix: Path, requests: RequestQueue) -> None:
        self.requests: list[str] = []
        self._answers: dict[str, list[WebAnswer]] = {}
        for each in answers:
            self._answers.setdefault(f"{each.method.upper()} {each.url}", []).append(each)
        self._prefix = prefix
        self._requests = requests
        self._runners: list[web.AppRunner] = []

    async def __aenter__(self) -> Self:
        """Start to listen."""
        for scheme in ("http", "https"):
            app = web.Application(
                client_max_size=_REQUEST_BYTES, middlewares=[self._requests.hold_request]
            )
            app.router.add_route("*", "/{path:.*}", partial(self._answer, scheme))
            runner = web.AppRunner(
                app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS, handler_cancellation=True
            )
            await runner.setup()
            self._runners.append(runner)
            await web.UnixSite(runner, f"{self._prefix}.{scheme}").start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        for runner in self._runners:
            await runner.cleanup()

    async def _answer(self, scheme: str, request: web.Request) -> web.StreamResponse:
        asked = f"{request.method} {scheme}://{request.host}{request.raw_path}"
        left = self._answers.get(asked)
        if not left:
            self.requests.append(asked)
            return web.Response(headers={FAILED: "unknown"})
        answer = left.pop(0) if len(left) > 1 else left[0]
        if answer.error == "timeout":
            mark_unanswered(request)
            await asyncio.Event().wait()
        if answer.error == "refused":
            return web.Response(headers={FAILED: "refused"})
        headers = {name: value for name, value in answer.headers.items() if name != FAILED}
        return web.Response(status=answer.status, headers=headers, body=answer.body.encode())
