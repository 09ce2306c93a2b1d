"""Answers the bot's web requests as the script's world defines."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from theseus_rehearsal._requests import RequestQueue, mark_unanswered
from theseus_rehearsal.records import WebAnswer

FAILED = "X-Rehearsal-Failed"  # also in `runner/network.py`, which reads it
_REQUEST_BYTES = 20_000_000
_SHUTDOWN_SECONDS = 0.1


class WebAnswers:
    """Answers requests to all hosts, on one socket for each scheme; a context manager.

    Repeated requests get the next answer; the last answer is repeated. `requests` lists those
    without an answer, as `GET https://host/path`.
    """

    def __init__(self, answers: Sequence[WebAnswer], prefix: Path, requests: RequestQueue) -> None:
        self.requests: list[str] = []
        self._answers: dict[str, list[WebAnswer]] = {}
        for answer in answers:
            self._answers.setdefault(f"{answer.method.upper()} {answer.url}", []).append(answer)
        self._prefix = prefix
        self._requests = requests
        self._runners: list[web.AppRunner] = []

    async def __aenter__(self) -> Self:
        """Start to listen."""
        try:
            await self._listen()
        except BaseException:  # also if the play ends meanwhile: no socket may stay open
            await self._close()
            raise
        return self

    async def _listen(self) -> None:
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

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        await self._close()

    async def _close(self) -> None:
        for runner in self._runners:
            await runner.cleanup()

    async def _answer(self, scheme: str, request: web.Request) -> web.StreamResponse:
        request_line = f"{request.method} {scheme}://{request.host}{request.raw_path}"
        remaining = self._answers.get(request_line)
        if not remaining:
            self.requests.append(request_line)
            return web.Response(headers={FAILED: "unknown"})
        answer = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        if answer.error == "timeout":
            mark_unanswered(request)
            await asyncio.Event().wait()
        if answer.error == "refused":
            return web.Response(headers={FAILED: "refused"})
        headers = {name: value for name, value in answer.headers.items() if name != FAILED}
        return web.Response(status=answer.status, headers=headers, body=answer.body.encode())
