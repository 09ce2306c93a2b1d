"""`theseus rehearse`: plays a commit on a Discord of its own, and prints what people would see."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from bot.adapters.git_trees import GitTrees
from bot.adapters.rehearsal import SandboxedRehearsal
from bot.adapters.sandbox import choose_sandbox
from bot.cli.output import JsonOption, print_json, say
from bot.cli.rehearsal_output import rehearsed_data, rehearsed_lines, rehearsed_yaml
from bot.cli.rehearsal_searches import find_change, find_least
from bot.cli.rehearsed import Rehearsed, play_commits
from bot.cli.script_files import read_script
from bot.domain.errors import ConfigError, RehearsalError
from bot.domain.rehearsal import Script, ScriptStep
from bot.infra.yaml_text import write_yaml
from bot.ports.rehearsal import Rehearsal
from bot.proof.answer_history import ChangedAnswer
from bot.proof.reduction import Reduced
from bot.proof.scripts import asked, script_data


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
    since: Annotated[
        str, typer.Option(help="Find the commit after this one that changed the last answer.")
    ] = "",
    least: Annotated[
        bool, typer.Option("--least", help="Find the fewest steps that fail in the same way.")
    ] = False,
    as_yaml: Annotated[bool, typer.Option("--yaml", help="Print YAML.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Play a script with a commit's code, and print what people would have seen.

    Exit code 1: somebody got an error, or answers differ; 2: it cannot be played. For example:
    theseus rehearse --commit HEAD~1 --script poll.yaml --compare HEAD
    """
    _one_of({"--compare": compare, "--repeat": repeat > 1, "--since": since, "--least": least})
    _one_of({"--yaml": as_yaml, "--json": as_json})
    wanted, trees = read_script(script), GitTrees.open(repo)
    commits = [trees.commit("--commit", commit)]
    if since:
        _search_change(trees, wanted, trees.since(since, commits[0]), as_json=as_json)
        return
    if least:
        _search_least(trees, wanted, commits[0], as_json=as_json)
        return
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


def _one_of(given: Mapping[str, object]) -> None:
    named = [option for option, value in given.items() if value]
    if len(named) > 1:
        raise ConfigError(f"{' and '.join(named)}: give one of them.")


def _search_change(
    trees: GitTrees, script: Script, commits: Sequence[str], *, as_json: bool
) -> None:
    """Print since when the last step is answered as it is; exit code 1 where that changed."""

    async def search() -> ChangedAnswer | None:
        rehearsal = await _rehearsal(trees.folder)
        return await find_change(rehearsal, trees.laid_out, script, commits)

    found = asyncio.run(search())
    subject = trees.subject(found.after) if found else ""
    if as_json:
        print_json({"commits": len(commits), "changed": found and found._asdict()})
    elif found is None:
        say(f"None of the {len(commits)} commits answers otherwise.")
    else:
        told = found.told(asked(script.steps[-1]), subject)
        say(f"{told[0].upper()}{told[1:]} ({found.plays} of {len(commits)} commits were played).")
    if found:
        raise typer.Exit(1)


def _search_least(trees: GitTrees, script: Script, commit: str, *, as_json: bool) -> None:
    """Print the least script that fails in the same way, as YAML; exit code 1 where one fails."""

    async def search() -> Reduced[ScriptStep] | None:
        async with trees.laid_out(commit) as tree:
            return await find_least(await _rehearsal(trees.folder), tree, script)

    found = asyncio.run(search())
    data = script_data(script.but(steps=found.kept)) if found else None
    if as_json:
        print_json({"script": data, "minimal": bool(found and found.minimal)})
    elif found is None:
        say("Nobody got an error.")
    else:
        say(write_yaml(data).rstrip())
        say(f"# {len(found.kept)} of {len(script.steps)} steps are left, after {found.plays} plays")
    if found:
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
