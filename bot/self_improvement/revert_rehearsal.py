"""Whether a change can be taken back: the code before it is played on the files it leaves behind.

The code itself needs no play: what git takes back right after a merge is just what that brought.
Files and databases stay as the change wrote them, though, and no git brings those back.
"""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from bot.domain.behaviour import RevertTrial
from bot.domain.brief import Brief
from bot.domain.change import ChangeSet
from bot.domain.cogs import has_cog
from bot.domain.errors import RehearsalError, StoreError, WorkspaceError
from bot.domain.rehearsal import Script, Transcript
from bot.ports.clock import Clock
from bot.ports.rehearsal import Rehearsal, ScriptRunner
from bot.ports.traffic import TrafficLog
from bot.ports.trees import CommitTrees
from bot.proof.regression_scripts import build_regression_scripts
from bot.redaction import redact

PATIENCE = 600.0
"""Seconds that all plays of one look may take."""

_MOST = 4  # scripts of examples, and as many of recorded traffic
_MOST_SHOWN = 3


class _Leftover(NamedTuple):
    """A script as the older code can be asked it, with the files that each code left."""

    script: Script
    by_base: dict[str, str]
    by_head: dict[str, str]
    files: tuple[str, ...]


class RevertRehearsal:
    """Plays what a change reaches, then the code before it on what that left."""

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

    async def __call__(self, change: ChangeSet, brief: Brief | None) -> RevertTrial:
        """Return what came of it, redacted; where nothing could be played, that says why."""
        try:
            scripts = await self._list_scripts(change, brief)
            if not scripts:
                return RevertTrial()
            laid_out = self._trees.open_tree
            async with laid_out(change.base) as base, laid_out(change.head) as head:
                async with asyncio.timeout(PATIENCE):
                    return await self._run_trial(base, head, scripts)
        except (RehearsalError, StoreError, WorkspaceError) as error:
            return RevertTrial(unplayed=redact(str(error)))
        except TimeoutError:
            return RevertTrial(unplayed=f"the plays took longer than {PATIENCE:.0f} s")

    async def _list_scripts(self, change: ChangeSet, brief: Brief | None) -> tuple[Script, ...]:
        """Return what is played: examples of what is wanted, and what was asked before."""
        records = await self._traffic.list_since(self._clock.get_time() - self._lookback)
        examples = (each.script for each in brief.acceptances) if brief else ()
        recorded = build_regression_scripts(records, [file.path for file in change.files])
        chosen = chain(islice(examples, _MOST), islice(recorded, _MOST))
        return tuple(each for each in chosen if each.world.cogs)

    async def _run_trial(self, base: Path, head: Path, scripts: tuple[Script, ...]) -> RevertTrial:
        async with self._rehearsal.open(base) as before, self._rehearsal.open(head) as after:
            left = [
                found
                for script in scripts
                if (found := await _find_leftover(before, after, base, script)) is not None
            ]
            failures = [why for each in left if (why := await _find_failure(before, each))]
        names = sorted({name for each in left for name in each.files})
        return RevertTrial(
            script_count=len(left),
            files=tuple(redact(name) for name in names[:_MOST_SHOWN]),
            failure=redact(failures[0]) if failures else "",
        )


async def _find_leftover(
    before: ScriptRunner, after: ScriptRunner, base: Path, script: Script
) -> _Leftover | None:
    """Return what a script leaves with the change, if that differs and older code would read it."""
    cogs = tuple(each for each in script.world.cogs if has_cog(base, each))
    older = script.replace(world=script.world.replace(cogs=cogs))
    if not cogs:
        return None
    was = await before.run(older, keep_files=True)
    now = await after.run(script, keep_files=True)
    changed = tuple(
        name for name in now.file_contents if now.files.get(name) != was.files.get(name)
    )
    return _Leftover(older, was.file_contents, now.file_contents, changed) if changed else None


async def _find_failure(before: ScriptRunner, left: _Leftover) -> str:
    """Return what goes wrong on the files of the change that does not on the older code's own."""
    own = await before.run(_add_files(left.script, left.by_base))
    theirs = await before.run(_add_files(left.script, left.by_head))
    known = {*_iterate_faults(own)}
    return next((each for each in _iterate_faults(theirs) if each not in known), "")


def _add_files(script: Script, files: dict[str, str]) -> Script:
    return script.replace(world=script.world.replace(files=files))


def _iterate_faults(transcript: Transcript) -> Iterator[str]:
    """Yield what went wrong in a play, each in a few words; what values there were is not said."""
    if transcript.trouble:
        yield transcript.trouble.partition(":")[0]
    steps = (transcript.started, *transcript.steps) if transcript.started else transcript.steps
    for step in steps:
        yield from (f"`{each.event}` fails with {each.error}" for each in step.errors)
        if step.unanswered:
            yield "somebody gets no answer"
