"""The bot's REST API over HTTP: tokens, bodies, uploads, faults."""

import asyncio
import json
import secrets
from typing import Any

from aiohttp import BodyPartReader, web

from local_discord._faults import Fault, Faults
from local_discord.observers import OBSERVERS, ObservedRequest
from local_discord.world import Call, Upload, World

PREFIX = "/api/v10"
_OPEN = (
    "webhooks",
    "interactions",
    "gateway",
)  # these routes have their own token in the path, or need none


class RestEndpoint:
    """Reads a request as Discord would, has the world perform it, and writes the answer."""

    def __init__(self, world: World, token: str, faults: Faults) -> None:
        self.gateway_url = ""
        self._world = world
        self._token = token
        self._faults = faults

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request under `/api/v10`."""
        path = request.rel_url.raw_path.removeprefix(PREFIX)
        try:
            call = await _read(request, path)
        except (ValueError, UnicodeDecodeError):
            wrong = {"code": 50109, "message": "The request body contains invalid JSON."}
            return _create_json_response(400, wrong)
        if not self._is_allowed(request, call):
            return _create_json_response(401, {"message": "401: Unauthorized", "code": 0})
        return await self._perform(request, call)

    def _is_allowed(self, request: web.Request, call: Call) -> bool:
        first = call.segments[0]
        header = request.headers.get("Authorization")
        if first == "gateway" and call.segments[-1] != "bot":
            return True
        if header is None:
            return first in _OPEN and len(call.segments) > 2
        token = header.removeprefix("Bot ")
        return secrets.compare_digest(token.encode(), self._token.encode())

    async def _perform(self, request: web.Request, call: Call) -> web.StreamResponse:
        end: Fault | None = None
        for fault in self._faults.take(call.method, call.path):
            if fault.kind == "delay":
                await asyncio.sleep(fault.seconds)
            else:
                end = fault
        if end is not None and end.kind == "cut":
            return _cut(request)
        if end is not None and end.kind == "status":
            return _create_failure(end)
        status, body = self._answer(call)
        _notify_observers(call, status, body)
        if end is not None:
            return _cut(request) if end.status is None else _create_failure(end)
        return _create_json_response(status, body)

    def _answer(self, call: Call) -> tuple[int, Any]:
        if call.segments[0] == "gateway":
            gateway: dict[str, Any] = {"url": self.gateway_url}
            if call.segments[-1] == "bot":
                limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
                gateway |= {"shards": 1, "session_start_limit": limit}
            return 200, gateway
        return self._world.rest.answer(call)


def _notify_observers(call: Call, status: int, body: Any) -> None:
    for observer in OBSERVERS:
        query, files = call.params or {}, len(call.files)
        exchange = ObservedRequest(call.method, call.path, query, call.json, files, status, body)
        observer.on_exchange(exchange)


async def _read(request: web.Request, path: str) -> Call:
    body: Any = None
    files: list[Upload] = []
    if request.content_type.startswith("multipart/"):
        body, files = await _read_parts(request)
    elif request.can_read_body:
        raw = await request.read()
        body = json.loads(raw) if raw else None
    return Call(
        request.method,
        path,
        json=body,
        params=dict(request.query),
        files=files,
        reason=request.headers.get("X-Audit-Log-Reason"),
    )


async def _read_parts(request: web.Request) -> tuple[Any, list[Upload]]:
    body: Any = None
    plain: dict[str, str] = {}
    found: list[tuple[str, str, bytes]] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read())
        if part.filename is not None:
            found.append((part.name or "", part.filename, content))
        elif part.name == "payload_json":
            body = json.loads(content)
        else:
            plain[part.name or ""] = content.decode()
    if body is None and plain:
        body = plain
    described = _map_descriptions(body)
    files = [
        Upload(filename, content, described.get(name.removeprefix("files[").rstrip("]")))
        for name, filename, content in found
    ]
    return body, files


def _map_descriptions(body: Any) -> dict[str, str | None]:
    """Return the descriptions of uploads by index, from the `attachments` in the body."""
    holder = body if isinstance(body, dict) else {}
    inner = holder.get("data")
    listed = holder.get("attachments") or (
        inner.get("attachments") if isinstance(inner, dict) else None
    )
    return {
        str(each.get("id")): each.get("description")
        for each in listed or ()
        if isinstance(each, dict)
    }


def _create_json_response(
    status: int, body: Any, headers: dict[str, str] | None = None
) -> web.Response:
    if body is None:
        return web.Response(status=status)
    # discord.py parses the body as JSON only if the type is exactly this, without a charset.
    typed = {"Content-Type": "application/json", **(headers or {})}
    return web.Response(status=status, body=json.dumps(body).encode(), headers=typed)


def _create_failure(fault: Fault) -> web.Response:
    status = fault.status or 500
    if status != 429:
        body = {"message": f"{status}: a planted fault", "code": fault.code or 0}
        return _create_json_response(
            status, body | ({"errors": fault.errors} if fault.errors else {})
        )
    limited = {
        "message": "You are being rate limited.",
        "retry_after": fault.retry_after,
        "global": fault.everywhere,
    }
    # Without Via, discord.py treats a 429 as a ban by Cloudflare and gives up.
    headers = {"Via": "1.1 local", "Retry-After": str(fault.retry_after)}
    return _create_json_response(429, limited, headers)


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
