"""Checks whether a commit of a bot that is not built on Theseus starts."""

import asyncio
from dataclasses import dataclass

from theseus_rehearsal.ports.rehearsal import Rehearsal, run_script
from theseus_rehearsal.records import Script, Transcript

from bot.domain.change import CheckResult
from bot.domain.errors import RehearsalError, WorkspaceError
from bot.ports.clock import Clock
from bot.ports.trees import CommitTrees
from bot.self_improvement.checks.start_check import StartStatus, build_start_result

PATIENCE = 600.0
"""Seconds that all starts of one check may take; each also has its own limit."""
_LONGEST = 300
_State = tuple[StartStatus, str]


@dataclass(frozen=True, eq=False)
class ForeignStartCheck:
    """Implements `CommitCheck`: starts the bot by its own start, against a local Discord.

    Many bots cannot start away from their services. That is said, and speaks against no change: it
    fails only if base starts here and the changed code does not.
    """

    rehearsal: Rehearsal
    trees: CommitTrees
    clock: Clock

    async def __call__(self, head: str, base: str, *, fresh: bool = False) -> CheckResult:
        """Return whether `head` starts; it is skipped, with the reason, if base does not.

        Every start is a fresh one.
        """
        began = self.clock.monotonic()
        status: StartStatus
        try:
            async with asyncio.timeout(PATIENCE):
                status, summary = await self._check(head, base)
        except (RehearsalError, WorkspaceError) as error:
            status, summary = "skipped", f"not checked: {error}"
        except TimeoutError:
            status, summary = "skipped", f"not checked: it took longer than {PATIENCE:.0f} s"
        return build_start_result(status, summary, self.clock.monotonic() - began)

    async def _check(self, head: str, base: str) -> _State:
        first = await self._start(head)
        fault = _find_fault(first)
        if not fault:
            return "passed", f"{len(first.offers)} commands"
        before = _find_fault(await self._start(base))
        if before:
            return "skipped", f"not checked: base does not start here either: {before}"
        again = _find_fault(await self._start(head))
        return ("failed", again) if again else ("passed", "it starts")

    async def _start(self, commit: str) -> Transcript:
        async with self.trees.open_tree(commit) as tree:
            return await run_script(self.rehearsal, tree, Script(steps=()))


def _find_fault(started: Transcript) -> str:
    """Return why a bot did not start as it should; empty if it did."""
    errors = started.started.errors if started.started else ()
    text = started.trouble
    if not text and errors:
        text = f"`{errors[0].event}` fails at the start: {errors[0].error}: {errors[0].message}"
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else f"{flat[: _LONGEST - 1]}…"
