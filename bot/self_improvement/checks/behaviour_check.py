"""Compares the output that users get with a change's base and with its head."""

import asyncio
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from theseus_guard.records import Finding
from theseus_observe.redaction import redact, redact_value
from theseus_rehearsal.behaviour import BehaviourDiff
from theseus_rehearsal.behaviour_diff import describe_change
from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.records import CommandStep, SayStep, Script, ScriptStep
from theseus_rehearsal.scripts import describe_step

from bot.domain.brief import Brief
from bot.domain.change import ChangeSet
from bot.domain.errors import RehearsalError, StoreError, WorkspaceError
from bot.domain.queued_work import WorkError
from bot.domain.traffic import TrafficRecord
from bot.infra.current_work import name_work
from bot.ports.clock import Clock
from bot.ports.trees import CommitTrees
from bot.ports.work_queue import WorkQueue
from bot.proof.commit_comparison import compare_commits
from bot.proof.measurement import measure_rounds, select_scripts
from bot.proof.regression_scripts import build_regression_scripts
from bot.self_improvement.checks.replay_results import ReplayResults

PATIENCE = 900.0
"""Seconds that all replays of one comparison may take; each replay also has its own limit."""

_EXAMPLES = 3


class RecentTraffic(Protocol):
    """What people asked lately, as far as it is recorded. Raises `StoreError`."""

    async def list_since(self, at: datetime, *, limit: int = 1_000) -> Sequence[TrafficRecord]:
        """Return the newest records from that time on, of all events, oldest first."""
        ...


class ScriptSource(Protocol):
    """Has what people did as scripts. Raises `StoreError`."""

    async def list_for_change(self, change: ChangeSet) -> tuple[Script, ...]:
        """Return the scripts that a change may affect."""
        ...


@dataclass(frozen=True, eq=False)
class TrafficScripts:
    """Implements `ScriptSource` with recorded traffic, as far back as `lookback`."""

    traffic: RecentTraffic
    clock: Clock
    _: KW_ONLY
    lookback: timedelta

    async def list_for_change(self, change: ChangeSet) -> tuple[Script, ...]:
        """Return the scripts that a change may affect."""
        records = await self.traffic.list_since(self.clock.now() - self.lookback)
        return build_regression_scripts(records, [file.path for file in change.files])


@dataclass(frozen=True, eq=False)
class BehaviourCheck:
    """Replays what people did with a change's base and with its head."""

    rehearsal: Rehearsal
    trees: CommitTrees
    scripts: ScriptSource
    clock: Clock
    work: WorkQueue
    _known: ReplayResults[BehaviourDiff] = field(
        init=False,
        default_factory=lambda: ReplayResults(lambda found: not found.unplayed),
    )

    async def __call__(self, change: ChangeSet) -> BehaviourDiff:
        """Return what changes for users, redacted; commits with the same files are replayed once.

        If nothing could be replayed, the result says why. A change is not refused for that.
        """
        try:
            return await self._known.find_or_run(
                self.trees, (change.base, change.head), "behaviour", lambda: self._compare(change)
            )
        except WorkspaceError as error:
            return BehaviourDiff(unplayed=redact(str(error)))

    async def _compare(self, change: ChangeSet) -> BehaviourDiff:
        try:
            scripts = await self.scripts.list_for_change(change)
            if not scripts:
                return BehaviourDiff()
            async with asyncio.timeout(PATIENCE):
                with name_work("replays of recorded traffic"):
                    found = await compare_commits(self.work, change.base, change.head, scripts)
        except (RehearsalError, StoreError, WorkError, WorkspaceError) as error:
            return BehaviourDiff(unplayed=redact(str(error)))
        except TimeoutError:
            return BehaviourDiff(unplayed=f"the replays took longer than {PATIENCE:.0f} s")
        return BehaviourDiff.model_validate(redact_value(found.model_dump(mode="json")))

    async def measure_times(self, change: ChangeSet, text: str) -> tuple[tuple[float, float], ...]:
        """Return the durations of recorded traffic with base and with head, per round.

        Only the commands mentioned in `text` are measured, if it mentions any. Without recorded
        traffic the result is empty. Raises `RehearsalError`, `StoreError`, `WorkspaceError`,
        `TimeoutError`.
        """
        scripts = select_scripts(await self.scripts.list_for_change(change), text)
        if not scripts:
            return ()
        open_tree, now = self.trees.open_tree, self.clock.monotonic
        async with open_tree(change.base) as base, open_tree(change.head) as head:
            async with asyncio.timeout(PATIENCE):
                return await measure_rounds(self.rehearsal, base, head, scripts, now)


def excuse_requested_changes(found: BehaviourDiff, brief: Brief) -> BehaviourDiff:
    """Return the diff with output changes that the brief asks for counted as requested.

    These are changes of commands whose examples expect another output than today. New options and
    commands leave recorded output as it is. So does a change behind a flag, because the flag was
    off when the traffic was recorded.
    """
    if brief.flag:
        return found
    prefixes = tuple(
        prefix
        for each in brief.acceptances
        if each.missing == "another answer"
        for step in each.script.steps
        for prefix in _list_prefixes(step)
    )
    requested = [
        each
        for each in found.changes
        if not each.is_fixed and f"{_remove_person(each.asked)} ".startswith(prefixes)
    ]
    return found.replace(unasked=max(0, found.unasked - len(requested)))


def _remove_person(asked: str) -> str:
    """Return what was done without who did it: `/roll` for `alice: /roll`."""
    person, _, rest = asked.partition(": ")
    return rest if rest and " " not in person and not person.startswith("/") else asked


def _list_prefixes(step: ScriptStep) -> tuple[str, ...]:
    """Return how the descriptions of all uses of a step's command begin."""
    if isinstance(step, CommandStep):
        return (f"/{step.command} ",)
    if isinstance(step, SayStep) and step.say.strip():
        start = f"says “{step.say.split()[0]}"
        return f"{start} ", f"{start}”"
    return (f"{describe_step(step)} ",)


def build_finding(found: BehaviourDiff | None, *, blocking: bool) -> Finding | None:
    """Return the finding for a fix that changes output which was no failure; `None` without."""
    if found is None or not found.unasked:
        return None
    examples = [describe_change(each) for each in found.changes if not each.is_fixed]
    message = f"{found.summary}, not only those that failed: {'; '.join(examples[:_EXAMPLES])}"
    return Finding(rule="behaviour", path="", message=message, blocking=blocking)
