"""Checks out commits of a repository as plain files, without a `.git` folder."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from theseus_guard.completion import run_in_thread
from theseus_guard.git_output import parse_names
from theseus_guard.git_reader import read_text
from theseus_guard.git_settings import PLAIN_DIFF
from theseus_rehearsal.ports.rehearsal import Rehearsal, ScriptRunner
from theseus_rehearsal.probe import RunProbe
from theseus_rehearsal.records import Script, Transcript
from theseus_rehearsal.temporary_folder import open_temporary_folder

from bot.domain.evidence import Commit, Suspect
from bot.infra.git import Git
from bot.infra.git_merge import get_tree_id
from bot.infra.git_parse import COMMIT_FORMAT, parse_commits
from bot.infra.git_revisions import export

_TESTS = "tests/"
LINGER_SECONDS = 20.0  # longer than the pause between two checks of a change


class GitTrees:
    """A repository whose commits can be exported to folders. It is never changed, nor is it run."""

    def __init__(self, git: Git) -> None:
        self._git = git

    async def read_at(self, commit: str, file: str) -> str | None:
        """Return a file's text in a commit; `None` if it is not there or not text."""
        return await run_in_thread(read_text, self._git, commit, file)

    async def get_tree_id(self, commit: str) -> str:
        """Return git's id for the files of a commit."""
        return await run_in_thread(get_tree_id, self._git, commit)

    async def list_commits(self, newest: str, *, limit: int) -> tuple[Commit, ...]:
        """Return the last `limit` commits up to `newest`, oldest first; first parents only."""
        command = ("log", "-z", "--first-parent", f"-n{limit}", COMMIT_FORMAT, newest, "--")
        logged = await run_in_thread(self._git.run, *command)
        return parse_commits(logged.out)[::-1]

    async def get_change(self, commit: str) -> Suspect:
        """Return what a commit changed in Python files outside `tests/`."""
        return await run_in_thread(self._change, commit)

    def _change(self, commit: str) -> Suspect:
        revisions = (f"{commit}^1", commit)
        listed = self._git.run("diff", "--name-only", "--no-renames", "-z", *revisions, "--")
        touched = parse_names(listed.out)
        code = [file for file in touched if file.endswith(".py") and not file.startswith(_TESTS)]
        diff = self._git.run("diff", *PLAIN_DIFF, "-U3", *revisions, "--", *code) if code else None
        (described,) = parse_commits(
            self._git.run("log", "-z", "-1", COMMIT_FORMAT, commit, "--").out
        )
        return Suspect(
            commit=described,
            reason="since it, the answer is another one",
            diff=diff.out.decode(errors="replace") if diff else "",
            touched=touched,
            score=1.0,
        )

    @asynccontextmanager
    async def open_tree(self, commit: str) -> AsyncIterator[Path]:
        """Export all files of a commit to a temporary folder, which is removed on exit.

        Raises `WorkspaceError`.
        """
        async with open_temporary_folder("theseus-tree-") as folder:
            await run_in_thread(export, self._git, commit, folder)
            yield folder


@dataclass(eq=False)
class _SharedTree:
    """A commit's files and processes, which end with the stack."""

    folder: Path
    stack: AsyncExitStack
    users: int = 0
    expiry: asyncio.TimerHandle | None = None
    has_trouble: bool = False
    runners: dict[bool, ScriptRunner] = field(default_factory=dict)
    starting: asyncio.Lock = field(default_factory=asyncio.Lock)


class SharedTrees(GitTrees):
    """Implements `CommitTrees` and `Rehearsal`: all users of a commit share one tree of it.

    They must only read it. The checks of a change run one after the other, so a tree and its
    processes stay for `linger` seconds after the last user. A commit never shares anything with
    another one, so its code can fake only its own results, as it could in a process for each check.
    """

    def __init__(self, git: Git, rehearsal: Rehearsal, *, linger: float = LINGER_SECONDS) -> None:
        super().__init__(git)
        self._rehearsal, self._linger = rehearsal, linger
        self._opening = asyncio.Lock()
        self._shared: dict[str, _SharedTree] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Return the object itself; nothing is open yet."""
        return self

    async def __aexit__(self, *_error: object) -> None:
        """End all processes, and remove all trees."""
        for commit, shared in list(self._shared.items()):
            if shared.expiry is not None:
                shared.expiry.cancel()
            self._close(commit)
        await asyncio.gather(*self._closing)

    @property
    def refusal(self) -> str:
        """The reason why scripts cannot be run on this machine; empty if they can."""
        return self._rehearsal.refusal

    @asynccontextmanager
    async def open_tree(self, commit: str) -> AsyncIterator[Path]:
        """Provide the files of a commit, which nobody may change. Raises `WorkspaceError`."""
        async with self._opening:
            shared = self._shared.get(commit)
            if shared is None:
                stack = AsyncExitStack()
                folder = await stack.enter_async_context(super().open_tree(commit))
                shared = self._shared[commit] = _SharedTree(folder, stack)
            shared.users += 1
            if shared.expiry is not None:
                shared.expiry.cancel()
        try:
            yield shared.folder
        finally:
            shared.users -= 1
            if not shared.users:
                loop = asyncio.get_running_loop()
                shared.expiry = loop.call_later(self._linger, self._close, commit)

    def _close(self, commit: str) -> None:
        closing = asyncio.create_task(
            self._shared.pop(commit).stack.aclose(), name="closing of a shared tree"
        )
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    @asynccontextmanager
    async def open(self, tree: Path) -> AsyncIterator[ScriptRunner]:
        """Open a runner of the code in `tree`. Raises `RehearsalError`.

        After trouble with a script, the next user gets a process of its own, so that a second
        attempt really is one.
        """
        shared = next((each for each in self._shared.values() if each.folder == tree), None)
        if shared is None or shared.has_trouble or self._rehearsal.refusal:
            async with self._rehearsal.open(tree) as runner:
                yield runner
        else:
            yield _SharedRunner(self._rehearsal, shared)


class _SharedRunner:
    """Runs scripts in the processes that a commit's users share.

    The complete bot has a process of its own: what it imports must not be there for scripts of
    cogs, with one commit but not with another that they are compared with.
    """

    def __init__(self, rehearsal: Rehearsal, shared: _SharedTree) -> None:
        self._rehearsal, self._shared = rehearsal, shared

    async def run(
        self, script: Script, *, keep_files: bool = False, probe: RunProbe | None = None
    ) -> Transcript:
        """Run a script from its beginning."""
        runner = await self._get_runner(complete=not script.world.cogs)
        transcript = await runner.run(script, keep_files=keep_files, probe=probe)
        self._shared.has_trouble |= bool(transcript.trouble)
        return transcript

    async def _get_runner(self, *, complete: bool) -> ScriptRunner:
        shared = self._shared
        async with shared.starting:
            if complete not in shared.runners:
                opening = self._rehearsal.open(shared.folder)
                shared.runners[complete] = await shared.stack.enter_async_context(opening)
            return shared.runners[complete]
