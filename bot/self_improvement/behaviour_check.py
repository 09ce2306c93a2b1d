"""What a change does to answers people got: base and head play what was asked, and are compared."""

import asyncio
from datetime import timedelta

from bot.domain.behaviour import BehaviourDiff
from bot.domain.brief import Brief
from bot.domain.change import ChangeSet, Finding
from bot.domain.errors import RehearsalError, StoreError, WorkspaceError
from bot.domain.rehearsal import CommandStep, Script
from bot.ports.clock import Clock
from bot.ports.rehearsal import Rehearsal
from bot.ports.traffic import TrafficLog
from bot.ports.trees import CommitTrees
from bot.proof.behaviour_diff import compare, describe_change
from bot.proof.measurement import measure_rounds, select_scripts
from bot.proof.regression_scripts import build_regression_scripts
from bot.proof.scripts import describe_step
from bot.redaction import redact, redact_value

PATIENCE = 900.0
"""Seconds on the clock that all plays of one comparison may take: each is limited by itself."""

_EXAMPLES = 3


class BehaviourCheck:
    """Plays recorded traffic with a change's base and with its head."""

    def __init__(
        self,
        rehearsal: Rehearsal,
        trees: CommitTrees,
        traffic: TrafficLog,
        clock: Clock,
        *,
        lookback: timedelta,
    ) -> None:
        self._rehearsal = rehearsal
        self._trees = trees
        self._traffic = traffic
        self._clock = clock
        self._lookback = lookback

    async def __call__(self, change: ChangeSet) -> BehaviourDiff:
        """Return what changes for people, redacted.

        Where nothing could be played, that says why: a change is not refused for it.
        """
        try:
            scripts = await self._list_scripts(change)
            if not scripts:
                return BehaviourDiff()
            laid_out = self._trees.open_tree
            async with laid_out(change.base) as base, laid_out(change.head) as head:
                async with asyncio.timeout(PATIENCE):
                    found = await compare(self._rehearsal, base, head, scripts)
        except (RehearsalError, StoreError, WorkspaceError) as error:
            return BehaviourDiff(unplayed=redact(str(error)))
        except TimeoutError:
            return BehaviourDiff(unplayed=f"the plays took longer than {PATIENCE:.0f} s")
        return BehaviourDiff.model_validate(redact_value(found.model_dump(mode="json")))

    async def measure_times(self, change: ChangeSet, text: str) -> tuple[tuple[float, float], ...]:
        """Return how long what was recorded takes with base and with head, round by round.

        Of the commands that are spoken of in `said`, where there are any; nothing recorded is no
        round. Raises `RehearsalError`, `StoreError`, `WorkspaceError`, `TimeoutError`.
        """
        scripts = select_scripts(await self._list_scripts(change), text)
        if not scripts:
            return ()
        laid_out, now = self._trees.open_tree, self._clock.get_monotonic_time
        async with laid_out(change.base) as base, laid_out(change.head) as head:
            async with asyncio.timeout(PATIENCE):
                return await measure_rounds(self._rehearsal, base, head, scripts, now)

    async def _list_scripts(self, change: ChangeSet) -> tuple[Script, ...]:
        records = await self._traffic.list_since(self._clock.get_time() - self._lookback)
        return build_regression_scripts(records, [file.path for file in change.files])


def excuse_requested_changes(found: BehaviourDiff, brief: Brief) -> BehaviourDiff:
    """Return a comparison in which answers that a brief wants otherwise count as asked for.

    Those are of the commands whose examples are answered otherwise today. More is not forgiven:
    options and commands that are new leave what was answered before as it is, and so does what
    ships behind a flag: nobody had that on when it was recorded.
    """
    if brief.flag:
        return found
    meant = tuple(
        f"/{step.command} " if isinstance(step, CommandStep) else f"{describe_step(step)} "
        for each in brief.acceptances
        if each.missing == "another answer"
        for step in each.script.steps
    )
    wanted = [
        each for each in found.changes if not each.is_fixed and f"{each.asked} ".startswith(meant)
    ]
    return found.replace(unasked=max(0, found.unasked - len(wanted)))


def build_finding(found: BehaviourDiff | None, *, blocking: bool) -> Finding | None:
    """Return what is to be said of a fix that changes answers which were no failures."""
    if found is None or not found.unasked:
        return None
    examples = [describe_change(each) for each in found.changes if not each.is_fixed]
    message = f"{found.summary}, not only those that failed: {'; '.join(examples[:_EXAMPLES])}"
    return Finding(rule="behaviour", path="", message=message, blocking=blocking)
