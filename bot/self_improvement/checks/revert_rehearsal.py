"""Checks whether a change can be reverted: the older code runs on the files the change leaves.

The code itself needs no check, because git reverts exactly what the merge brought. Files and
databases stay as the change wrote them, however, and git cannot restore them.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from theseus_observe.redaction import redact
from theseus_rehearsal.ports.rehearsal import Rehearsal, ScriptRunner
from theseus_rehearsal.records import Script, Transcript

from bot.domain.brief import Brief
from bot.domain.change import ChangeSet
from bot.domain.cogs import has_cog
from bot.domain.errors import RehearsalError, StoreError, WorkspaceError
from bot.domain.trials import RevertTrial
from bot.ports.clock import Clock
from bot.ports.trees import CommitTrees
from bot.proof.regression_scripts import build_regression_scripts
from bot.self_improvement.checks.behaviour_check import RecentTraffic

PATIENCE = 600.0
"""Seconds that all runs of one check may take."""

_MOST = 4  # scripts of examples, and as many of recorded traffic
_MOST_SHOWN = 3


class _Leftover(NamedTuple):
    """A script for the older code, with the files that base and head each left behind."""

    script: Script
    by_base: dict[str, str]
    by_head: dict[str, str]
    files: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class RevertRehearsal:
    """Runs what a change affects, then the older code on the files that this left."""

    rehearsal: Rehearsal
    trees: CommitTrees
    traffic: RecentTraffic
    clock: Clock
    _: KW_ONLY
    lookback: timedelta

    async def __call__(self, change: ChangeSet, brief: Brief | None) -> RevertTrial:
        """Return the redacted result; if nothing could be run, it says why."""
        try:
            scripts = await self._list_scripts(change, brief)
            if not scripts:
                return RevertTrial()
            open_tree = self.trees.open_tree
            async with open_tree(change.base) as base, open_tree(change.head) as head:
                async with asyncio.timeout(PATIENCE):
                    return await self._run_trial(base, head, scripts)
        except (RehearsalError, StoreError, WorkspaceError) as error:
            return RevertTrial(unplayed=redact(str(error)))
        except TimeoutError:
            return RevertTrial(unplayed=f"the rehearsal took longer than {PATIENCE:.0f} s")

    async def _list_scripts(self, change: ChangeSet, brief: Brief | None) -> tuple[Script, ...]:
        """Return the scripts to run: examples of the brief, and recorded traffic."""
        records = await self.traffic.list_since(self.clock.now() - self.lookback)
        examples = (each.script for each in brief.acceptances) if brief else ()
        recorded = build_regression_scripts(records, [file.path for file in change.files])
        chosen = chain(islice(examples, _MOST), islice(recorded, _MOST))
        return tuple(each for each in chosen if each.world.cogs)

    async def _run_trial(self, base: Path, head: Path, scripts: tuple[Script, ...]) -> RevertTrial:
        async with self.rehearsal.open(base) as before, self.rehearsal.open(head) as after:
            leftovers = [
                found
                for script in scripts
                if (found := await _find_leftover(before, after, base, script)) is not None
            ]
            failures = [why for each in leftovers if (why := await _find_failure(before, each))]
        names = sorted({name for each in leftovers for name in each.files})
        return RevertTrial(
            script_count=len(leftovers),
            files=tuple(redact(name) for name in names[:_MOST_SHOWN]),
            failure=redact(failures[0]) if failures else "",
        )


async def _find_leftover(
    before: ScriptRunner, after: ScriptRunner, base: Path, script: Script
) -> _Leftover | None:
    """Return the files a script leaves with the change, if they differ and old code reads them."""
    cogs = tuple(each for each in script.world.cogs if has_cog(base, each))
    older = script.replace(world=script.world.replace(cogs=cogs))
    if not cogs:
        return None
    with_base = await before.run(older, keep_files=True)
    with_head = await after.run(script, keep_files=True)
    changed = tuple(
        name
        for name in with_head.file_contents
        if with_head.files.get(name) != with_base.files.get(name)
    )
    return (
        _Leftover(older, with_base.file_contents, with_head.file_contents, changed)
        if changed
        else None
    )


async def _find_failure(before: ScriptRunner, left: _Leftover) -> str:
    """Return what fails on the change's files but not on the older code's own files."""
    on_base_files = await before.run(_add_files(left.script, left.by_base))
    on_head_files = await before.run(_add_files(left.script, left.by_head))
    known = {*_iterate_faults(on_base_files)}
    return next((each for each in _iterate_faults(on_head_files) if each not in known), "")


def _add_files(script: Script, files: dict[str, str]) -> Script:
    return script.replace(world=script.world.replace(files=files))


def _iterate_faults(transcript: Transcript) -> Iterator[str]:
    """Yield short descriptions of what went wrong in a transcript, without any values."""
    if transcript.trouble:
        yield transcript.trouble.partition(":")[0]
    steps = (transcript.started, *transcript.steps) if transcript.started else transcript.steps
    for step in steps:
        yield from (f"`{each.event}` fails with {each.error}" for each in step.errors)
        if step.unanswered:
            yield "somebody gets no answer"
