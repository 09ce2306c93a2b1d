"""A Forgejo on this machine: its API over a real bare repository.

What is asked of it and what it answers is held to Forgejo's published description. Its rules, their
order and their sentences are those of Forgejo's `routers/api/v1/repo` and `services/pull`.
"""

import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.twins.forgejo._front import Front, Request
from tests.twins.forgejo._pulls import Pulls
from tests.twins.forgejo._repository_routes import RepositoryRoutes
from tests.twins.forgejo._shapes import Shapes
from tests.twins.git_host.faults import Faults
from tests.twins.git_host.git_http import GitHttp
from tests.twins.git_host.people import People
from tests.twins.git_host.repository import Repository
from tests.twins.git_host.world import World

_FILES = {"readme.txt": "hello\n", "dice.py": "one\ntwo\nthree\n"}


class ForgejoTwin(People):
    """A Forgejo with one repository. As a context manager it serves on a free loopback port.

    Leaving it raises `AssertionError` if anything that was asked or answered is not as Forgejo's
    description has it. `now` is the twin's clock, `page_size` the most of a list at once.
    """

    def __init__(
        self,
        folder: Path,
        owner: str = "theseus",
        name: str = "ship",
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        page_size: int = 50,
    ) -> None:
        self.bare = folder / f"{name}.git"
        super().__init__(World(Repository(self.bare), owner, name, now), "f" * 40)
        self.owner, self.name, self.faults = owner, name, Faults()
        self._front, self._page_size = Front(self.world, self.faults), page_size
        self.grant_token(self.token, "theseus-bot")

    async def __aenter__(self) -> Self:
        """Make the repository, and serve."""
        self.world.git.create(self.world.main, _FILES, self.owner)
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = web.Application(client_max_size=64 * 2**20)
        shapes = Shapes(self.world, self.url)
        pulls = Pulls(self.world, shapes, self._page_size)
        others = RepositoryRoutes(self.world, shapes, pulls, self._page_size)
        self._front.add(app, [*others.list_routes(), *pulls.list_routes()])
        GitHttp(self.world, self._front).add(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
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
        await self._runner.cleanup()
        if self.violations:
            told = "not as Forgejo describes it:\n" + "\n".join(self.violations)
            if error is None:
                raise AssertionError(told)
            error.add_note(told)

    @property
    def repository(self) -> str:
        """The repository's full name."""
        return f"{self.owner}/{self.name}"

    @property
    def clone_url(self) -> str:
        """The address for git to fetch from and push to."""
        return f"{self.url}/{self.repository}.git"

    @property
    def requests(self) -> list[Request]:
        """Every request so far, git's too."""
        return self._front.requests

    @property
    def violations(self) -> list[str]:
        """The requests and answers that violate Forgejo's API description."""
        return list(dict.fromkeys(self._front.violations))
