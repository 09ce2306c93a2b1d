"""The bot of one or two commits on the command line: how it starts, and where its code runs."""

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.foreign import (
    BotStart,
    Databases,
    ForeignRehearsal,
    find_start,
    parse_start,
)
from theseus_rehearsal.foreign.start import find_python, require_start
from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_rehearsal.records import Script
from theseus_rehearsal.repository import Repository
from theseus_rehearsal.sandbox import BubblewrapSandbox, PlainSandbox, probe
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal
from theseus_rehearsal.trees import find_objection, is_theseus


class ForeignOptions(NamedTuple):
    """The options of the command line about a bot that is not built on Theseus."""

    start: str
    python: Path | None
    files: Path | None
    copy_databases: bool
    database_setup: str

    @property
    def is_named(self) -> bool:
        """True if one of them is used."""
        return any(self)


class ForeignBot(NamedTuple):
    """How a repository's own bot is started."""

    start: BotStart
    python: Path
    work_tree: Path
    files: Path | None
    databases: Databases


class Sandboxes:
    """The sandbox for the code of a repository; `unconfined` code runs with the user's rights."""

    def __init__(self, repository: Repository, *, unconfined: bool) -> None:
        self._private = (repository.folder,)
        self._unconfined = unconfined

    async def open(self) -> Sandbox:
        """Return the sandbox. Raises `RehearsalError` if bubblewrap does not work here."""
        if self._unconfined:
            return PlainSandbox()
        reason = await probe(private=self._private)
        if reason is None:
            return BubblewrapSandbox(private=self._private)
        if await probe(strict=False, private=self._private) is None:
            return BubblewrapSandbox(private=self._private, strict=False)
        raise RehearsalError(
            f"Scripts cannot run on this machine ({reason}): the code of a commit runs only in "
            "bubblewrap. Install it, or use --unconfined for code that you trust."
        )


def _find_foreign_bot(
    repository: Repository, commits: Sequence[str], options: ForeignOptions
) -> ForeignBot:
    """Return how the bot of these commits starts. Raises `RehearsalError`."""
    start, files = options.start, options.files
    if files is not None and not files.is_dir():
        raise RehearsalError(f"--files: {files} is no folder.")
    found = parse_start(start) if start else find_start(repository, commits[0])
    for commit in commits:
        require_start(repository, commit, found)
    python = find_python(repository.folder, options.python)
    setup = options.database_setup
    databases = Databases(
        sqlite=repository.folder if options.copy_databases else None,
        setup=parse_start(setup, "--database-setup") if setup else None,
    )
    return ForeignBot(found, python, repository.folder, files, databases)


class CommitBot:
    """The bot of some commits, the older first. `foreign` is `None` if it is built on Theseus."""

    def __init__(
        self,
        repository: Repository,
        commits: Sequence[str],
        foreign: ForeignBot | None,
        sandboxes: Sandboxes,
    ) -> None:
        self.repository = repository
        self.commits = commits
        self.foreign = foreign
        self._sandboxes = sandboxes

    async def open_rehearsal(self) -> Rehearsal:
        """Return a rehearsal of the bot."""
        sandbox, foreign = await self._sandboxes.open(), self.foreign
        if foreign is None:
            return SandboxedRehearsal(sandbox)
        return ForeignRehearsal(
            sandbox,
            foreign.start,
            python=foreign.python,
            work_tree=foreign.work_tree,
            files=foreign.files,
            databases=foreign.databases,
        )

    def refuse_unsuitable(self, script: Script, file: Path | None) -> None:
        """Raise `RehearsalError` if the script is for another kind of bot, or for other cogs.

        Without a `file`, it was built from a journal.
        """
        if self.foreign is not None:
            return
        if file is None:
            raise RehearsalError(
                "--journal: this bot is built on Theseus, which replays its own traffic; --journal "
                "is for bots with their own start."
            )
        _refuse_unknown_cogs(self.repository, script, self.commits, file)


def find_bot(
    repository: Repository, commit: str, compare: str, options: ForeignOptions, *, unconfined: bool
) -> CommitBot:
    """Return the bot of a commit, or of two if there is one to compare. Raises `RehearsalError`."""
    commits = [repository.find_commit("--commit", commit)]
    if compare:
        commits = repository.sort_by_history(
            commits[0], repository.find_commit("--compare", compare)
        )
    if objection := find_objection(repository, commits[-1]):
        raise RehearsalError(objection)
    foreign = None
    if options.is_named or not is_theseus(repository, commits[-1]):
        foreign = _find_foreign_bot(repository, commits, options)
    return CommitBot(repository, commits, foreign, Sandboxes(repository, unconfined=unconfined))


def _refuse_unknown_cogs(
    repository: Repository, script: Script, commits: Sequence[str], file: Path
) -> None:
    """Raise `RehearsalError` if the script names a cog that none of the commits has."""
    there = {name for commit in commits for name in _iterate_cogs(repository.list_files(commit))}
    for cog in script.world.cogs:
        if cog not in there:
            near = difflib.get_close_matches(cog, there, n=1)
            hint = f"did you mean {near[0]}?" if near else f"its cogs: {', '.join(sorted(there))}."
            raise RehearsalError(
                f"{file}: world: cogs: commit {commits[-1][:7]} has no cog `{cog}` (uncommitted "
                f"files are not used); {hint}"
            )


def _iterate_cogs(files: Sequence[str]) -> Iterator[str]:
    """Yield the names of the files and folders in `cogs`; shared code belongs to no cog."""
    for file in map(PurePosixPath, files):
        if len(file.parts) > 1 and file.parts[0] == "cogs" and file.suffix == ".py":
            name = file.parts[1].removesuffix(".py")
            if not name.startswith("_") and name != "ui":
                yield name
