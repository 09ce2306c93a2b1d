"""Checks whether a commit starts: the complete bot runs once with every cog, as in production."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from theseus_observe.redaction import redact
from theseus_rehearsal.ports.rehearsal import Rehearsal, run_script
from theseus_rehearsal.records import (
    Actor,
    CommandStep,
    PlayedStep,
    SayStep,
    Script,
    ScriptWorld,
    Transcript,
)

from bot.domain.change import STARTS, CheckResult
from bot.domain.errors import RehearsalError, WorkspaceError
from bot.infra.current_work import name_work
from bot.ports.clock import Clock
from bot.ports.trees import CommitTrees
from bot.self_improvement.checks.replay_results import ReplayResults

PATIENCE = 900.0
"""Seconds that all starts of one check may take; each also has its own limit."""

_ASKED = "@Theseus what is broken now?"  # answered from records, so it needs no model
_SCRIPT = Script(
    world=ScriptWorld(people=(Actor(name="alice", roles=("developers",)),)),
    steps=(CommandStep(command="health"), SayStep(say=_ASKED)),
)
_BOT = "bot"  # key of the fault that the bot does not start at all
_LOADS = "reload."  # the journal's event prefix for loading a cog
_LONGEST, _MOST = 300, 3

StartStatus = Literal["passed", "failed", "skipped", "undecided"]
_ExitState = tuple[StartStatus, str]


def build_start_result(status: StartStatus, summary: str, seconds: float) -> CheckResult:
    """Return the result of a start check, redacted; a failure has its summary as output."""
    clean = redact(summary)
    output = clean if status == "failed" else ""
    return CheckResult(
        name=STARTS, status=status, seconds=max(0.0, seconds), summary=clean, output=output
    )


class CommitCheck(Protocol):
    """Checks a commit by running its bot."""

    async def __call__(self, head: str, base: str, *, fresh: bool = False) -> CheckResult:
        """Return whether `head` starts, as far as that can be known; see the result's status.

        If a `fresh` start is wanted, no earlier result with the same files is used.
        """
        ...


class _Start(NamedTuple):
    """The result of a start: faults by subject, and the number of registered commands."""

    faults: dict[str, str]
    commands: int = 0


@dataclass(frozen=True, eq=False)
class StartCheck:
    """Starts the complete bot of a commit: it connects, registers its commands, and answers.

    It is asked `/health`, and a question in natural language.
    """

    rehearsal: Rehearsal
    trees: CommitTrees
    clock: Clock
    _known: ReplayResults[CheckResult] = field(
        init=False,
        default_factory=lambda: ReplayResults(lambda result: result.status in ("passed", "failed")),
    )

    async def __call__(self, head: str, base: str, *, fresh: bool = False) -> CheckResult:
        """Return whether `head` starts; the summary names the cog and error if it does not.

        Commits with the same files are started once, unless a `fresh` start is wanted.

        It fails only for faults that occur twice and not on `base`, which is started in between. It
        is skipped, with the reason, if this machine cannot run it or there is nothing to start. It
        is undecided, which holds up a merge, if base does not start either or a run did not end.
        """
        if fresh:
            return await self._run(head, base)
        try:
            return await self._known.find_or_run(
                self.trees, (head, base), STARTS, lambda: self._run(head, base)
            )
        except WorkspaceError as error:
            summary = redact(f"not run: {error}")
            return CheckResult(name=STARTS, status="undecided", seconds=0.0, summary=summary)

    async def _run(self, head: str, base: str) -> CheckResult:
        began = self.clock.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                with name_work("a start of the complete bot"):
                    status, summary = await self._check(head, base)
        except (RehearsalError, WorkspaceError) as error:
            status = "skipped" if self.rehearsal.refusal else "undecided"
            summary = f"not run: {error}"
        except TimeoutError:
            status, summary = "undecided", f"not run: it took longer than {PATIENCE:.0f} s"
        return build_start_result(status, summary, self.clock.monotonic() - began)

    async def _check(self, head: str, base: str) -> _ExitState:
        first = await self._start_commit(head)
        if first is None:
            return "skipped", "there is no `bot/app` in it that could be run"
        if not first.faults:
            return "passed", _format_success(first)
        # One after the other: at the same time they would slow each other down.
        before = await self._start_commit(base) or _Start({})
        repeated = await self._start_commit(head) or first
        repeated_faults = {
            about: fault for about, fault in first.faults.items() if about in repeated.faults
        }
        if not repeated_faults:
            return "passed", _format_success(repeated)
        if _BOT in before.faults:
            return "undecided", f"base does not start either: {before.faults[_BOT]}"
        new_faults = [
            fault for about, fault in repeated_faults.items() if about not in before.faults
        ]
        if new_faults:
            return "failed", "; ".join(new_faults[:_MOST])
        return "skipped", f"as on base: {'; '.join([*repeated_faults.values()][:_MOST])}"

    async def _start_commit(self, commit: str) -> _Start | None:
        """Return the result of a start; `None` if the commit has no bot of this kind."""
        async with self.trees.open_tree(commit) as tree:
            if not (tree / "bot" / "app").is_dir():
                return None
            return _parse_start(await self._run_script(tree))

    async def _run_script(self, tree: Path) -> Transcript:
        return await run_script(self.rehearsal, tree, _SCRIPT)


def _parse_start(transcript: Transcript) -> _Start:
    """Return the faults; cogs that do not load come first."""
    errors = transcript.started.errors if transcript.started else ()
    cogs, others = dict[str, str](), dict[str, str]()
    for each in errors:
        error_text = _shorten(f"{each.error}: {each.message}" if each.message else each.error)
        if each.event.startswith(_LOADS):
            name = each.event.removeprefix(_LOADS)
            cogs[name] = f"`{name}` does not load: {error_text}"
        else:
            others[f"{each.event} {each.error}"] = (
                f"`{each.event}` fails at the start: {error_text}"
            )
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
    """Return what is wrong with the answer to a question; empty if it is right."""
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
