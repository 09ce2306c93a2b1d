"""A small world for complete stories: a local Discord, a forge, and a bot in a separate process.

The repository is small and its checks are quick. The story's cast provides engine and forge.
"""

import asyncio
import json
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aiohttp.typedefs import Middleware
from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson

from bot.app.demo import build_local_forge
from bot.demo.bot_process import BotProcess
from bot.demo.forge_pages import forge_routes
from bot.demo.workspace import DemoPaths, DemoWorkspace, prepare
from bot.domain.postgres_place import STATE_URL, PostgresPlace
from bot.infra.postgres import PostgresConnection
from tests.fakes.repositories import commit, run_git
from tests.fakes.small_bot_repository import Game, make_small_bot
from tests.support.casts import Cast, MakeCast, open_scripted_cast
from tests.support.page_reader import PageReader

LISTED = ("alice", "carol")


class SmallBotHarness:
    """What a story needs: people, the bot's process, and looks behind the scenes."""

    def __init__(
        self, discord: LocalDiscord, workspace: DemoWorkspace, bot: BotProcess, cast: Cast
    ) -> None:
        self.cast = cast
        self.discord = discord
        self.workspace = workspace
        self.bot = bot
        self.people: dict[str, PageReader] = {}

    @property
    def alice(self) -> PageReader:
        """She is listed."""
        return self.people["alice"]

    @property
    def bob(self) -> PageReader:
        """He is not."""
        return self.people["bob"]

    @property
    def carol(self) -> PageReader:
        """She is listed."""
        return self.people["carol"]

    def write_script(self, script: Mapping[str, Any]) -> None:
        """Set what the engine does from now on, by faulty function."""
        (self.workspace.home / "script.json").write_text(json.dumps(script), encoding="utf-8")

    async def break_command(self, game: Game, who: str = "alice") -> dict[str, Any]:
        """Make a command fail; return the error message."""
        done = await self.people[who].person.run("dev", game.command, **game.options)
        assert f"failed with {game.error}" in done["message"]["content"], done
        return dict(done["message"])

    async def check_command(self, game: Game) -> None:
        """Check that the command works now."""
        done = await self.alice.person.run("dev", game.command, **game.options)
        assert done["message"]["content"] == game.answer, done

    async def propose_fix(self, game: Game) -> tuple[str, dict[str, Any]]:
        """Trigger a fault and have a fix proposed; return the thread and the card."""
        self.write_script(game.script)
        await self.break_command(game)
        thread = await self.alice.ask(game.report)
        return thread, await self.alice.wait_for_proposal(thread)

    def push(self, run: Mapping[str, Any], file: str, text: str) -> str:
        """Push a commit that appends to a file to a run's branch at the forge; return it."""
        branch = run_git(self.cast.bare, "branch", "--list", f"theseus/{run['id']}-*").strip("* ")
        clone = self.workspace.home.parent / f"clone-{run['id']}-{time.monotonic_ns()}"
        run_git(self.workspace.home, "clone", "-q", "-b", branch, str(self.cast.bare), str(clone))
        before = (clone / file).read_text(encoding="utf-8") if (clone / file).exists() else ""
        head = commit(clone, {file: before + text}, "By hand")
        run_git(clone, "push", "-q", "origin", branch)
        if self.cast.github is not None:
            self.cast.github.world.settle()
        return head

    # ------------------------------------------------------- behind the scenes

    def list_runs(self) -> list[dict[str, Any]]:
        """Return every run as it is stored, oldest first."""
        return [
            json.loads(body) for (body,) in self._fetch_rows("SELECT body FROM runs ORDER BY rowid")
        ]

    def get_run(self, thread: str) -> dict[str, Any]:
        """Return the run of a thread."""
        (body,) = self._fetch_rows("SELECT body FROM runs WHERE thread_id = ?", int(thread))[0]
        return dict(json.loads(body))

    def list_audit_entries(self, action: str = "ship") -> list[dict[str, Any]]:
        """Return the audit entries of one kind of act with their notes, oldest first."""
        rows = self._fetch_rows(
            "SELECT body, text FROM audit_log LEFT JOIN audit_notes USING (number)"
            " WHERE action = ? ORDER BY number",
            action,
        )
        return [{**json.loads(body), "note": note or ""} for body, note in rows]

    def list_failures(self) -> list[str]:
        """Return every error of the bot's journal, with the lines it went through."""
        files = sorted((self.workspace.state / "journal").glob("*.ndjson"))
        lines = [json.loads(line) for file in files for line in file.read_bytes().splitlines()]
        return [_format_failure(line) for line in lines if line.get("error")]

    def has_stored(self, name: str) -> bool:
        """Return whether the bot has stored a value under a name."""
        return bool(self._fetch_rows("SELECT 1 FROM shelf WHERE name = ?", name))

    def list_pulls(self) -> list[tuple[int, str]]:
        """Return the forge's pull requests: number and state."""
        return self.cast.pulls()

    def list_merges(self) -> list[str]:
        """Return the merge commits of the forge's main branch."""
        return run_git(self.cast.bare, "rev-list", "--merges", "main").split()

    def _fetch_rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        url = self.cast.variables.get(STATE_URL)
        if url is not None:
            with closing(PostgresConnection.connect(PostgresPlace.parse(url))) as connection:
                return [tuple(row) for row in connection.execute(query, values)]
        with sqlite3.connect(
            f"file:{self.workspace.state}/theseus.sqlite3?mode=ro", uri=True
        ) as db:
            return list(db.execute(query, values))

    async def wait_until(
        self, true: Callable[[], object], seconds: float = 30.0, *, every: float = 0.002
    ) -> None:
        """Look again and again, closely, until it is true."""
        async with asyncio.timeout(seconds):
            while not _try_condition(true):  # noqa: ASYNC110 - another process is polled
                await asyncio.sleep(every)

    def kill(self) -> None:
        """End the bot's process, the hard way; it is started again."""
        assert self.bot.pid is not None
        os.kill(self.bot.pid, signal.SIGKILL)

    async def wait_until_restarted(self, starts: int) -> None:
        """Wait until the process has been started that often, and is online."""
        await self.wait_until(lambda: self.bot.starts >= starts and self.bot.pid)
        await self.alice.person.wait_for_bot(90)  # a start takes long on a busy machine

    async def wait_until_clean(self, seconds: float = 20.0) -> None:
        """Wait until no process but the bot's own, and no worktree, is there."""
        try:
            await self.wait_until(lambda: not self.list_leftovers(), seconds, every=0.05)
        except TimeoutError:
            raise AssertionError(f"left behind: {self.list_leftovers()}") from None

    def list_leftovers(self) -> list[str]:
        """Return what a run should not leave: processes, worktrees."""
        lent = self.workspace.checkout / ".git" / "worktrees"
        try:
            trees = [f"worktree {each.name}" for each in lent.iterdir()]
        except FileNotFoundError:  # git removes the folder with the last of them
            trees = []
        return _list_processes(self.workspace.home, {self.bot.pid, os.getpid()}) + trees


def _try_condition(true: Callable[[], object]) -> object:
    try:
        return true()
    except (sqlite3.OperationalError, IndexError):  # not there yet
        return False


def _format_failure(line: Mapping[str, Any]) -> str:
    error = line["error"]
    way = " > ".join(f"{each['file']}:{each['line']}" for each in error["frames"])
    return f"{line['event']} {line['name']}: {error['exception']}: {error['message']} at {way}"


def _list_processes(home: Path, known: set[int | None]) -> list[str]:
    """Return the processes that have to do with the folder, by directory or command line."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        if int(place.name) in known:
            continue
        try:
            told = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            where = str((place / "cwd").readlink())
        except OSError:
            continue  # gone meanwhile, or already dead
        if told and (str(home) in told or where.startswith(str(home))):
            found.append(f"{place.name}: {told[:200]}")
    return found


@asynccontextmanager
async def open_small_bot(
    folder: Path,
    make_cast: MakeCast = open_scripted_cast,
    *,
    checks: Sequence[str] = (),
    workers: int = 2,
    more: Mapping[str, str] = MappingProxyType({}),
    around: Sequence[Middleware] = (),
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AsyncIterator[SmallBotHarness]:
    """Open a world in a folder; everything in it ends with the block.

    `more` are more files of the small bot's repository: text by path. `around` are middlewares of
    its Discord, and `now` is its clock.
    """
    workspace = DemoWorkspace.from_home(folder / "home")
    await asyncio.to_thread(make_small_bot, folder / "checkout", checks, workers, more)
    forge = build_local_forge(workspace, "http://127.0.0.1")
    discord = LocalDiscord(
        [LocalPerson(name, listed=name in LISTED) for name in ("alice", "bob", "carol")],
        token="small-world",
        extra_routes=forge_routes(forge),
        around=around,
        now=now,
    )
    listed = tuple(discord.people[name] for name in LISTED)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(discord)
        demo_paths = DemoPaths(
            discord.guild_id, discord.dev_channel_id, listed, discord.base_url, "auto"
        )
        await prepare(folder / "checkout", workspace, None, demo_paths)
        await stack.enter_async_context(forge)
        cast = await stack.enter_async_context(make_cast(workspace, folder))
        log, variables = workspace.home / "bot.log", cast.variables
        process = BotProcess(discord, workspace, log, cast.program, variables=variables)
        bot = await stack.enter_async_context(process)
        world = SmallBotHarness(discord, workspace, bot, cast)
        world.write_script({})
        for name in discord.people:
            person = await stack.enter_async_context(Person(discord.base_url, name))
            world.people[name] = PageReader(person)
        await world.wait_until_restarted(1)
        try:
            yield world
        except Exception as error:
            for failure in world.list_failures():
                error.add_note(failure)  # a card names only the record
            raise
