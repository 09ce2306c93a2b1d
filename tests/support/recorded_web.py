"""Replays recorded answers of web services to a cog, over sockets of this process."""

import asyncio
import errno
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import aiohttp
import aiohttp.client
from aiohttp import web
from theseus_rehearsal.records import WebAnswer


@contextmanager
def use_recorded_web(answers: Sequence[WebAnswer]) -> Iterator[None]:
    """Connect every new aiohttp session to these answers and nothing else.

    Equal requests get the answers in turn, the last one repeatedly. Requests without an answer fail
    like an unknown host name.
    """
    left: dict[str, list[WebAnswer]] = {}
    for each in answers:
        left.setdefault(f"{each.method.upper()} {each.url}", []).append(each)

    def take_answer(asked: str) -> WebAnswer | None:
        found = left.get(asked, [])
        return found.pop(0) if len(found) > 1 else next(iter(found), None)

    class RecordedConnector(aiohttp.BaseConnector):
        """Connects each request to its answer; `_create_connection` is aiohttp's own hook."""

        def __init__(self, *_: Any, **__: Any) -> None:
            super().__init__(force_close=True)  # a connection is for one request

        async def _create_connection(self, req: Any, _traces: Any, _timeout: Any) -> Any:
            answer = take_answer(f"{req.method} {req.url}")
            if answer is None:
                unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
                raise aiohttp.ClientConnectorDNSError(req.connection_key, unknown)
            if answer.error == "refused":
                code = errno.ECONNREFUSED
                raise aiohttp.ClientConnectorError(
                    req.connection_key, OSError(code, os.strerror(code))
                )
            protocol = await _connect(answer, self._factory)
            if answer.error == "timeout":
                protocol.set_exception(TimeoutError())  # as after its time, without the time
            return protocol

    usual = aiohttp.TCPConnector
    for module in (aiohttp, aiohttp.client):
        module.TCPConnector = RecordedConnector  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for module in (aiohttp, aiohttp.client):
            module.TCPConnector = usual  # type: ignore[attr-defined]


async def _connect(answer: WebAnswer, factory: Any) -> Any:
    """Return a client's protocol whose other side gives that answer."""
    near, far = socket.socketpair()
    loop = asyncio.get_running_loop()
    server = web.Server(partial(_respond, answer), access_log=None)
    await loop.connect_accepted_socket(server, far)
    _, protocol = await loop.create_connection(factory, sock=near)
    return protocol


async def _respond(answer: WebAnswer, _: web.BaseRequest) -> web.Response:
    return web.Response(
        status=answer.status, headers=answer.headers, body=answer.body.encode("utf-8")
    )
