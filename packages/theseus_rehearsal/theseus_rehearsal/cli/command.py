"""The command `rehearse`: runs a commit against a local Discord, and prints what people see."""

import asyncio
import difflib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from theseus_rehearsal.cli.foreign_bots import (
    ForeignOptions,
    Sandboxes,
    find_foreign_bot,
    open_rehearsal,
    run_each_command,
)
from theseus_rehearsal.cli.output import build_data, render_lines, render_yaml
from theseus_rehearsal.cli.runs import (
    CommandOutput,
    CountedRehearsal,
    RehearsalResult,
    count_runs,
    rehearse_commits,
)
from theseus_rehearsal.cli.searches import AnswerSearch, ScriptFailure, find_change, find_least
from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.records import Script, ScriptStep
from theseus_rehearsal.reduction import Reduced
from theseus_rehearsal.repository import Repository
from theseus_rehearsal.script_files import read_script
from theseus_rehearsal.scripts import describe_step, dump_script
from theseus_rehearsal.trees import find_objection, is_theseus
from theseus_rehearsal.yaml_text import write_yaml

_Commit = Annotated[str, typer.Option(help="The commit to run.")]
_Script = Annotated[
    Path | None,
    typer.Option(
        help="The script, a YAML file. Without: run each command that needs no options (for bots "
        "that are not built on Theseus)."
    ),
]
_Start = Annotated[
    str, typer.Option(help="How a bot that is not built on Theseus starts: `python bot.py`.")
]
_Python = Annotated[
    Path | None,
    typer.Option(
        help="That bot's Python, or its environment. By default: .venv in the repository."
    ),
]
_Repo = Annotated[Path, typer.Option(help="The repository.")]
_Files = Annotated[
    Path | None,
    typer.Option(help="A folder with files that it needs and the commit does not have."),
]
_Compare = Annotated[
    str, typer.Option(help="Run this commit too, and show what changes from older to newer.")
]
_Repeat = Annotated[
    int, typer.Option(min=1, max=1_000, help="Run the script N times, and show differences.")
]
_Since = Annotated[
    str,
    typer.Option(help="Find the commit after this one that changed the answer to the last step."),
]
_Least = Annotated[
    bool, typer.Option("--least", help="Find the fewest steps that fail in the same way.")
]
_Unconfined = Annotated[
    bool,
    typer.Option(
        "--unconfined",
        help="Run the code with your rights, without a sandbox. Only for code that you trust.",
    ),
]
_Yaml = Annotated[bool, typer.Option("--yaml", help="Print YAML.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def build_command(output: CommandOutput) -> Callable[..., None]:
    """Return the function of the command, for a command line of Typer.

    It raises `RehearsalError` if the script cannot run, and `typer.Exit` with code 1 if a user got
    an error or if answers differ.
    """

    def rehearse(
        commit: _Commit,
        script: _Script = None,
        repo: _Repo = Path(),
        start: _Start = "",
        python: _Python = None,
        files: _Files = None,
        compare: _Compare = "",
        repeat: _Repeat = 1,
        since: _Since = "",
        least: _Least = False,
        unconfined: _Unconfined = False,
        as_yaml: _Yaml = False,
        as_json: _Json = False,
    ) -> None:
        """Run a script with the code of a commit, and print what people would have seen.

        Exit code 1: a user got an error, or answers differ. Exit code 2: the script cannot run.

        Example: theseus rehearse --commit HEAD~1 --script poll.yaml --compare HEAD
        """
        _require_single(
            {"--compare": compare, "--repeat": repeat > 1, "--since": since, "--least": least}
        )
        _require_single({"--yaml": as_yaml, "--json": as_json})
        wanted, repository = read_script(script) if script else None, Repository.open(repo)
        commits = [repository.find_commit("--commit", commit)]
        if compare:
            commits = repository.sort_by_history(
                commits[0], repository.find_commit("--compare", compare)
            )
        if objection := find_objection(repository, commits[-1]):
            raise RehearsalError(objection)
        sandboxes = Sandboxes(repository, unconfined=unconfined)
        bot = None
        options = ForeignOptions(start, python, files)
        if options.is_named or not is_theseus(repository, commits[-1]):
            bot = find_foreign_bot(repository, commits, options)
        if script is None or wanted is None:
            run_each_command(repository, commits, bot, sandboxes, output, as_json=as_json)
            return
        if bot is None:
            _refuse_unknown_cogs(repository, wanted, commits, script)
        build = partial(open_rehearsal, sandboxes, bot)
        work = _Work(repository, wanted, output, build, as_json=as_json)
        if since:
            work.search_change(repository.list_commits_since(since, commits[0]))
        elif least:
            work.search_least(commits[0])
        else:
            work.run(commits, repeat, as_yaml=as_yaml)

    return rehearse


def _require_single(options: Mapping[str, object]) -> None:
    named = [option for option, value in options.items() if value]
    if len(named) > 1:
        raise RehearsalError(f"{' and '.join(named)}: use only one of them.")


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


class _Work:
    """What the command does once its arguments are known to be right."""

    def __init__(
        self,
        repository: Repository,
        script: Script,
        output: CommandOutput,
        build_rehearsal: Callable[[], Awaitable[Rehearsal]],
        *,
        as_json: bool,
    ) -> None:
        self._repository = repository
        self._script = script
        self._output = output
        self._build_rehearsal = build_rehearsal
        self._as_json = as_json

    def run(self, commits: Sequence[str], repeat: int, *, as_yaml: bool) -> None:
        """Run the script with one or two commits and print the result."""
        done = asyncio.run(self._rehearse(commits, repeat))
        if done.is_unstartable:
            raise RehearsalError(f"cannot be replayed: {done.transcripts[0].trouble.rstrip('.')}.")
        if self._as_json:
            self._output.print_json(build_data(done))
        else:
            for line in render_yaml(done) if as_yaml else render_lines(done):
                self._output.say(line)
        if not done.fine:
            raise typer.Exit(1)

    async def _rehearse(self, commits: Sequence[str], repeat: int) -> RehearsalResult:
        async with AsyncExitStack() as stack:
            rehearsal = await self._build_rehearsal()
            folders = [
                await stack.enter_async_context(self._repository.open_tree(each))
                for each in commits
            ]
            pairs = [*zip(commits, folders, strict=True)]
            with self._output.show_progress("runs") as on_progress:
                counted = CountedRehearsal(rehearsal, on_progress, count_runs(len(pairs), repeat))
                return await rehearse_commits(counted, self._script, pairs, repeat)

    def search_change(self, commits: Sequence[str]) -> None:
        """Print which commit changed the answer to the last step; exit with code 1 if one did."""

        async def search() -> AnswerSearch:
            rehearsal = await self._build_rehearsal()
            with self._output.show_progress("commits run") as on_progress:
                counted = CountedRehearsal(rehearsal, on_progress, None)
                return await find_change(counted, self._repository.open_tree, self._script, commits)

        found = asyncio.run(search())
        if self._as_json:
            data = {
                "changed": found.changed and found.changed._asdict(),
                "first": found.first or None,
                "why_not": found.why_not or None,
            }
            self._output.print_json({"commits": len(commits), **data})
        else:
            self._output.say(self._describe_search(found, len(commits)))
        if found.changed or found.why_not:
            raise typer.Exit(1)

    def _describe_search(self, found: AnswerSearch, commits: int) -> str:
        """Return one sentence about the result of a search through commits."""
        step, get_subject = describe_step(self._script.steps[-1]), self._repository.get_subject
        count = f"({found.runs} of {commits} commits were run)"
        if found.changed:
            text = found.changed.describe(step, get_subject(found.changed.after))
            return f"{text[0].upper()}{text[1:]} {count}."
        if found.first:
            since = f"`{found.first[:7]}` ({get_subject(found.first)})"
            same = f"The answer to `{step}` is the same since {since}"
            return f"{same}; before, {found.why_not} {count}."
        if found.why_not:
            return f"`{step}` has no answer: {found.why_not}"
        return f"The answer is the same in all commits {count}."

    def search_least(self, commit: str) -> None:
        """Print the shortest script that fails in the same way; then exit with code 1."""

        async def search() -> tuple[ScriptFailure, Reduced[ScriptStep]] | None:
            async with self._repository.open_tree(commit) as tree:
                rehearsal = await self._build_rehearsal()
                with self._output.show_progress("runs") as on_progress:
                    counted = CountedRehearsal(rehearsal, on_progress, None)
                    return await find_least(counted, tree, self._script)

        failure, least = asyncio.run(search()) or (None, None)
        self._print_least(failure, least)
        if failure:
            raise typer.Exit(1)

    def _print_least(
        self, failure: ScriptFailure | None, least: Reduced[ScriptStep] | None
    ) -> None:
        steps = least.remaining if least else ()
        data = dump_script(self._script.replace(steps=steps)) if steps else None
        if self._as_json:
            description = failure.description if failure else None
            minimal = bool(least and least.minimal)
            self._output.print_json({"script": data, "minimal": minimal, "failure": description})
        elif failure is None or least is None:
            self._output.say("No errors, and every step has an answer.")
        elif data is None:
            self._output.say(f"It fails before any step: {failure.description}")
        else:
            self._output.say(write_yaml(data).rstrip())
            left = f"{len(steps)} of {len(self._script.steps)} steps are left"
            reason = " ".join(failure.description.split())
            self._output.say(f"# {left}, after {least.run_count} runs: {reason}")
