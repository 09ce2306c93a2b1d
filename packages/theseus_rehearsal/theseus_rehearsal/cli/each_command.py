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
from theseus_rehearsal.records import BotCommand

_NAME, _TEXT = 50, 60


def run_each_command(bot: CommitBot, output: CommandOutput, *, as_json: bool) -> None:
    """Run each command of the bot once, and print how many can be replayed.

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
        "commands": [_build_run(run) for run in coverage.runs],
        "presses": [{"does": step, **_build_run(run)} for step, run in coverage.presses],
        "no_values": [command.text for command in coverage.needing],
        "intents": list(coverage.intents),
        "counts": asdict(coverage.counts),
    }


def _build_run(run: CommandRun) -> dict[str, Any]:
    command = run.command.model_dump(mode="json")
    return {**command, "outcome": run.outcome, "detail": run.detail}


def _render(coverage: Coverage) -> Iterator[str]:
    """Yield a line for each command, and the share that can be replayed."""
    lines = [(_name(run.command), run) for run in coverage.runs]
    lines += [(f"{_name(run.command)}: {step}", run) for step, run in coverage.presses]
    width = min(_NAME, max((len(name) for name, _ in lines), default=0))
    for name, run in lines:
        cells = f"{_cut(name, _NAME):<{width}}  {run.outcome:<8}  {_cut(run.detail, _TEXT)}"
        yield cells.rstrip()
    if coverage.needing:
        names = ", ".join(_name(command) for command in coverage.needing)
        yield f"Not run, because there are no values for their options: {names}."
    if coverage.intents:
        yield (
            f"It asks for privileged intents ({', '.join(coverage.intents)}): enable them in the "
            "developer portal, on the bot's page, or it cannot log in to Discord."
        )
    counts = coverage.counts
    inside, failing = counts.run - counts.outside, counts.failed
    errors = "1 of these raises an error" if failing == 1 else f"{failing} of these raise an error"
    yield (
        f"{_count(counts.commands, 'command')}, {counts.run} run. {counts.outside} need an outside "
        f"service. {counts.replayed} of the other {inside} ({counts.percent} %) can be replayed; "
        f"{errors}."
    )
    if coverage.presses:
        done = sum(run.is_replayed for _, run in coverage.presses)
        total = _count(len(coverage.presses), "button, menu or form", "buttons, menus and forms")
        yield f"{total} in their answers tried; {done} answered."


def _cut(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def _name(command: BotCommand) -> str:
    """Return a command as people see it."""
    if command.kind == "slash":
        return f"/{command.text}"
    return command.text if command.kind == "typed" else f"menu “{command.text}”"
