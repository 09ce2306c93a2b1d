"""Performs queued work on this machine, with the files of one commit."""

import asyncio
import os
import shutil
import stat
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from theseus_guard.completion import run_in_thread
from theseus_guard.source_folders import build_python_path
from theseus_rehearsal.ports.rehearsal import Rehearsal, ScriptRunner
from theseus_rehearsal.ports.sandbox import Sandbox, SandboxLimits
from theseus_rehearsal.records import Script, Transcript
from theseus_rehearsal.temporary_folder import open_temporary_folder
from theseus_repair.errors import RepairError
from theseus_repair.forking_runner import ForkingRunner
from theseus_repair.model import Judgement
from theseus_repair.search_slices import SearchSlice, SlicePlan, judge_slice

from bot.domain.errors import VerifierError
from bot.domain.queued_work import CheckCommand, CommandOutcome
from bot.infra.confinement import confine_with

_PYTHON, _BESIDE = "{python}", "{beside}"
_MAX_OUTPUT = 20 * 1024 * 1024


class CommitPerformer:
    """Implements `bot.ports.work_queue.CommitWork` with a tree; nothing is repeated.

    The tree's code is started at the first replay, and ended by `perform_with`.
    """

    def __init__(
        self, tree: Path, rehearsal: Rehearsal, sandbox: Sandbox, stack: AsyncExitStack
    ) -> None:
        self._tree = tree
        self._rehearsal, self._sandbox = rehearsal, sandbox
        self._stack = stack
        self._starting = asyncio.Lock()
        self._runner: ScriptRunner | None = None
        self._searching = asyncio.Lock()
        self._search: tuple[SlicePlan, Path, ForkingRunner] | None = None

    async def replay(self, script: Script) -> Transcript:
        """Run a script; the code of the tree is started once."""
        async with self._starting:
            if self._runner is None:
                opening = self._rehearsal.open(self._tree)
                self._runner = await self._stack.enter_async_context(opening)
        transcript = await self._runner.run(script)
        # As it would be after a journey: the same fields, wherever the script has run.
        return Transcript.model_validate(transcript.model_dump(mode="json"))

    async def check(self, command: CheckCommand) -> CommandOutcome:
        """Run a command in a new copy of the tree."""
        async with self._open_copy() as folder:
            return await perform_check(folder, command, self._sandbox)

    async def search(self, part: SearchSlice) -> tuple[Judgement, ...]:
        """Judge candidates in a copy of the tree. Raises `VerifierError` if tests cannot run."""
        try:
            async with self._searching:
                tree, runner = await self._prepare_search(part.plan)
            return await judge_slice(tree, part, runner)
        except (RepairError, OSError) as error:
            raise VerifierError(f"candidates cannot be judged: {error}") from error

    async def _prepare_search(self, plan: SlicePlan) -> tuple[Path, ForkingRunner]:
        """Return the runner for a plan; what all its candidates need is imported once."""
        if self._search is None or self._search[0] != plan:
            folder = await self._stack.enter_async_context(self._open_copy())
            runner = await self._stack.enter_async_context(
                ForkingRunner(
                    folder / "tree", confine=confine_with(self._sandbox), options=plan.options
                )
            )
            if plan.modules:
                await runner.preload(plan.modules, project=plan.project, changing=plan.changing)
            await runner.collect([*plan.reproduction, *plan.affected], plan.changing)
            self._search = plan, folder / "tree", runner
        return self._search[1:]

    @asynccontextmanager
    async def _open_copy(self) -> AsyncIterator[Path]:
        """Yield a temporary folder with a copy of the tree."""
        async with open_temporary_folder("theseus-check-") as scratch:
            folder = Path(os.path.realpath(scratch))  # noqa: ASYNC240 - a folder of our own
            copied = partial(shutil.copytree, symlinks=True, ignore=self._list_ignored)
            await run_in_thread(copied, self._tree, folder / "tree")
            yield folder

    def _list_ignored(self, folder: str, names: list[str]) -> set[str]:
        return {".git"} & {*names} if Path(folder) == self._tree else set()


async def perform_check(folder: Path, command: CheckCommand, sandbox: Sandbox) -> CommandOutcome:
    """Run a command in `folder/tree`; it may change everything in the folder."""
    tree = folder / "tree"
    for name, text in command.inputs.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    places = {_PYTHON: sys.executable, _BESIDE: str(folder)}
    path = [*(str(folder / each) for each in command.python_path), build_python_path(tree)]
    completed = await sandbox.run(
        [_fill(word, places) for word in command.words],
        cwd=tree,
        writable=[folder],
        env={"PYTHONPATH": os.pathsep.join(path)},
        limits=SandboxLimits(seconds=command.seconds),
    )
    found = {each: _read_output(folder, each) for each in command.outputs}
    files = {each: text for each, text in found.items() if text is not None}
    return CommandOutcome(**completed.model_dump(), files=files)


def _fill(word: str, places: Mapping[str, str]) -> str:
    for name, value in places.items():
        word = word.replace(name, value)
    return word


def _read_output(folder: Path, name: str) -> str | None:
    """Return the text of a regular file; never follow a link, and never wait for a pipe."""
    file = folder / name
    try:
        if file.parent.resolve(strict=True) != file.parent:
            return None  # the command has put a link in place of a folder
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as opened:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_OUTPUT:
            return None
        return opened.read(_MAX_OUTPUT).decode("utf-8", errors="replace")


@asynccontextmanager
async def perform_with(
    tree: Path, rehearsal: Rehearsal, sandbox: Sandbox
) -> AsyncIterator[CommitPerformer]:
    """Yield a performer of work with a tree, and end all its processes afterwards."""
    async with AsyncExitStack() as stack:
        yield CommitPerformer(tree, rehearsal, sandbox, stack)
