"""The work of the command `rehearse`, once its arguments are known to be right."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

import typer

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
from theseus_rehearsal.scripts import describe_step, dump_script
from theseus_rehearsal.yaml_text import write_yaml


class RehearsalWork:
    """Runs a script with some commits of a repository, and prints the result."""

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
        if reason := done.unstartable:
            raise RehearsalError(f"cannot be replayed: {reason}.")
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
