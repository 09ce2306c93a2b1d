"""The twin itself: started on a free port, and what a test does to the world behind it."""

import socket
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from aiohttp import web

from tests.twins.github._accounts import PERMISSIONS, Accounts, App
from tests.twins.github._checks import Checks
from tests.twins.github._faults import Faults
from tests.twins.github._front import Front, Request
from tests.twins.github._git_http import GitHttp
from tests.twins.github._graphql import GraphQL
from tests.twins.github._pulls import Pulls
from tests.twins.github._records import (
    Check,
    Comment,
    Grant,
    LineComment,
    Pull,
    Review,
    Rules,
    Status,
    Verdict,
)
from tests.twins.github._refs import Refs
from tests.twins.github._repository import Repository
from tests.twins.github._shapes import Shapes
from tests.twins.github._talk import Talk
from tests.twins.github._world import World

Level = Literal["read", "write"]


class GithubTwin:
    """A GitHub with one repository. As a context manager it serves on a free loopback port.

    Leaving it raises `AssertionError` if anything that was asked or answered is not as GitHub's
    description has it. `now` is the twin's clock.
    """

    def __init__(
        self,
        folder: Path,
        owner: str = "theseus",
        name: str = "ship",
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        files: Mapping[str, str | None] | None = None,
    ) -> None:
        self.bare = folder / f"{name}.git"
        self.owner, self.name, self.token = owner, name, "github_pat_twin"
        self.world = World(Repository(self.bare), owner, name, now)
        self.faults, self.app = Faults(), App()
        self._front = Front(self.world, self.faults)
        self._files = files or {"readme.txt": "hello\n", "dice.py": "one\ntwo\nthree\n"}
        self._runner: web.AppRunner | None = None
        self._root = ""
        self.grant(self.token, "theseus-bot")

    async def __aenter__(self) -> Self:
        """Make the repository if it is not there yet, and serve."""
        if not self.bare.exists():
            self.world.git.found(self.world.main, self._files, self.owner)
        app = web.Application(client_max_size=64 * 2**20)
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
            *pulls.routes(),
            *Refs(self.world, shapes).routes(),
            *Talk(self.world, shapes, pulls).routes(),
            *Checks(self.world, shapes).routes(),
            *Accounts(self.world, shapes, self.faults, self.app).routes(),
        ]
        self._front.add(app, routes)
        GraphQL(self.world, shapes, self._front).add(app)
        GitHttp(self.world, self._front).add(app)

    # ----------------------------------------------------------------------------------- addresses

    @property
    def url(self) -> str:
        """Where people look at it."""
        return self._root

    @property
    def api_url(self) -> str:
        """Where the REST API is, as on an Enterprise server."""
        return f"{self._root}/api/v3"

    @property
    def clone_url(self) -> str:
        """Where git fetches and pushes."""
        return f"{self._root}/{self.owner}/{self.name}.git"

    @property
    def requests(self) -> list[Request]:
        """Every request so far, git's too."""
        return self._front.requests

    @property
    def violations(self) -> list[str]:
        """What was asked or answered other than GitHub describes it."""
        return list(dict.fromkeys(self._front.violations))

    # ---------------------------------------------------------------------------------- who may

    def grant(self, token: str, login: str, **permissions: Level | None) -> None:
        """Let a token stand for somebody. `None` takes a permission away from the usual ones."""
        held = {**PERMISSIONS, **permissions}
        self.world.grants[token] = Grant(
            self.world.account(login),
            {name: level for name, level in held.items() if level is not None},  # type: ignore[misc]
        )

    def revoke(self, token: str | None = None) -> None:
        """Let a token be worth nothing any more."""
        self.world.grants.pop(token or self.token, None)

    def protect(
        self,
        branch: str = "main",
        *,
        checks: Sequence[str] = (),
        reviews: int = 0,
        strict: bool = False,
        ruleset: bool = False,
    ) -> None:
        """Ask checks and reviews of what is merged, by branch protection or by a ruleset."""
        self.world.rules[branch] = Rules(tuple(checks), reviews, strict, ruleset)

    def choose(
        self,
        *,
        private: bool | None = None,
        drafts: bool | None = None,
        methods: Collection[str] | None = None,
        deletes_branches: bool | None = None,
    ) -> None:
        """Change the repository's settings: who sees it, drafts, ways to merge, tidying up."""
        chosen = {
            "private": private,
            "drafts": drafts,
            "methods": None if methods is None else frozenset(methods),
            "deletes_branches": deletes_branches,
        }
        self.world.change(**{name: value for name, value in chosen.items() if value is not None})

    # ------------------------------------------------------------------------- what somebody does

    def push(
        self, branch: str, files: Mapping[str, str | None], message: str = "By hand",
        login: str = "alice",
    ) -> str:  # fmt: skip
        """Let somebody push a commit to a branch, from main if it is new; return the commit."""
        git = self.world.git
        if branch not in git.heads():
            git.move(f"refs/heads/{branch}", git.heads()[self.world.main])
        commit = git.commit(branch, files, message, login)
        self.world.settle()
        return commit

    def head(self, branch: str = "main") -> str | None:
        """Return the commit a branch stands on."""
        return self.world.git.heads().get(branch)

    def delete_branch(self, branch: str) -> None:
        """Delete a branch, which closes its pull requests."""
        self.world.git.delete(f"refs/heads/{branch}")
        self.world.settle()

    def pull(self, number: int) -> Pull:
        """Return what the twin knows of a pull request."""
        self.world.settle()
        return self.world.pulls[number]

    def merge_by_hand(self, number: int, login: str = "alice") -> str:
        """Let somebody press the button; return the merge commit."""
        git, pull = self.world.git, self.pull(number)
        base = git.heads()[pull.base]
        message = f"Merge pull request #{number} from {self.owner}/{pull.branch}\n\n{pull.title}\n"
        commit = git.merge(base, pull.head, message)
        git.move(f"refs/heads/{pull.base}", commit, base)
        self.world.merged(pull, commit, self.world.account(login))
        return commit

    def close_by_hand(self, number: int) -> None:
        """Let somebody close a pull request."""
        self.world.close(self.pull(number))

    def open_issue(self) -> int:
        """Let somebody open an issue, which takes a number; return it."""
        return self.world.take_number()

    def comment(self, number: int, login: str, text: str, *, association: str = "NONE") -> Comment:
        """Let somebody write below a pull request."""
        world = self.world
        written = Comment(
            world.next_id(), number, world.account(login), association, text, world.now()
        )
        world.comments.append(written)
        return written

    def review(
        self,
        number: int,
        login: str,
        state: Verdict = "COMMENTED",
        text: str = "",
        *,
        lines: Sequence[tuple[str, int | None, str]] = (),
        association: str = "NONE",
    ) -> Review:
        """Let somebody review a pull request; `lines` are file, line (none: the file) and text."""
        world, head, author = self.world, self.pull(number).head, self.world.account(login)
        written = Review(
            world.next_id(), number, author, association, state, text, head, world.now()
        )
        world.reviews.append(written)
        for path, line, said in lines:
            world.line_comments.append(
                LineComment(
                    world.next_id(), number, written.id, author, association, path, line, said,
                    head, world.now(),
                )
            )  # fmt: skip
        return written

    # ----------------------------------------------------------------------------------- checks

    def check(self, head: str, name: str, conclusion: str | None = None) -> None:
        """Let a check run of a commit end, or start if there is no conclusion yet."""
        world = self.world
        for check in world.checks:
            if (check.head, check.name) == (head, name):
                check.conclusion = conclusion
                return
        world.checks.append(Check(world.next_id(), head, name, conclusion, world.now()))

    def status(self, head: str, name: str, state: str, description: str | None = None) -> None:
        """Let somebody set a commit status: success, pending, failure or error."""
        world = self.world
        world.statuses.append(
            Status(
                world.next_id(), head, name, state, description, world.now(), world.account("ci")
            )
        )
