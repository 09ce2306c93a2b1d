"""Whether a commit starts: the whole bot is played once, with every cog, as in production."""

import asyncio
from pathlib import Path
from typing import Literal, NamedTuple

from bot.domain.change import STARTS, CheckResult
from bot.domain.errors import RehearsalError, WorkspaceError
from bot.domain.rehearsal import (
    Actor,
    CommandStep,
    PlayedStep,
    SayStep,
    Script,
    ScriptWorld,
    Transcript,
)
from bot.ports.clock import Clock
from bot.ports.rehearsal import Rehearsal, run_script
from bot.ports.trees import CommitTrees
from bot.redaction import redact

PATIENCE = 900.0
"""Seconds on the clock that all plays of one look may take: each play is limited by itself."""

_ASKED = "@Theseus what is broken now?"  # answered from records, with a model and without
_SCRIPT = Script(
    world=ScriptWorld(people=(Actor(name="alice", roles=("developers",)),)),
    steps=(CommandStep(command="health"), SayStep(say=_ASKED)),
)
_BOT = "bot"  # among the faults: nothing of it starts
_LOADS = "reload."  # what the journal calls a cog that was to be loaded
_LONGEST, _MOST = 300, 3

_ExitState = tuple[Literal["passed", "failed", "skipped", "undecided"], str]


class _Start(NamedTuple):
    """What came of a start: what went wrong, by what it is about, and how many commands it has."""

    faults: dict[str, str]
    commands: int = 0


class StartCheck:
    """Plays the whole bot of a commit: it connects, registers its commands, and answers.

    It is asked by `/health`, and in words.
    """

    def __init__(self, rehearsal: Rehearsal, trees: CommitTrees, clock: Clock) -> None:
        self._rehearsal = rehearsal
        self._trees = trees
        self._clock = clock

    async def __call__(self, head: str, base: str) -> CheckResult:
        """Return whether `head` starts, in a sentence that names cog and error where it does not.

        It is red only for what fails twice, and does not fail on `base`, which is played between.
        Skipped, with why: nothing can be played on this machine, or there is nothing to start.
        Undecided, which holds up a merge: base does not start either, or a play did not end.
        """
        began = self._clock.get_monotonic_time()
        try:
            async with asyncio.timeout(PATIENCE):
                status, told = await self._check(head, base)
        except (RehearsalError, WorkspaceError) as error:
            status = "skipped" if self._rehearsal.refusal else "undecided"
            told = f"not played: {error}"
        except TimeoutError:
            status, told = "undecided", f"not played: it took longer than {PATIENCE:.0f} s"
        told = redact(told)
        return CheckResult(
            name=STARTS,
            status=status,
            seconds=max(0.0, self._clock.get_monotonic_time() - began),
            summary=told,
            output=told if status == "failed" else "",
        )

    async def _check(self, head: str, base: str) -> _ExitState:
        first = await self._start_commit(head)
        if first is None:
            return "skipped", "there is no `bot/app` in it that could be run"
        if not first.faults:
            return "passed", _format_success(first)
        # In turns, not at once: together they would take the machine from each other.
        before = await self._start_commit(base) or _Start({})
        again = await self._start_commit(head) or first
        lasting = {about: told for about, told in first.faults.items() if about in again.faults}
        if not lasting:
            return "passed", _format_success(again)
        if _BOT in before.faults:
            return "undecided", f"base does not start either: {before.faults[_BOT]}"
        new = [told for about, told in lasting.items() if about not in before.faults]
        if new:
            return "failed", "; ".join(new[:_MOST])
        return "skipped", f"as on base: {'; '.join([*lasting.values()][:_MOST])}"

    async def _start_commit(self, commit: str) -> _Start | None:
        """Return what came of a start; `None` where a commit has no bot of this kind."""
        async with self._trees.open_tree(commit) as tree:
            if not (tree / "bot" / "app").is_dir():
                return None
            return _parse_start(await self._run_script(tree))

    async def _run_script(self, tree: Path) -> Transcript:
        return await run_script(self._rehearsal, tree, _SCRIPT)


def _parse_start(transcript: Transcript) -> _Start:
    """Return what went wrong; a cog that does not load is told of before all else."""
    errors = transcript.started.errors if transcript.started else ()
    cogs, others = dict[str, str](), dict[str, str]()
    for each in errors:
        told = _shorten(f"{each.error}: {each.message}" if each.message else each.error)
        if each.event.startswith(_LOADS):
            name = each.event.removeprefix(_LOADS)
            cogs[name] = f"`{name}` does not load: {told}"
        else:
            others[f"{each.event} {each.error}"] = f"`{each.event}` fails at the start: {told}"
    if transcript.trouble and not cogs:
        return _Start({_BOT: f"the bot does not start: {_shorten(transcript.trouble)}"})
    if not transcript.commands:
        others["commands"] = "it registers no commands"
    elif transcript.steps and (why := _find_health_problem(transcript.steps[0])):
        others["health"] = f"`/health` {why}"
    elif len(transcript.steps) > 1 and (why := _find_health_problem(transcript.steps[1])):
        others["words"] = f"“{_ASKED}” {why}"
    return _Start(cogs | others, len(transcript.commands))


def _find_health_problem(step: PlayedStep) -> str:
    """Return what is wrong with the answer to what it was asked."""
    if step.errors:
        return f"fails: {_shorten(f'{step.errors[0].error}: {step.errors[0].message}')}"
    if step.refused:
        return f"cannot be used: {_shorten(step.refused)}"
    return "" if step.seen and not step.unanswered else "gets no answer"


def _format_success(start: _Start) -> str:
    return f"{start.commands} commands, `/health` answers"


def _shorten(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else f"{flat[: _LONGEST - 1]}…"
