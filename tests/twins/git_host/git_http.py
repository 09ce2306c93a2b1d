"""Git over smart HTTP: `git http-backend`, behind the same tokens as the REST API."""

import asyncio
import re
from typing import Protocol
from urllib.parse import urlsplit

from aiohttp import web

from tests.twins.git_host.faults import Fault
from tests.twins.git_host.records import Grant
from tests.twins.git_host.repository import ENVIRONMENT
from tests.twins.git_host.world import World

_REALM = {"WWW-Authenticate": 'Basic realm="GitHub"'}


class GitFront(Protocol):
    """The front of a twin, as far as git uses it."""

    def find_grant(self, request: web.Request) -> tuple[Grant | None, str]:
        """Return the grant of the request's token, and the token."""
        ...

    async def take_fault(self, request: web.Request) -> Fault | None:
        """Return what a test wants to go wrong now."""
        ...

    def hang_up(self, request: web.Request) -> web.Response:
        """Break the connection and drop the answer."""
        ...

    def note(self, request: web.Request, status: int) -> None:
        """Remember a request."""
        ...


class GitHttp:
    """Serves fetches and pushes of the one repository."""

    def __init__(self, world: World, front: GitFront) -> None:
        self._world, self._front = world, front

    def add(self, app: web.Application) -> None:
        """Serve `/<owner>/<name>.git`, with and without the ending."""
        for ending in (".git", ""):
            for part in ("info/refs", "git-upload-pack", "git-receive-pack"):
                app.router.add_route("*", f"/{{owner}}/{{repo}}{ending}/{part}", self.serve)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request of git."""
        fault = await self._front.take_fault(request)
        if fault is not None and fault.moment == "before":
            if fault.is_cut:
                return self._front.hang_up(request)
            answer = fault.answer()
            self._front.note(request, answer.status)
            return web.Response(text=str(answer.data), status=answer.status)
        response = await self._handle_request(request)
        self._world.settle()
        if fault is not None:
            return self._front.hang_up(request)
        self._front.note(request, response.status)
        return response

    async def _handle_request(self, request: web.Request) -> web.Response:
        """Answer, or say why not: unknown to whom it is hidden from, forbidden to readers."""
        grant, credential = self._front.find_grant(request)
        if grant is None and (credential or self._world.settings.private):
            return web.Response(text="Invalid username or token.", status=401, headers=_REALM)
        name = request.match_info["repo"].removesuffix(".git")
        known = (request.match_info["owner"], name) == (self._world.owner.login, self._world.name)
        if not known or not _is_permitted(grant, "read", self._world.settings.private):
            return web.Response(text="Repository not found.", status=404)
        path = urlsplit(request.raw_path).path
        pushes = "git-receive-pack" in (request.query.get("service"), path.rpartition("/")[2])
        if pushes and grant is None:
            return web.Response(text="Authenticate to push.", status=401, headers=_REALM)
        if pushes and grant is not None and not _is_permitted(grant, "write", private=True):
            whole = f"{self._world.owner.login}/{self._world.name}"
            told = f"Permission to {whole}.git denied to {grant.account.login}."
            return web.Response(text=told, status=403)
        return await self._run_backend(request, grant)

    async def _run_backend(self, request: web.Request, grant: Grant | None) -> web.Response:
        """Run git's own CGI program."""
        body = await request.read()
        tail = re.sub(r"^/[^/]+/[^/]+", "", request.path)
        process = await asyncio.create_subprocess_exec(
            "git", "http-backend",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            env={
                **ENVIRONMENT,
                "GIT_PROJECT_ROOT": str(self._world.git.folder),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
                "PATH_INFO": tail,
                "QUERY_STRING": request.query_string,
                "REQUEST_METHOD": request.method,
                "REMOTE_USER": grant.account.login if grant else "",
                "REMOTE_ADDR": "127.0.0.1",
                "CONTENT_TYPE": request.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            },
        )  # fmt: skip
        out, _ = await process.communicate(body)
        head, _, rest = out.partition(b"\r\n\r\n")
        lines = (line.split(": ", 1) for line in head.decode().split("\r\n"))
        headers = {name: value for name, value in lines}
        status = int(headers.pop("Status", "200").split()[0])
        return web.Response(body=rest, status=status, headers=headers)


def _is_permitted(grant: Grant | None, level: str, private: bool) -> bool:
    held = grant.permissions.get("contents") if grant else None
    return held == "write" or (level == "read" and (held == "read" or not private))
