"""Runs each command of a bot once, to see how many of them can be replayed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.ports.rehearsal import Rehearsal, ScriptRunner
from theseus_rehearsal.records import (
    BotCommand,
    CommandStep,
    PlayedStep,
    SayStep,
    Script,
    ScriptStep,
    Transcript,
    WaitStep,
)
from theseus_rehearsal.visible_lines import list_step_lines

Outcome = Literal["answered", "ran", "refused", "failed", "outside", "silent", "ended"]
_PERSON = "owner"
_PAUSE = 5.0
_RESTARTS_AT_MOST = 40
# discord.py's errors of a bot's own rules: on Discord, the command would be refused as well.
_RULES = (
    "CheckFailure", "CheckAnyFailure", "PrivateMessageOnly", "NoPrivateMessage", "NotOwner",
    "MissingPermissions", "BotMissingPermissions", "MissingRole", "MissingAnyRole",
    "NSFWChannelRequired", "CommandOnCooldown", "MaxConcurrencyReached", "DisabledCommand",
    "MissingRequiredArgument", "BadArgument", "UserInputError",
)  # fmt: skip


class CommandRun(NamedTuple):
    """How a command went.

    `answered`: people saw something. `ran`: its code ran to its end, and people saw nothing.
    `refused`: a rule of the bot forbade it. `failed`: its code raised an error. `outside`: it
    wanted a place in the network. `silent`: nothing happened. `ended`: the bot ended.
    """

    command: BotCommand
    outcome: Outcome
    detail: str = ""

    @property
    def is_replayed(self) -> bool:
        """True if the command did here what it does on Discord. Some are there to end the bot."""
        if self.outcome == "ended":
            return self.detail.startswith(("it ended by itself", "it exited"))
        return self.outcome in ("answered", "ran", "refused", "failed")


@dataclass(frozen=True)
class Counts:
    """How many commands a bot has, were run, need an outside service, and can be replayed.

    `failed` of the replayed ones raise an error: perhaps because of the stand-in values.
    """

    commands: int
    run: int
    outside: int
    replayed: int
    failed: int

    @property
    def percent(self) -> int:
        """The share of the commands without outside services that can be replayed."""
        inside = self.run - self.outside
        return 100 * self.replayed // inside if inside else 0


class Coverage(NamedTuple):
    """The commands that were run, and those that were not because they need options."""

    runs: tuple[CommandRun, ...]
    needing: tuple[BotCommand, ...]

    @property
    def counts(self) -> Counts:
        """The numbers."""
        outside = sum(run.outcome == "outside" for run in self.runs)
        replayed = sum(run.is_replayed for run in self.runs)
        failed = sum(run.outcome == "failed" for run in self.runs)
        total = len(self.runs) + len(self.needing)
        return Counts(total, len(self.runs), outside, replayed, failed)


async def try_each_command(rehearsal: Rehearsal, tree: Path) -> Coverage:
    """Run each command once that needs no options, as the owner of the server.

    Raises `RehearsalError` with the reason if the bot does not start.
    """
    async with rehearsal.open(tree) as runner:
        first = await runner.run(_build_script([]))
        if first.trouble:
            raise RehearsalError(f"cannot be replayed: {first.trouble.rstrip('.')}.")
        needing = tuple(command for command in first.offers if command.needs)
        free = [command for command in first.offers if not command.needs]
        return Coverage(tuple(await _run_all(runner, free)), needing)


async def _run_all(runner: ScriptRunner, commands: Sequence[BotCommand]) -> list[CommandRun]:
    """Run the commands in one script, and the rest in another one if the bot ends in between."""
    runs: list[CommandRun] = []
    for _ in range(_RESTARTS_AT_MOST):
        rest = commands[len(runs) :]
        if not rest:
            break
        runs += _judge(rest, await runner.run(_build_script(rest)))
    runs += [CommandRun(each, "ended", "the bot ended too often") for each in commands[len(runs) :]]
    return runs


def _build_script(commands: Sequence[BotCommand]) -> Script:
    """Return a script of the commands, with a pause after each."""
    world = Script(steps=()).world
    people = (*world.people, world.people[0].replace(name=_PERSON))
    pause = WaitStep(wait=_PAUSE)
    steps = [pause, *(step for command in commands for step in (_build_step(command), pause))]
    return Script(world=world.replace(people=people), steps=tuple(steps))


def _build_step(command: BotCommand) -> ScriptStep:
    if command.kind == "slash":
        return CommandStep(command=command.text, by=_PERSON)
    return SayStep(say=command.text, by=_PERSON)


def _judge(commands: Sequence[BotCommand], transcript: Transcript) -> list[CommandRun]:
    """Return how the commands went that a script reached: at least the first."""
    played = transcript.steps[1:]
    runs = []
    for at, command in enumerate(commands):
        steps = played[2 * at : 2 * at + 2]
        is_last = transcript.trouble and len(played) <= 2 * at + 2
        if steps:
            runs.append(_judge_step(command, steps))
        if is_last or not steps:
            if not runs or (is_last and runs[-1].outcome in ("silent", "ran")):
                runs[-1:] = [CommandRun(command, "ended", transcript.trouble)]
            break
    return runs


def _judge_step(command: BotCommand, steps: Sequence[PlayedStep]) -> CommandRun:
    step = steps[0]
    errors = [error for each in steps for error in each.errors]
    wanted = [place for each in steps for place in each.wanted]
    lines = [line for each in steps for line in list_step_lines(each) if "⚠" not in line]
    if step.refused:
        return CommandRun(command, "silent", step.refused)
    if wanted:
        return CommandRun(command, "outside", ", ".join(dict.fromkeys(wanted)))
    if errors and errors[0].error.rpartition(".")[2] in _RULES:
        return CommandRun(command, "refused", f"{errors[0].error}: {errors[0].message}")
    if errors:
        where = f" at {errors[0].at}" if errors[0].at else ""
        return CommandRun(command, "failed", f"{errors[0].error}{where}: {errors[0].message}")
    if step.unanswered:
        return CommandRun(command, "silent", "the bot did not answer")
    if lines:
        return CommandRun(command, "answered", lines[0])
    if any(event.startswith("command.") for each in steps for event in each.ran):
        return CommandRun(command, "ran")
    return CommandRun(command, "silent")
