"""A complete bot under its supervisor, in a private clone of this repository, with users.

Changes of the core arrive as from a forge: they are pushed to the followed branch and announced.
"""

import asyncio
import json
import resource
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from local_discord.person import Message, Person

from bot.app.demo import build_local_forge
from bot.demo.demo import Demo, DemoPlan, start_demo
from bot.demo.faults import MetFault
from bot.infra.free_port import find_free_port
from tests.fakes.repositories import commit, run_git
from tests.support.repository_copy import share_repository

SUPERVISED = ("-m", "bot", "run")
RESTART = {"drain_seconds": 20, "ready_seconds": 30, "silent_seconds": 8}
_TOKEN = "a-token-of-forty-characters-for-the-tests"
_PATIENCE = 240.0


@dataclass(frozen=True)
class SupervisorReading:
    """The number of bots and open files of a supervisor, and its memory."""

    bots: int
    files: int
    memory_mb: float


@dataclass(frozen=True)
class HandoverHarness:
    """The running demo, its people, and where HTTP is served."""

    demo: Demo
    alice: Person
    http: str

    @property
    def running_commit(self) -> str:
        """The commit that is checked out."""
        return run_git(self.demo.workspace.checkout, "rev-parse", "HEAD")

    @property
    def log(self) -> str:
        """The log of supervisor and bots."""
        return (self.demo.workspace.home / "bot.log").read_text(errors="replace")

    def read_records(self) -> dict[str, Any]:
        """Return the supervisor's records."""
        file = self.demo.workspace.state / "restarts.json"
        return dict(json.loads(file.read_text())) if file.exists() else {"bad": {}, "good": []}

    async def push(self, files: Mapping[str, Callable[[str], str]]) -> str:
        """Push a commit with these changes to files and announce it; return the commit."""
        folder = self.demo.workspace.home / "clone"
        if not folder.exists():
            run_git(
                self.demo.workspace.home, "clone", "-q", str(self.demo.workspace.forge), "clone"
            )
        run_git(folder, "pull", "-q", "--ff-only")
        changed = {name: change((folder / name).read_text()) for name, change in files.items()}
        pushed = commit(folder, changed, "Change the core")
        run_git(folder, "push", "-q", "origin", "HEAD")
        headers = {"Authorization": f"Bearer {_TOKEN}"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.http}/webhook/reload", headers=headers) as answer,
        ):
            assert answer.status == 202, await answer.text()
        return pushed

    async def get_readiness(self) -> int:
        """Return the status of the readiness check; 0 if the server does not answer."""
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{self.http}/health/ready") as answer,
            ):
                return answer.status
        except aiohttp.ClientError:
            return 0

    @asynccontextmanager
    async def open_session(self) -> AsyncIterator[aiohttp.ClientSession]:
        """Yield a browser session that is logged in to the dashboard."""
        jar = aiohttp.CookieJar(unsafe=True)  # accepts cookies of hosts that are IP addresses
        async with aiohttp.ClientSession(self.http, cookie_jar=jar) as browser:
            async with browser.post(
                "/login", data={"token": _TOKEN}, headers={"Origin": self.http},
                allow_redirects=False,
            ) as answer:  # fmt: skip
                assert answer.status == 303, await answer.text()
            yield browser

    async def wait_for_probation(self, pushed: str) -> None:
        """Wait until a commit has passed its probation."""
        async with asyncio.timeout(_PATIENCE):
            while pushed not in self.read_records()["good"]:  # noqa: ASYNC110  another process writes
                await asyncio.sleep(0.1)

    async def wait_until_settled(self) -> "SupervisorReading":
        """Wait until one bot is left; return a reading of the supervisor."""
        async with asyncio.timeout(_PATIENCE):
            while (seen := self._read_supervisor()).bots != 1:  # noqa: ASYNC110  the kernel is polled
                await asyncio.sleep(0.1)
        return seen

    def _read_supervisor(self) -> "SupervisorReading":
        process = Path("/proc") / str(self.demo.bot.pid)
        pages = int((process / "statm").read_text().split()[1])
        children = (process / "task" / process.name / "children").read_text().split()
        files = len(list((process / "fd").iterdir()))
        return SupervisorReading(len(children), files, pages * resource.getpagesize() / 1024**2)

    async def wait_until_ready(self) -> None:
        """Wait until the bot says that it is ready."""
        async with asyncio.timeout(_PATIENCE):
            while await self.get_readiness() != 200:  # noqa: ASYNC110  another process is polled
                await asyncio.sleep(0.1)

    async def wait_for_message(self, part: str, channel: str = "dev") -> Message:
        """Wait until the bot has posted a message with this text; return the message."""
        try:
            async with asyncio.timeout(_PATIENCE):
                while True:
                    for each in await self.alice.list_messages(channel):
                        if part in each["content"] and each["author"].get("bot"):
                            return each
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"nobody said {part!r}:\n{self.log[-4_000:]}") from None


@asynccontextmanager
async def open_handover(
    folder: Path, fault: MetFault | None = None, *, probation: float = 6
) -> AsyncIterator[HandoverHarness]:
    """Open the harness with the bot online and, if given, a fault planted.

    `probation` is the probation of new code, in seconds.
    """
    port = find_free_port()
    plan = DemoPlan(
        await asyncio.to_thread(share_repository),
        folder,
        fault,
        settings={"restart": RESTART | {"probation_seconds": probation}},
        program=SUPERVISED,
        variables={"THESEUS_HTTP_PORT": str(port), "THESEUS_HTTP_TOKEN": _TOKEN},
    )
    async with start_demo(plan, build_local_forge) as running:
        await running.wait_until_online()
        async with Person(running.discord.base_url, "alice") as alice:
            yield HandoverHarness(running, alice, f"http://127.0.0.1:{port}")
