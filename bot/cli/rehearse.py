"""`theseus rehearse`: plays a commit on a Discord of its own, and prints what people would see."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from bot.adapters.git_trees import GitTrees
from bot.adapters.rehearsal import SandboxedRehearsal
from bot.adapters.sandbox import choose_sandbox
from bot.cli.output import JsonOption, print_json, say
from bot.cli.rehearsal_output import rehearsed_data, rehearsed_lines, rehearsed_yaml
from bot.cli.rehearsed import Rehearsed, play_commits
from bot.cli.script_files import read_script
from bot.domain.errors import ConfigError, RehearsalError
from bot.domain.rehearsal import Script
from bot.ports.rehearsal import Rehearsal


def rehearse(
    commit: Annotated[str, typer.Option(help="The commit to play.")],
    script: Annotated[Path, typer.Option(help="The script: a YAML file.")],
    repo: Annotated[Path, typer.Option(help="The repository.")] = Path(),
    compare: Annotated[
        str, typer.Option(help="Play this commit too, and show what changes for people.")
    ] = "",
    repeat: Annotated[
        int, typer.Option(min=1, max=1_000, help="Play it so often; say where plays differ.")
    ] = 1,
    as_yaml: Annotated[bool, typer.Option("--yaml", help="Print YAML.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Play a script with a commit's code, and print what people would have seen.

    Exit code 1: somebody got an error, or plays differ; 2: it cannot be played. For example:
    theseus rehearse --commit HEAD~1 --script poll.yaml --compare HEAD
    """
    if compare and repeat > 1:
        raise ConfigError("--compare and --repeat: give one of them.")
    if as_yaml and as_json:
        raise ConfigError("--yaml and --json: give one of them.")
    wanted, trees = read_script(script), GitTrees.open(repo)
    commits = [trees.commit("--commit", commit)]
    if compare:
        commits.append(trees.commit("--compare", compare))
    done = asyncio.run(_rehearsed(trees, wanted, commits, repeat))
    if as_json:
        print_json(rehearsed_data(done))
    else:
        for line in rehearsed_yaml(done) if as_yaml else rehearsed_lines(done):
            say(line)
    if not done.fine:
        raise typer.Exit(1)


async def _rehearsed(
    trees: GitTrees, script: Script, commits: Sequence[str], repeat: int
) -> Rehearsed:
    async with AsyncExitStack() as stack:
        rehearsal = await _rehearsal(trees.folder)
        folders = [await stack.enter_async_context(trees.laid_out(each)) for each in commits]
        return await play_commits(rehearsal, script, [*zip(commits, folders, strict=True)], repeat)


async def _rehearsal(repository: Path) -> Rehearsal:
    """Return what plays here. Raises `RehearsalError` where there is no sandbox."""
    sandbox = await choose_sandbox("bubblewrap", required=True, private=(repository,))
    if sandbox.refusal:
        raise RehearsalError(
            f"Nothing can be played on this machine ({sandbox.description}): a commit's code runs "
            "only in bubblewrap. Install it; `theseus doctor` says what is missing."
        )
    return SandboxedRehearsal(sandbox)
