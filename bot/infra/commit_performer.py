"""Performs queued work on this machine, with the files of one commit."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from theseus_guard.source_folders import build_python_path
from theseus_rehearsal.ports.rehearsal import Rehearsal, ScriptRunner
from theseus_rehearsal.ports.sandbox import Completed, Sandbox, SandboxLimits
from theseus_rehearsal.records import Script, Transcript

from bot.domain.queued_work import CheckCommand
from bot.infra.threads import run_in_thread

_PYTHON = "{python}"


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

    async def replay(self, script: Script) -> Transcript:
        """Run a script; the code of the tree is started once."""
        async with self._starting:
            if self._runner is None:
                opening = self._rehearsal.open(self._tree)
                self._runner = await self._stack.enter_async_context(opening)
        transcript = await self._runner.run(script)
        # As it would be after a journey: the same fields, wherever the script has run.
        return Transcript.model_validate(transcript.model_dump(mode="json"))

    async def check(self, command: CheckCommand) -> Completed:
        """Run a command in a new copy of the tree."""
        with TemporaryDirectory(prefix="theseus-check-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            tree = folder / "tree"
            await run_in_thread(shutil.copytree, self._tree, tree, symlinks=True)
            return await self._sandbox.run(
                [word.replace(_PYTHON, sys.executable) for word in command.words],
                cwd=tree,
                writable=[folder],
                env={"PYTHONPATH": build_python_path(tree)},
                limits=SandboxLimits(seconds=command.seconds),
            )


@asynccontextmanager
async def perform_with(
    tree: Path, rehearsal: Rehearsal, sandbox: Sandbox
) -> AsyncIterator[CommitPerformer]:
    """Yield a performer of work with a tree, and end all its processes afterwards."""
    async with AsyncExitStack() as stack:
        yield CommitPerformer(tree, rehearsal, sandbox, stack)
