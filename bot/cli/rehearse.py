"""`theseus rehearse`: plays a commit on a Discord of its own, and prints what people would see."""

import asyncio
import difflib
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from bot.adapters.git_trees import GitTrees
from bot.adapters.rehearsal import SandboxedRehearsal
from bot.adapters.sandbox import choose_sandbox
from bot.cli.output import JsonOption, print_json, say
from bot.cli.progress import progress
from bot.cli.rehearsal_output import rehearsed_data, rehearsed_lines, rehearsed_yaml
from bot.cli.rehearsal_searches import AnswerSearch, PlayFailure, find_change, find_least
from bot.cli.rehearsed import CountedRehearsal, Rehearsed, play_commits, plays_of
from bot.cli.script_files import read_script
from bot.domain.cogs import cog_of_file
from bot.domain.errors import ConfigError, RehearsalError
from bot.domain.rehearsal import Script, ScriptStep
from bot.infra.yaml_text import write_yaml
from bot.ports.rehearsal import Rehearsal
from bot.proof.reduction import Reduced
from bot.proof.scripts import asked, script_data


def rehearse(
    commit: Annotated[str, typer.Option(help="The commit to play.")],
    script: Annotated[Path, typer.Option(help="The script: a YAML file.")],
    repo: Annotated[Path, typer.Option(help="The repository.")] = Path(),
    compare: Annotated[
        str, typer.Option(help="Play this commit too; show what changes, from older to newer.")
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

    Exit code 1: somebody got an error, or answers differ; 2: it cannot be played.

    For example: theseus rehearse --commit HEAD~1 --script poll.yaml --compare HEAD
    """
    _one_of({"--compare": compare, "--repeat": repeat > 1, "--since": since, "--least": least})
    _one_of({"--yaml": as_yaml, "--json": as_json})
    wanted, trees = read_script(script), GitTrees.open(repo)
    commits = [trees.commit("--commit", commit)]
    if compare:
        commits = trees.older_first(commits[0], trees.commit("--compare", compare))
    _refuse_unknown_cogs(trees, wanted, commits, script)
    if since:
        _search_change(trees, wanted, trees.since(since, commits[0]), as_json=as_json)
        return
    if least:
        _search_least(trees, wanted, commits[0], as_json=as_json)
        return
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


def _refuse_unknown_cogs(
    trees: GitTrees, script: Script, commits: Sequence[str], file: Path
) -> None:
    """Refuse a script with a cog that none of the commits has. Raises `ConfigError`."""
    there = {cog_of_file(each) for commit in commits for each in trees.files(commit, "cogs")}
    for cog in script.world.cogs:
        if cog not in there:
            near = difflib.get_close_matches(cog, there, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(there))}."
            raise ConfigError(
                f"{file}: world: cogs: there is no cog `{cog}` in {commits[-1][:7]} (only what is "
                f"committed is played); {hint}"
            )


def _search_change(
    trees: GitTrees, script: Script, commits: Sequence[str], *, as_json: bool
) -> None:
    """Print since when the last step is answered as it is; exit code 1 where that changed."""

    async def search() -> AnswerSearch:
        rehearsal = await _rehearsal(trees.folder)
        with progress("commits played") as on_progress:
            counted = CountedRehearsal(rehearsal, on_progress, None)
            return await find_change(counted, trees.laid_out, script, commits)

    found = asyncio.run(search())
    if as_json:
        changed = found.changed and found.changed._asdict()
        told = {"changed": changed, "first": found.first or None, "why_not": found.why_not or None}
        print_json({"commits": len(commits), **told})
    else:
        say(_since(trees, asked(script.steps[-1]), found, len(commits)))
    if found.changed or found.why_not:
        raise typer.Exit(1)


def _since(trees: GitTrees, step: str, found: AnswerSearch, commits: int) -> str:
    """Return in a sentence what a search through commits found of a step."""
    played = f"({found.plays} of {commits} commits were played)"
    if found.changed:
        told = found.changed.told(step, trees.subject(found.changed.after))
        return f"{told[0].upper()}{told[1:]} {played}."
    if found.first:
        since = f"`{found.first[:7]}` ({trees.subject(found.first)})"
        return f"Since {since} `{step}` is answered as now; before, {found.why_not} {played}."
    if found.why_not:
        return f"`{step}` has no answer to look for: {found.why_not}"
    return f"It is answered as now all the way {played}."


def _search_least(trees: GitTrees, script: Script, commit: str, *, as_json: bool) -> None:
    """Print the least script that fails in the same way, as YAML; exit code 1 where one fails."""

    async def search() -> tuple[PlayFailure, Reduced[ScriptStep]] | None:
        async with trees.laid_out(commit) as tree:
            with progress("plays") as on_progress:
                counted = CountedRehearsal(await _rehearsal(trees.folder), on_progress, None)
                return await find_least(counted, tree, script)

    found = asyncio.run(search())
    failure, least = found or (None, None)
    data = script_data(script.but(steps=least.kept)) if least and least.kept else None
    if as_json:
        told = failure.told if failure else None
        print_json({"script": data, "minimal": bool(least and least.minimal), "failure": told})
    elif failure is None or least is None:
        say("Nobody got an error, and everybody an answer.")
    elif data is None:
        say(f"It fails before any step: {failure.told}")
    else:
        say(write_yaml(data).rstrip())
        left = f"{len(least.kept)} of {len(script.steps)} steps are left, after {least.plays} plays"
        say(f"# {left}: {' '.join(failure.told.split())}")
    if failure:
        raise typer.Exit(1)


async def _rehearsed(
    trees: GitTrees, script: Script, commits: Sequence[str], repeat: int
) -> Rehearsed:
    async with AsyncExitStack() as stack:
        rehearsal = await _rehearsal(trees.folder)
        folders = [await stack.enter_async_context(trees.laid_out(each)) for each in commits]
        played = [*zip(commits, folders, strict=True)]
        with progress("plays") as on_progress:
            counted = CountedRehearsal(rehearsal, on_progress, plays_of(len(played), repeat))
            return await play_commits(counted, script, played, repeat)


async def _rehearsal(repository: Path) -> Rehearsal:
    """Return what plays here. Raises `RehearsalError` where there is no sandbox."""
    sandbox = await choose_sandbox("bubblewrap", required=True, private=(repository,))
    if sandbox.refusal:
        raise RehearsalError(
            f"Nothing can be played on this machine ({sandbox.description}): a commit's code runs "
            "only in bubblewrap. Install it; `theseus doctor` says what is missing."
        )
    return SandboxedRehearsal(sandbox)
