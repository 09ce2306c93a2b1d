"""Failures that came through an interaction: found again by plays, and their fixes proven so."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, NamedTuple

from bot.domain.change import ANSWERED, CheckResult
from bot.domain.cogs import get_cog_name
from bot.domain.errors import RehearsalError, StoreError, VerifierError, WorkspaceError
from bot.domain.incorrect_output import AnswerExample
from bot.domain.journal import Capsule, FailureGroup
from bot.domain.rehearsal import (
    InteractionStep,
    PlayedError,
    Script,
    Transcript,
)
from bot.domain.replay import Replay
from bot.domain.snapshot import CogSnapshot
from bot.domain.traffic import TrafficRecord
from bot.ports.clock import Clock
from bot.ports.rehearsal import Rehearsal, run_script, run_scripts
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
from bot.proof.replays import find_failing_steps, find_objection
from bot.proof.scripts import describe_step
from bot.proof.traffic_scripts import add_files
from bot.redaction import redact

PATIENCE = 600.0
"""Seconds on the clock for a search or a proof: each play is limited by its own time."""

_NAME = "replay"
_UNPLAYED = "The failure could not be played again, which says nothing against the change: {why}"
_LONGEST_COMMAND = 80
_TWICE = 2
_log = logging.getLogger(__name__)

Ended = Literal["passed", "failed", "skipped", "undecided"]


class ReplaySearch(NamedTuple):
    """What came of looking for a replay; `unplayed` is why nothing was played, if anything was."""

    replay: Replay | None = None
    unplayed: str = ""


class InteractionReplays:
    """Plays failing interactions, from traffic and the snapshots of their cogs' files.

    `catch_up` has all of the traffic written down that people were answered until then; `loads`
    tells when a cog was loaded.
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
        self._rehearsal = rehearsal
        self._trees = trees
        self._traffic = traffic
        self._snapshots = snapshots
        self._clock = clock
        self._catch_up = catch_up
        self._lookback = lookback
        self._loads = loads

    async def find(self, group: FailureGroup, base: str) -> ReplaySearch:
        """Return the failure with the least that it needs to happen on `base`, if plays show it.

        A failure that came by another way than an interaction, or of which nothing was recorded,
        has none. The failure is looked for all the same where nothing can be played: that says why.
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
            return ReplaySearch(unplayed=f"the plays took longer than {PATIENCE:.0f} s")

    async def answer(self, example: AnswerExample, commit: str, base: str) -> Replay | None:
        """Return an example that `commit` answers rightly and `base` otherwise, to be proven so.

        `None` where plays do not show that, each time. The right answer is all that people read.
        """
        began = self._clock.get_monotonic_time()
        try:
            async with asyncio.timeout(PATIENCE):
                async with (
                    self._trees.open_tree(commit) as older,
                    self._trees.open_tree(base) as tree,
                ):
                    old = await run_scripts(self._rehearsal, older, (example.script,) * _TWICE)
                    today = await run_script(self._rehearsal, tree, example.script)
        except (RehearsalError, WorkspaceError, TimeoutError) as error:
            why = redact(str(error)) or f"it took {self._clock.get_monotonic_time() - began:.0f} s"
            _log.warning("a right answer is not played: %s", why)
            return None
        right, again = (list_answer_lines(play, example.at) for play in old)
        if not right or right != again:
            return None  # nobody was answered, or by chance
        replay = Replay(script=example.script, right=right, at=example.at, asked=example.asked)
        return replay.replace(replay_count=_TWICE + 1) if _is_failing(replay, today) else None

    async def prove(self, replay: Replay, base: str, head: str) -> tuple[CheckResult, CheckResult]:
        """Return what came of the replay with base and with head; red is `failed`.

        Head is red only where it is twice. Raises `VerifierError` where that could not be played:
        no fix is refused for it. Nothing of what was played is in what they say: it may be
        people's.
        """
        began = self._clock.get_monotonic_time()
        try:
            script = await self._add_files(replay)
            async with self._trees.open_tree(base) as older, self._trees.open_tree(head) as newer:
                async with asyncio.timeout(PATIENCE):
                    before = await run_script(self._rehearsal, older, script)
                    after = await run_script(self._rehearsal, newer, script)
                    if _find_objection(replay, after):  # a busy machine may be too slow once
                        after = await run_script(self._rehearsal, newer, script)
        except (RehearsalError, StoreError, WorkspaceError) as error:
            raise VerifierError(_UNPLAYED.format(why=redact(str(error)))) from error
        except TimeoutError as error:
            why = f"the plays took longer than {PATIENCE:.0f} s"
            raise VerifierError(_UNPLAYED.format(why=why)) from error
        return _build_results(replay, before, after, (self._clock.get_monotonic_time() - began) / 2)

    async def check_output(self, replay: Replay, commit: str) -> CheckResult:
        """Return whether people get an answer with a commit that is to have the fix.

        It is red only where it is twice; skipped where this machine can play nothing, or where the
        web was asked for what nobody recorded; undecided where a play did not end. Nothing of what
        was played is in what it says.
        """
        began = self._clock.get_monotonic_time()
        try:
            script = await self._add_files(replay)
            async with asyncio.timeout(PATIENCE), self._trees.open_tree(commit) as tree:
                play = await run_script(self._rehearsal, tree, script)
                status, why = _judge_ending(replay, play)
                if status == "failed":  # a busy machine may be too slow once
                    play = await run_script(self._rehearsal, tree, script)
                    status, why = _judge_ending(replay, play)
        except (RehearsalError, StoreError, WorkspaceError) as error:
            lasting = self._rehearsal.refusal or isinstance(error, StoreError)
            status = "skipped" if lasting else "undecided"
            why = f"not played: {redact(str(error))}"
        except TimeoutError:
            status, why = "undecided", f"not played: it took longer than {PATIENCE:.0f} s"
        return CheckResult(
            name=ANSWERED,
            status=status,
            seconds=max(0.0, self._clock.get_monotonic_time() - began),
            summary=f"`{replay.asked}`: {why}",
            output=f"{replay.asked}: {why}" if status == "failed" else "",
        )

    async def _record(self, group: FailureGroup) -> TrafficRecord | None:
        """Return the newest interaction that failed so; only some failures have theirs."""
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
        known = await self._traffic.list_since(self._clock.get_time() - self._lookback)
        snapshots = await self._snapshots.list_for_failure(group.fingerprint)
        files = await self._read_files(snapshots[0]) if snapshots else {}
        wanted = _build_expected_error(group.event, capsule)
        loads = await self._loads(record.cog)
        async with self._trees.open_tree(base) as tree, self._rehearsal.open(tree) as player:
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

    async def _add_files(self, replay: Replay) -> Script:
        """Return the script with the files it needs. Raises `StoreError` where these are gone."""
        if not replay.snapshot:
            return replay.script
        kept = await self._snapshots.list_for_failure(replay.fingerprint)
        found = [each for each in kept if each.failure_id == replay.snapshot] or kept
        if not found:
            raise StoreError("the copy of the cog's files is gone")
        return add_files(replay.script, await self._read_files(found[0]))

    async def _read_files(self, snapshot: CogSnapshot) -> Mapping[str, bytes]:
        return await self._snapshots.read_files(snapshot)


def _build_expected_error(event: str, capsule: Capsule) -> PlayedError:
    """Return the failure as a play's journal tells of it."""
    frame = capsule.innermost
    at = f"{frame.file}:{frame.function}" if frame else ""
    return PlayedError(event=event, error=capsule.exception, at=at)


def _build_results(
    replay: Replay, before: Transcript, after: Transcript, seconds: float
) -> tuple[CheckResult, CheckResult]:
    red, against = _is_failing(replay, before), _find_objection(replay, after)
    return (
        CheckResult(
            name=_NAME,
            status="failed" if red else "passed",
            seconds=seconds,
            summary=replay.ends if red else "it does not fail as it did",
        ),
        CheckResult(
            name=_NAME,
            status="failed" if against else "passed",
            seconds=seconds,
            summary=against.partition(":")[0] or "people get an answer",
        ),
    )


def _is_failing(replay: Replay, transcript: Transcript) -> bool:
    """Whether it fails as it did; where nothing failed, whether it is answered, and otherwise."""
    if replay.wanted is not None:
        return len(replay.script.steps) - 1 in find_failing_steps(transcript, replay.wanted)
    answer = list_answer_lines(transcript, replay.at)
    return answer is not None and answer != replay.right


def _find_objection(replay: Replay, transcript: Transcript) -> str:
    """Return what stands against a play as proof of the mend; empty: nothing does."""
    if replay.wanted is not None:
        return find_objection((len(replay.script.steps) - 1,), transcript, replay.wanted)
    if transcript.trouble:
        return f"the bot does not hold: {transcript.trouble}"
    right = list_answer_lines(transcript, replay.at) == replay.right
    return "" if right else "people get another answer than the one that is right"


def _judge_ending(replay: Replay, transcript: Transcript) -> tuple[Ended, str]:
    """Return how what failed ends now; with no web to answer it, a play tells nothing."""
    last = replay.setup
    step = transcript.steps[last] if last < len(transcript.steps) else None
    if step is not None and step.wanted and not transcript.trouble:
        return "skipped", "it asks the web for what was not recorded"
    against = _find_objection(replay, transcript).partition(":")[0]
    return ("failed", against) if against else ("passed", "people get an answer")
