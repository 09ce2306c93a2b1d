"""Replays failures of interactions, to reproduce them and to prove their fixes."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import structlog
from theseus_observe.redaction import redact
from theseus_rehearsal.ports.rehearsal import Rehearsal, run_script, run_scripts
from theseus_rehearsal.records import (
    InteractionStep,
    Script,
)
from theseus_rehearsal.scripts import describe_step

from bot.domain.cogs import get_cog_name
from bot.domain.errors import RehearsalError, StoreError, WorkspaceError
from bot.domain.incorrect_output import AnswerExample
from bot.domain.journal import Capsule, FailureGroup
from bot.domain.replay import Replay
from bot.domain.snapshot import CogSnapshot
from bot.domain.traffic import TrafficRecord
from bot.ports.clock import Clock
from bot.ports.traffic import (
    CatchUp,
    CogLoads,
    SnapshotStore,
    TrafficLog,
    find_failure_record,
    list_no_loads,
)
from bot.ports.trees import CommitTrees
from bot.proof.example_scripts import list_answer_lines
from bot.proof.replay_search import find_smallest_replay
from bot.proof.traffic_scripts import add_files
from bot.self_improvement.checks.failure_replays import (
    PATIENCE,
    FailureReplays,
    ReplaySearch,
    build_expected_error,
    is_failing,
)

_LONGEST_COMMAND = 80
_TWICE = 2
_log = structlog.stdlib.get_logger(__name__)


class InteractionReplays(FailureReplays):
    """Replays failing interactions, from traffic and from snapshots of their cogs' files.

    `catch_up` writes pending traffic to the log; `loads` returns when a cog was loaded.
    """

    def __init__(
        self,
        rehearsal: Rehearsal,
        trees: CommitTrees,
        traffic: TrafficLog,
        snapshots: SnapshotStore,
        clock: Clock,
        *,
        catch_up: CatchUp,
        lookback: timedelta,
        loads: CogLoads = list_no_loads,
    ) -> None:
        super().__init__(rehearsal, trees, clock)
        self._traffic = traffic
        self._snapshots = snapshots
        self._catch_up = catch_up
        self._lookback = lookback
        self._loads = loads

    async def find(self, group: FailureGroup, base: str) -> ReplaySearch:
        """Return the smallest replay that shows the failure on `base`, if there is one.

        Failures without a recorded interaction have none. If nothing can be replayed here, the
        result says why.
        """
        try:
            await self._catch_up()
            record = await self._record(group)
            if record is None or group.newest.error is None:
                return ReplaySearch()
            async with asyncio.timeout(PATIENCE):
                return ReplaySearch(await self._find(group, group.newest.error, record, base))
        except (RehearsalError, StoreError, WorkspaceError) as error:
            return ReplaySearch(unplayed=redact(str(error)))
        except TimeoutError:
            return ReplaySearch(unplayed=f"the replays took longer than {PATIENCE:.0f} s")

    async def answer(self, example: AnswerExample, commit: str, base: str) -> Replay | None:
        """Return a replay whose output is right with `commit` and different with `base`.

        Returns `None` unless both replays with `commit` agree. Only the right output is shown to
        people.
        """
        began = self.clock.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                async with (
                    self.trees.open_tree(commit) as older,
                    self.trees.open_tree(base) as tree,
                ):
                    old = await run_scripts(self.rehearsal, older, (example.script,) * _TWICE)
                    today = await run_script(self.rehearsal, tree, example.script)
        except (RehearsalError, WorkspaceError, TimeoutError) as error:
            why = redact(str(error)) or f"it took {self.clock.monotonic() - began:.0f} s"
            _log.warning("the right output cannot be replayed: %s", why)
            return None
        right, repeated = (list_answer_lines(play, example.at) for play in old)
        if not right or right != repeated:
            return None  # no answer, or one that depends on chance
        replay = Replay(script=example.script, right=right, at=example.at, asked=example.asked)
        return replay.replace(replay_count=_TWICE + 1) if is_failing(replay, today) else None

    async def _record(self, group: FailureGroup) -> TrafficRecord | None:
        """Return the newest interaction with this failure, if one was recorded."""
        record = await find_failure_record(
            self._traffic, group, lambda each: isinstance(each.step, InteractionStep)
        )
        if record is None:
            return None
        frames = group.newest.error.frames if group.newest.error else ()
        cogs = (get_cog_name(frame.file) for frame in frames)
        cog = record.cog or next(filter(None, cogs), "")
        return record.replace(cog=cog) if cog else None

    async def _find(
        self, group: FailureGroup, capsule: Capsule, record: TrafficRecord, base: str
    ) -> Replay | None:
        known = await self._traffic.list_since(self.clock.now() - self._lookback)
        snapshots = await self._snapshots.list_for_failure(group.fingerprint)
        files = await self._read_files(snapshots[0]) if snapshots else {}
        wanted = build_expected_error(group.event, capsule)
        loads = await self._loads(record.cog)
        async with self.trees.open_tree(base) as tree, self.rehearsal.open(tree) as player:
            found = await find_smallest_replay(player, record, known, wanted, files, loads)
        if found is None:
            return None
        return Replay(
            script=found.script,
            wanted=wanted,
            fingerprint=group.fingerprint,
            asked=redact(describe_step(found.script.steps[-1]))[:_LONGEST_COMMAND],
            snapshot=snapshots[0].failure_id if found.files else "",
            replay_count=found.run_count,
            minimal=found.minimal,
        )

    async def add_files(self, replay: Replay) -> Script:
        """Return the script with the files it needs. Raises `StoreError` if they are gone."""
        if not replay.snapshot:
            return replay.script
        snapshots = await self._snapshots.list_for_failure(replay.fingerprint)
        found = [each for each in snapshots if each.failure_id == replay.snapshot] or snapshots
        if not found:
            raise StoreError("the copy of the cog's files is gone")
        return add_files(replay.script, await self._read_files(found[0]))

    async def _read_files(self, snapshot: CogSnapshot) -> Mapping[str, bytes]:
        return await self._snapshots.read_files(snapshot)
