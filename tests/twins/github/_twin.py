"""The twin itself: started on a free port, and what a test does to the world behind it."""

import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Middleware

from tests.twins.git_host.faults import Faults
from tests.twins.git_host.git_http import GitHttp
from tests.twins.git_host.people import People
from tests.twins.git_host.repository import Repository
from tests.twins.git_host.world import World
from tests.twins.github._accounts import Accounts, App
from tests.twins.github._actions import Actions
from tests.twins.github._checks import Checks
from tests.twins.github._description import load_description
from tests.twins.github._discussion import Discussion
from tests.twins.github._front import Front, Request
from tests.twins.github._graphql import GraphQL
from tests.twins.github._issues import Issues
from tests.twins.github._pulls import Pulls
from tests.twins.github._refs import Refs
from tests.twins.github._shapes import Shapes


class GithubTwin(People):
    """A GitHub with one repository. As a context manager it serves on a free loopback port.

    Leaving it raises `AssertionError` if anything that was asked or answered is not as GitHub's
    description has it. `now` is the twin's clock. Its main branch begins as the head of `source`,
    or else with `files`. `around` are aiohttp middlewares around every request.
    """

    def __init__(
        self,
        folder: Path,
        owner: str = "theseus",
        name: str = "ship",
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        files: Mapping[str, str | None] | None = None,
        source: Path | None = None,
        around: Sequence[Middleware] = (),
    ) -> None:
        self.bare = folder / f"{name}.git"
        super().__init__(World(Repository(self.bare), owner, name, now), "github_pat_twin")
        self.owner, self.name, self._source = owner, name, source
        self.faults, self.app = Faults(), App()
        self._front = Front(self.world, self.faults)
        self._files = files or {"readme.txt": "hello\n", "dice.py": "one\ntwo\nthree\n"}
        self._around = tuple(around)
        self._runner: web.AppRunner | None = None
        self._root = ""
        self.grant_token(self.token, "theseus-bot")

    async def __aenter__(self) -> Self:
        load_description()
        """Make the repository if it is not there yet, and serve."""
        if not self.bare.exists():
            start = self._files if self._source is None else self._source
            self.world.git.create(self.world.main, start, self.owner)
        app = web.Application(client_max_size=64 * 2**20, middlewares=self._around)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        # Answers carry addresses, so the port has to be known before there are any.
        listener = socket.create_server(("127.0.0.1", 0))
        self._root = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._serve_on(app)
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop serving."""
        assert self._runner is not None
        await self._runner.cleanup()
        if self.violations:
            told = "not as GitHub describes it:\n" + "\n".join(self.violations)
            if error is None:
                raise AssertionError(told)
            error.add_note(told)

    def _serve_on(self, app: web.Application) -> None:
        shapes = Shapes(self.world, self.api_url, self._root)
        pulls = Pulls(self.world, shapes)
        routes = [
            *pulls.list_routes(),
            *Refs(self.world, shapes).list_routes(),
            *Discussion(self.world, shapes, pulls).list_routes(),
            *Issues(self.world, shapes).list_routes(),
            *Actions(self.world, shapes).list_routes(),
            *Checks(self.world, shapes).list_routes(),
            *Accounts(self.world, shapes, self.faults, self.app).list_routes(),
        ]
        self._front.add(app, routes)
        GraphQL(self.world, shapes, self._front).add(app)
        GitHttp(self.world, self._front).add(app)

    # ----------------------------------------------------------------------------------- addresses

    @property
    def url(self) -> str:
        """The address of the web pages."""
        return self._root

    @property
    def api_url(self) -> str:
        """The address of the REST API, as on an Enterprise server."""
        return f"{self._root}/api/v3"

    @property
    def clone_url(self) -> str:
        """The address for git to fetch from and push to."""
        return f"{self._root}/{self.owner}/{self.name}.git"

    @property
    def requests(self) -> list[Request]:
        """Every request so far, git's too."""
        return self._front.requests

    @property
    def violations(self) -> list[str]:
        """The requests and answers that violate GitHub's API description."""
        return list(dict.fromkeys(self._front.violations))
