"""Bots that are not built on Theseus, on the command line; and where their code runs."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import typer

from theseus_rehearsal.cli.runs import CommandOutput
from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.foreign import BotStart, ForeignRehearsal, find_start, parse_start
from theseus_rehearsal.foreign.each_command import CommandRun, Coverage, try_each_command
from theseus_rehearsal.foreign.start import find_python, require_start
from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_rehearsal.repository import Repository
from theseus_rehearsal.sandbox import BubblewrapSandbox, PlainSandbox, probe
from theseus_rehearsal.sandboxed_rehearsal import SandboxedRehearsal

_TEXT = 60


class ForeignOptions(NamedTuple):
    """The options of the command line about a bot that is not built on Theseus."""

    start: str
    python: Path | None
    files: Path | None

    @property
    def is_named(self) -> bool:
        """True if one of them is used."""
        return bool(self.start or self.python or self.files)


class ForeignBot(NamedTuple):
    """How a repository's own bot is started."""

    start: BotStart
    python: Path
    work_tree: Path
    files: Path | None


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


def find_foreign_bot(
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
    return ForeignBot(found, python, repository.folder, files)


async def open_rehearsal(sandboxes: Sandboxes, bot: ForeignBot | None) -> Rehearsal:
    """Return a rehearsal of a bot, which is built on Theseus if there is no other start."""
    sandbox = await sandboxes.open()
    if bot is None:
        return SandboxedRehearsal(sandbox)
    return ForeignRehearsal(
        sandbox, bot.start, python=bot.python, work_tree=bot.work_tree, files=bot.files
    )


def run_each_command(
    repository: Repository,
    commits: Sequence[str],
    bot: ForeignBot | None,
    sandboxes: Sandboxes,
    output: CommandOutput,
    *,
    as_json: bool,
) -> None:
    """Run each command of the bot once that needs no options, and print how many can be replayed.

    Raises `RehearsalError` if the bot does not start.
    """
    if bot is None or len(commits) > 1:
        raise RehearsalError("--script: name a script. The README has a complete one.")
    coverage = asyncio.run(_try_commands(repository, commits[0], sandboxes, bot))
    if as_json:
        output.print_json(_build_data(coverage))
    else:
        for line in _render(coverage):
            output.say(line)
    if any(run.outcome == "failed" for run in coverage.runs):
        raise typer.Exit(1)


async def _try_commands(
    repository: Repository, commit: str, sandboxes: Sandboxes, bot: ForeignBot
) -> Coverage:
    async with repository.open_tree(commit) as tree:
        return await try_each_command(await open_rehearsal(sandboxes, bot), tree)


def _build_data(coverage: Coverage) -> dict[str, Any]:
    return {
        "commands": [
            {**run.command.model_dump(mode="json"), "outcome": run.outcome, "detail": run.detail}
            for run in coverage.runs
        ],
        "need_options": [command.text for command in coverage.needing],
        "counts": asdict(coverage.counts),
    }


def _render(coverage: Coverage) -> Iterator[str]:
    """Yield a line for each command, and the share that can be replayed."""
    width = max((len(_name(run)) for run in coverage.runs), default=0)
    for run in coverage.runs:
        detail = " ".join(run.detail.split())
        detail = detail if len(detail) <= _TEXT else f"{detail[: _TEXT - 1]}…"
        yield f"{_name(run):<{width}}  {run.outcome:<8}  {detail}".rstrip()
    if coverage.needing:
        names = ", ".join(command.text for command in coverage.needing)
        yield f"Not run, because they need options: {names}."
    counts = coverage.counts
    inside = counts.run - counts.outside
    yield (
        f"{counts.commands} commands. {counts.run} were run without options. {counts.outside} of "
        f"them need an outside service. {counts.replayed} of the other {inside} "
        f"({counts.percent} %) can be replayed; {counts.failed} of these raise an error."
    )


def _name(run: CommandRun) -> str:
    return f"/{run.command.text}" if run.command.kind == "slash" else run.command.text
