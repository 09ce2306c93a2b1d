"""Prints how each command of a bot went that is not built on Theseus."""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import typer

from theseus_rehearsal.cli.commit_bot import CommitBot
from theseus_rehearsal.cli.runs import CommandOutput
from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.foreign.each_command import CommandRun, Coverage, try_each_command

_TEXT = 60


def run_each_command(bot: CommitBot, output: CommandOutput, *, as_json: bool) -> None:
    """Run each command of the bot once that needs no options, and print how many can be replayed.

    Raises `RehearsalError` if the bot does not start.
    """
    if bot.foreign is None:
        raise RehearsalError("--script: name a script. The README has a complete one.")
    coverage = asyncio.run(_try_commands(bot))
    if as_json:
        output.print_json(_build_data(coverage))
    else:
        for line in _render(coverage):
            output.say(line)
    if any(run.outcome == "failed" for run in coverage.runs):
        raise typer.Exit(1)


async def _try_commands(bot: CommitBot) -> Coverage:
    async with bot.repository.open_tree(bot.commits[0]) as tree:
        return await try_each_command(await bot.open_rehearsal(), tree)


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
