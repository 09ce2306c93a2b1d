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

from bot.domain.behaviour import UndoTrial
from bot.domain.brief import Brief
from bot.domain.change import ChangeSet
from bot.domain.cogs import cog_is_there
from bot.domain.errors import RehearsalError, StoreError, WorkspaceError
from bot.domain.rehearsal import Script, Transcript
from bot.ports.clock import Clock
from bot.ports.rehearsal import Rehearsal, ScriptPlayer
from bot.ports.traffic import TrafficLog
from bot.ports.trees import CommitTrees
from bot.proof.recorded_scripts import recorded_scripts
from bot.redaction import redact

PATIENCE = 600.0
"""Seconds that all plays of one look may take."""

_MOST = 4  # scripts of examples, and as many of recorded traffic
_SHOWN = 3


class _Left(NamedTuple):
    """A script as the older code can be asked it, with the files that each code left."""

    script: Script
    by_base: dict[str, str]
    by_head: dict[str, str]
    files: tuple[str, ...]


class UndoRehearsal:
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

    async def __call__(self, change: ChangeSet, brief: Brief | None) -> UndoTrial:
        """Return what came of it, redacted; where nothing could be played, that says why."""
        try:
            scripts = await self._scripts(change, brief)
            if not scripts:
                return UndoTrial()
            laid_out = self._trees.laid_out
            async with laid_out(change.base) as base, laid_out(change.head) as head:
                async with asyncio.timeout(PATIENCE):
                    return await self._tried(base, head, scripts)
        except (RehearsalError, StoreError, WorkspaceError) as error:
            return UndoTrial(unplayed=redact(str(error)))
        except TimeoutError:
            return UndoTrial(unplayed=f"the plays took longer than {PATIENCE:.0f} s")

    async def _scripts(self, change: ChangeSet, brief: Brief | None) -> tuple[Script, ...]:
        """Return what is played: examples of what is wanted, and what was asked before."""
        records = await self._traffic.since(self._clock.now() - self._lookback)
        examples = (each.script for each in brief.acceptances) if brief else ()
        recorded = recorded_scripts(records, [file.path for file in change.files])
        chosen = chain(islice(examples, _MOST), islice(recorded, _MOST))
        return tuple(each for each in chosen if each.world.cogs)

    async def _tried(self, base: Path, head: Path, scripts: tuple[Script, ...]) -> UndoTrial:
        async with self._rehearsal.open(base) as before, self._rehearsal.open(head) as after:
            left = [
                found
                for script in scripts
                if (found := await _left(before, after, base, script)) is not None
            ]
            failures = [why for each in left if (why := await _failure(before, each))]
        names = sorted({name for each in left for name in each.files})
        return UndoTrial(
            plays=len(left),
            files=tuple(redact(name) for name in names[:_SHOWN]),
            failure=redact(failures[0]) if failures else "",
        )


async def _left(
    before: ScriptPlayer, after: ScriptPlayer, base: Path, script: Script
) -> _Left | None:
    """Return what a script leaves with the change, if that differs and older code would read it."""
    cogs = tuple(each for each in script.world.cogs if cog_is_there(base, each))
    older = script.but(world=script.world.but(cogs=cogs))
    if not cogs:
        return None
    was = await before.play(older, keep_files=True)
    now = await after.play(script, keep_files=True)
    changed = tuple(name for name in now.kept if now.files.get(name) != was.files.get(name))
    return _Left(older, was.kept, now.kept, changed) if changed else None


async def _failure(before: ScriptPlayer, left: _Left) -> str:
    """Return what goes wrong on the files of the change that does not on the older code's own."""
    own = await before.play(_with(left.script, left.by_base))
    theirs = await before.play(_with(left.script, left.by_head))
    known = {*_wrong(own)}
    return next((each for each in _wrong(theirs) if each not in known), "")


def _with(script: Script, files: dict[str, str]) -> Script:
    return script.but(world=script.world.but(files=files))


def _wrong(play: Transcript) -> Iterator[str]:
    """Yield what went wrong in a play, each in a few words; what values there were is not said."""
    if play.trouble:
        yield play.trouble.partition(":")[0]
    steps = (play.started, *play.steps) if play.started else play.steps
    for step in steps:
        yield from (f"`{each.event}` fails with {each.error}" for each in step.errors)
        if step.unanswered:
            yield "somebody gets no answer"
