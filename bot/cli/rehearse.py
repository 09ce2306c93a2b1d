"""`theseus rehearse`: runs a commit against a local Discord, and prints what people would see."""

import asyncio
import difflib
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer
from theseus_rehearsal import SandboxedRehearsal

from bot.adapters.git_trees import GitTrees
from bot.adapters.sandbox import choose_sandbox
from bot.cli.output import JsonOption, print_json, say
from bot.cli.progress import show_progress
from bot.cli.rehearsal_output import build_data, render_lines, render_yaml
from bot.cli.rehearsal_runs import CountedRehearsal, RehearsalResult, count_runs, rehearse_commits
from bot.cli.rehearsal_searches import AnswerSearch, ScriptFailure, find_change, find_least
from bot.cli.script_files import read_script
from bot.domain.cogs import get_cog_name
from bot.domain.errors import ConfigError, RehearsalError
from bot.domain.rehearsal import Script, ScriptStep
from bot.infra.yaml_text import write_yaml
from bot.ports.rehearsal import Rehearsal
from bot.proof.reduction import Reduced
from bot.proof.scripts import describe_step, dump_script


def rehearse(
    commit: Annotated[str, typer.Option(help="The commit to run.")],
    script: Annotated[Path, typer.Option(help="The script, a YAML file.")],
    repo: Annotated[Path, typer.Option(help="The repository.")] = Path(),
    compare: Annotated[
        str, typer.Option(help="Run this commit too, and show what changes from older to newer.")
    ] = "",
    repeat: Annotated[
        int, typer.Option(min=1, max=1_000, help="Run the script N times, and show differences.")
    ] = 1,
    since: Annotated[
        str,
        typer.Option(
            help="Find the commit after this one that changed the answer to the last step."
        ),
    ] = "",
    least: Annotated[
        bool, typer.Option("--least", help="Find the fewest steps that fail in the same way.")
    ] = False,
    as_yaml: Annotated[bool, typer.Option("--yaml", help="Print YAML.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Run a script with the code of a commit, and print what people would have seen.

    Exit code 1: a user got an error, or answers differ. Exit code 2: the script cannot run.

    Example: theseus rehearse --commit HEAD~1 --script poll.yaml --compare HEAD
    """
    _require_single(
        {"--compare": compare, "--repeat": repeat > 1, "--since": since, "--least": least}
    )
    _require_single({"--yaml": as_yaml, "--json": as_json})
    wanted, trees = read_script(script), GitTrees.open(repo)
    commits = [trees.commit("--commit", commit)]
    if compare:
        commits = trees.sort_by_history(commits[0], trees.commit("--compare", compare))
    _refuse_unknown_cogs(trees, wanted, commits, script)
    if since:
        _search_change(trees, wanted, trees.list_commits_since(since, commits[0]), as_json=as_json)
        return
    if least:
        _search_least(trees, wanted, commits[0], as_json=as_json)
        return
    done = asyncio.run(_rehearse(trees, wanted, commits, repeat))
    if as_json:
        print_json(build_data(done))
    else:
        for line in render_yaml(done) if as_yaml else render_lines(done):
            say(line)
    if not done.fine:
        raise typer.Exit(1)


def _require_single(options: Mapping[str, object]) -> None:
    named = [option for option, value in options.items() if value]
    if len(named) > 1:
        raise ConfigError(f"{' and '.join(named)}: use only one of them.")


def _refuse_unknown_cogs(
    trees: GitTrees, script: Script, commits: Sequence[str], file: Path
) -> None:
    """Raise `ConfigError` if the script names a cog that none of the commits has."""
    there = {get_cog_name(each) for commit in commits for each in trees.list_files(commit, "cogs")}
    for cog in script.world.cogs:
        if cog not in there:
            near = difflib.get_close_matches(cog, there, n=1)
            hint = f"did you mean {near[0]}?" if near else f"its cogs: {', '.join(sorted(there))}."
            raise ConfigError(
                f"{file}: world: cogs: commit {commits[-1][:7]} has no cog `{cog}` (uncommitted "
                f"files are not used); {hint}"
            )


def _search_change(
    trees: GitTrees, script: Script, commits: Sequence[str], *, as_json: bool
) -> None:
    """Print which commit changed the answer to the last step; exit with code 1 if one did."""

    async def search() -> AnswerSearch:
        rehearsal = await _build_rehearsal(trees.folder)
        with show_progress("commits run") as on_progress:
            counted = CountedRehearsal(rehearsal, on_progress, None)
            return await find_change(counted, trees.open_tree, script, commits)

    found = asyncio.run(search())
    if as_json:
        changed = found.changed and found.changed._asdict()
        data = {"changed": changed, "first": found.first or None, "why_not": found.why_not or None}
        print_json({"commits": len(commits), **data})
    else:
        say(_describe_search(trees, describe_step(script.steps[-1]), found, len(commits)))
    if found.changed or found.why_not:
        raise typer.Exit(1)


def _describe_search(trees: GitTrees, step: str, found: AnswerSearch, commits: int) -> str:
    """Return one sentence about the result of a search through commits."""
    count = f"({found.runs} of {commits} commits were run)"
    if found.changed:
        text = found.changed.describe(step, trees.get_subject(found.changed.after))
        return f"{text[0].upper()}{text[1:]} {count}."
    if found.first:
        since = f"`{found.first[:7]}` ({trees.get_subject(found.first)})"
        same = f"The answer to `{step}` is the same since {since}"
        return f"{same}; before, {found.why_not} {count}."
    if found.why_not:
        return f"`{step}` has no answer: {found.why_not}"
    return f"The answer is the same in all commits {count}."


def _search_least(trees: GitTrees, script: Script, commit: str, *, as_json: bool) -> None:
    """Print the shortest script that fails in the same way; exit with code 1 if there is one."""

    async def search() -> tuple[ScriptFailure, Reduced[ScriptStep]] | None:
        async with trees.open_tree(commit) as tree:
            with show_progress("runs") as on_progress:
                counted = CountedRehearsal(await _build_rehearsal(trees.folder), on_progress, None)
                return await find_least(counted, tree, script)

    found = asyncio.run(search())
    failure, least = found or (None, None)
    data = dump_script(script.replace(steps=least.remaining)) if least and least.remaining else None
    if as_json:
        description = failure.description if failure else None
        minimal = bool(least and least.minimal)
        print_json({"script": data, "minimal": minimal, "failure": description})
    elif failure is None or least is None:
        say("No errors, and every step has an answer.")
    elif data is None:
        say(f"It fails before any step: {failure.description}")
    else:
        say(write_yaml(data).rstrip())
        left = f"{len(least.remaining)} of {len(script.steps)} steps are left"
        reason = " ".join(failure.description.split())
        say(f"# {left}, after {least.run_count} runs: {reason}")
    if failure:
        raise typer.Exit(1)


async def _rehearse(
    trees: GitTrees, script: Script, commits: Sequence[str], repeat: int
) -> RehearsalResult:
    async with AsyncExitStack() as stack:
        rehearsal = await _build_rehearsal(trees.folder)
        folders = [await stack.enter_async_context(trees.open_tree(each)) for each in commits]
        pairs = [*zip(commits, folders, strict=True)]
        with show_progress("runs") as on_progress:
            counted = CountedRehearsal(rehearsal, on_progress, count_runs(len(pairs), repeat))
            return await rehearse_commits(counted, script, pairs, repeat)


async def _build_rehearsal(repository: Path) -> Rehearsal:
    """Return a rehearsal in a sandbox. Raises `RehearsalError` if there is no sandbox."""
    sandbox = await choose_sandbox("bubblewrap", required=True, private=(repository,))
    if sandbox.refusal:
        raise RehearsalError(
            f"Scripts cannot run on this machine ({sandbox.description}): the code of a "
            "commit runs only in bubblewrap. Install it; `theseus doctor` shows what is missing."
        )
    return SandboxedRehearsal(sandbox)
