"""Replays failures of a bot that is not built on Theseus, from its journal."""

import asyncio
import re

from theseus_guard.syntax import evaluate_literal
from theseus_observe.redaction import redact
from theseus_rehearsal.ports.rehearsal import ScriptRunner
from theseus_rehearsal.records import (
    BotCommand,
    CommandStep,
    Option,
    SayStep,
    Script,
    ScriptStep,
)
from theseus_rehearsal.replays import find_failing_steps
from theseus_rehearsal.scripts import describe_step

from bot.domain.errors import RehearsalError, WorkspaceError
from bot.domain.incorrect_output import AnswerExample
from bot.domain.journal import Action, FailureGroup, Kind
from bot.domain.replay import Replay
from bot.self_improvement.checks.failure_replays import (
    PATIENCE,
    FailureReplays,
    ReplaySearch,
    build_expected_error,
)

_LONGEST_COMMAND = 80
_TIMES = 2  # it has to fail each time, so that chance proves nothing
_PLAIN = re.compile(r"[^\s\"'`\\]+")


class ForeignReplays(FailureReplays):
    """Repeats the failing command with the inputs that the journal has of it.

    Other actions than commands are not replayed: the journal does not say what came before them.
    """

    async def find(self, group: FailureGroup, base: str) -> ReplaySearch:
        """Return a script whose last step fails on `base` as the command failed."""
        if group.newest.kind is not Kind.COMMAND or group.newest.error is None:
            return ReplaySearch(unplayed="only commands are replayed, and this is none")
        try:
            async with (
                asyncio.timeout(PATIENCE),
                self.trees.open_tree(base) as tree,
                self.rehearsal.open(tree) as runner,
            ):
                return await self._find(group, runner)
        except (RehearsalError, WorkspaceError) as error:
            return ReplaySearch(unplayed=redact(str(error)))
        except TimeoutError:
            return ReplaySearch(unplayed=f"the replays took longer than {PATIENCE:.0f} s")

    async def answer(self, example: AnswerExample, commit: str, base: str) -> Replay | None:
        """Return `None`: what other bots answered is not recorded."""
        return None

    async def add_files(self, replay: Replay) -> Script:
        """Return the script, which needs no other files than the target's own."""
        return replay.script

    async def _find(self, group: FailureGroup, runner: ScriptRunner) -> ReplaySearch:
        started = await runner.run(Script(steps=()))
        if started.trouble:
            return ReplaySearch(unplayed=f"the bot does not start here: {redact(started.trouble)}")
        action, capsule = group.newest, group.newest.error
        steps = [
            step
            for each in started.offers
            if (step := build_command_step(each, action)) is not None
        ]
        if not steps or capsule is None:
            return ReplaySearch(unplayed=f"the bot has no command {action.name} here")
        wanted = build_expected_error(action.event, capsule)
        for step in steps:
            script = Script(steps=(step,))
            runs = [await runner.run(script) for _ in range(_TIMES)]
            if all(find_failing_steps(run, wanted) for run in runs):
                return ReplaySearch(
                    Replay(
                        script=script,
                        wanted=wanted,
                        fingerprint=group.fingerprint,
                        asked=redact(describe_step(step))[:_LONGEST_COMMAND],
                        replay_count=len(runs) + 1,
                    )
                )
        return ReplaySearch(unplayed=f"{action.name} does not fail here as it failed for people")


def build_command_step(command: BotCommand, action: Action) -> ScriptStep | None:
    """Return the step that repeats an action; `None` if the command is another one."""
    capsule = action.error
    inputs = capsule.inputs if capsule is not None else {}
    values = {name: _read_value(text) for name, text in inputs.items()}
    if command.kind == "slash":
        if command.text != action.name:
            return None
        options = {name: value for name, value in values.items() if value is not None}
        return CommandStep(command=command.text, options=options)
    if not command.text.endswith(action.name):
        return None
    words = [_quote(value) for value in values.values() if value is not None]
    return SayStep(say=" ".join([command.text, *words]))


def _read_value(text: str) -> Option | None:
    """Return a recorded input as what a person types; `None` if no one can type it."""
    try:
        value = evaluate_literal(text)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return text or None
    return value if isinstance(value, str | int | float | bool) else None


def _quote(value: Option) -> str:
    text = str(value)
    if _PLAIN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
