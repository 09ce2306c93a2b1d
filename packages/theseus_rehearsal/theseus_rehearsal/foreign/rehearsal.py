"""Runs scripts with a bot that is not built on Theseus."""

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from theseus_rehearsal._script_run import ScriptRun
from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.foreign.databases import EMPTY, Databases, copy_databases
from theseus_rehearsal.foreign.postgres import (
    find_program,
    has_driver,
    has_postgres,
    list_migrations,
)
from theseus_rehearsal.foreign.process import ForeignProcess
from theseus_rehearsal.foreign.stand_ins import build_variables, copy_examples
from theseus_rehearsal.foreign.start import ENVIRONMENTS, BotStart
from theseus_rehearsal.ports.rehearsal import ScriptRunner
from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_rehearsal.probe import RunProbe
from theseus_rehearsal.records import Script, Transcript
from theseus_rehearsal.sandboxed_rehearsal import STEP_SECONDS
from theseus_rehearsal.temporary_folder import open_temporary_folder

_NOT_COPIED = shutil.ignore_patterns(".git", "__pycache__", *ENVIRONMENTS)


class ForeignRehearsal:
    """Implements `theseus_rehearsal.ports.rehearsal.Rehearsal` for any discord.py bot.

    Args:
        start: How it starts.
        python: Its Python, with what it needs installed.
        work_tree: Where its `.env` is. Nothing else is read there.
        files: A folder with more files for the copy, such as a configuration for replays.
        databases: What its databases begin with.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        start: BotStart,
        *,
        python: Path,
        work_tree: Path,
        files: Path | None = None,
        databases: Databases = EMPTY,
        step_seconds: float = STEP_SECONDS,
    ) -> None:
        self._sandbox = sandbox
        self._start = start
        self._python = python
        self._work_tree = work_tree
        self._files = files
        self._databases = databases
        self._step_seconds = step_seconds

    @property
    def refusal(self) -> str:
        """The reason why scripts cannot be run on this machine; empty if they can."""
        return self._sandbox.refusal

    @asynccontextmanager
    async def open(self, tree: Path) -> AsyncIterator[ScriptRunner]:
        """Prepare a copy of the tree, and provide a runner for scripts.

        Raises `RehearsalError` if scripts cannot be run.
        """
        if self._sandbox.refusal:
            raise RehearsalError(self._sandbox.refusal)
        async with open_temporary_folder("theseus-foreign-") as folder:
            copy = folder / "tree"
            variables = await asyncio.to_thread(self._prepare_copy, tree, copy)
            process = ForeignProcess(
                self._sandbox,
                copy,
                folder,
                self._start,
                self._python,
                variables,
            )
            process.prepare()
            try:
                missing = await self._prepare_postgres(process, copy)
                yield ForeignPlayer(process, self._step_seconds, missing)
            finally:
                await process.close()

    async def _prepare_postgres(self, process: ForeignProcess, copy: Path) -> str:
        """Start a server for a bot that uses one, and build its tables; or return why not."""
        setup = self._databases.setup
        has_use = has_driver(self._python) and await asyncio.to_thread(has_postgres, copy)
        if setup is None and not has_use:
            return ""
        try:
            for name in ("initdb", "postgres", "psql"):
                find_program(name)
            server = await process.start_postgres()
            if setup is not None:
                await process.run_setup(setup)
            elif (copy / "alembic.ini").is_file():
                await process.run_setup(BotStart("module", "alembic", ("upgrade", "head")))
            else:
                for file in list_migrations(copy):
                    await server.run_file(file)
        except RehearsalError as error:
            if setup is not None:
                raise
            return str(error)  # the bot may do without
        return ""

    def _prepare_copy(self, tree: Path, copy: Path) -> Mapping[str, str]:
        """Copy a tree, add what a bot has beside its committed files, and return its variables."""
        if copy.resolve().is_relative_to(tree.resolve()):  # it would be copied into itself
            raise RehearsalError(
                f"{tree} contains the temporary folder, and cannot be a bot's tree."
            )
        shutil.copytree(tree, copy, symlinks=True, ignore=_NOT_COPIED)
        if self._files is not None:
            shutil.copytree(self._files, copy, dirs_exist_ok=True)
        copy_examples(copy)
        if self._databases.sqlite is not None:
            copy_databases(self._databases.sqlite, copy)
        return build_variables(copy, self._work_tree)


class ForeignPlayer:
    """Implements `ScriptRunner`; each script gets a new process and a new copy of the tree.

    `missing` is what the machine does not have, and the bot might need.
    """

    def __init__(self, process: ForeignProcess, step_seconds: float, missing: str = "") -> None:
        self._process = process
        self._missing = missing
        self._step_seconds = step_seconds
        self._numbers = itertools.count(1)

    async def run(
        self, script: Script, *, keep_files: bool = False, probe: RunProbe | None = None
    ) -> Transcript:
        """Run a script from its beginning. Of the lines that run, only those of steps are noted."""
        if script.world.cogs or script.world.flags:
            raise RehearsalError("world: cogs and flags are for bots that are built on Theseus.")
        name = f"p{next(self._numbers)}"
        run = ScriptRun(
            self._process, name, script, self._step_seconds, keep_files=keep_files, probe=probe
        )
        done = await run.run()
        if done.trouble and self._missing:
            return done.replace(trouble=f"{done.trouble.rstrip('.')}; {self._missing}")
        return done
