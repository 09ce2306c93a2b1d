"""Runs each command of a bot once, to see how many of them can be replayed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.foreign.explored_commands import (
    build_script,
    build_steps,
    get_person,
    is_usable,
    iterate_follow_ups,
)
from theseus_rehearsal.ports.rehearsal import Rehearsal, ScriptRunner
from theseus_rehearsal.records import BotCommand, PlayedStep, ScriptStep, Transcript
from theseus_rehearsal.scripts import describe_step
from theseus_rehearsal.visible_lines import list_step_lines

Outcome = Literal["answered", "ran", "refused", "failed", "outside", "silent", "ended"]
_MOST_LAYERS = 2
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
    """The commands that were run, what their answers offered, and what could not be run.

    `presses` are the buttons, menus and forms in answers, with how they went. `needing` are the
    commands for whose options there is no harmless value. `intents` are the privileged ones that
    the bot asks Discord for.
    """

    runs: tuple[CommandRun, ...]
    presses: tuple[tuple[str, CommandRun], ...]
    needing: tuple[BotCommand, ...]
    intents: tuple[str, ...]

    @property
    def counts(self) -> Counts:
        """The numbers of the commands."""
        outside = sum(run.outcome == "outside" for run in self.runs)
        replayed = sum(run.is_replayed for run in self.runs)
        failed = sum(run.outcome == "failed" for run in self.runs)
        total = len(self.runs) + len(self.needing)
        return Counts(total, len(self.runs), outside, replayed, failed)


class _Attempt(NamedTuple):
    """Some steps that belong to a command; how the last of them goes is of interest."""

    command: BotCommand
    steps: tuple[ScriptStep, ...]


class _Played(NamedTuple):
    """How an attempt went, and its last step with the pause after it."""

    run: CommandRun
    last: tuple[PlayedStep, ...]


async def try_each_command(rehearsal: Rehearsal, tree: Path) -> Coverage:
    """Run each command once, as the owner of the server, and press what the answers show.

    Options that are needed get harmless values. Raises `RehearsalError` with the reason if the bot
    does not start.
    """
    async with rehearsal.open(tree) as runner:
        first = await runner.run(build_script([], 1))
        if first.trouble:
            raise RehearsalError(f"cannot be replayed: {first.trouble.rstrip('.')}.")
        needing = tuple(command for command in first.offers if not is_usable(command))
        usable = [command for command in first.offers if is_usable(command)]
        attempts = [
            _Attempt(each, build_steps(each, get_person(at))) for at, each in enumerate(usable)
        ]
        played = await _run_all(runner, attempts, len(usable))
        await _repeat_silent(runner, attempts, played)
        runs = tuple(each.run for each in played)
        presses: list[tuple[str, CommandRun]] = []
        for _ in range(_MOST_LAYERS):
            attempts = list(_follow(attempts, played))
            played = await _run_all(runner, attempts, len(usable))
            presses += [
                (describe_step(attempt.steps[-1]), each.run)
                for attempt, each in zip(attempts, played, strict=True)
            ]
        return Coverage(runs, tuple(presses), needing, first.intents)


def _follow(attempts: Sequence[_Attempt], played: Sequence[_Played]) -> Iterator[_Attempt]:
    """Yield each attempt again, with one more step: something that its answer offered."""
    for attempt, done in zip(attempts, played, strict=True):
        for step in iterate_follow_ups(done.last):
            yield _Attempt(attempt.command, (*attempt.steps, step))


async def _repeat_silent(
    runner: ScriptRunner, attempts: Sequence[_Attempt], played: list[_Played]
) -> None:
    """Run silent commands again without the others: one of them may have changed the prefix."""
    silent = [at for at, each in enumerate(played) if each.run.outcome == "silent"]
    again = await _run_all(runner, [attempts[at] for at in silent], len(attempts))
    for at, each in zip(silent, again, strict=True):
        played[at] = each


async def _run_all(
    runner: ScriptRunner, attempts: Sequence[_Attempt], people: int
) -> list[_Played]:
    """Run the attempts in one script, and the rest in another one if the bot ends in between."""
    played: list[_Played] = []
    for _ in range(_RESTARTS_AT_MOST):
        rest = attempts[len(played) :]
        if not rest:
            break
        script = build_script([each.steps for each in rest], people)
        played += _judge(rest, await runner.run(script))
    ended = "the bot ended too often"
    lost = attempts[len(played) :]
    return played + [_Played(CommandRun(each.command, "ended", ended), ()) for each in lost]


def _judge(attempts: Sequence[_Attempt], transcript: Transcript) -> list[_Played]:
    """Return how the attempts went that a script reached: at least the first."""
    rest = list(transcript.steps[1:])
    found: list[_Played] = []
    for attempt in attempts:
        length = 2 * len(attempt.steps)
        steps, rest = rest[:length], rest[length:]
        last = tuple(steps[length - 2 :])
        if last:
            found.append(_Played(_judge_step(attempt.command, last), last))
        is_last = transcript.trouble and not rest
        if is_last or not last:
            if not found or (is_last and found[-1].run.outcome in ("silent", "ran")):
                ended = CommandRun(attempt.command, "ended", transcript.trouble)
                found[-1:] = [_Played(ended, last)]
            break
    return found


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
