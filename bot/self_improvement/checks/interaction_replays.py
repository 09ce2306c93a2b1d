"""Replays failures of interactions, to reproduce them and to prove their fixes."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, NamedTuple

import structlog
from theseus_observe.redaction import redact
from theseus_rehearsal.ports.rehearsal import Rehearsal, run_script, run_scripts
from theseus_rehearsal.records import (
    InteractionStep,
    PlayedError,
    Script,
    Transcript,
)
from theseus_rehearsal.replays import find_failing_steps, find_objection
from theseus_rehearsal.scripts import describe_step

from bot.domain.change import ANSWERED, CheckResult
from bot.domain.cogs import get_cog_name
from bot.domain.errors import RehearsalError, StoreError, VerifierError, WorkspaceError
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
from bot.self_improvement.checks.replay_results import ReplayResults

PATIENCE = 600.0
"""Seconds for a search or a proof; each replay also has its own limit."""

_NAME = "replay"
_UNPLAYED = "The failure could not be replayed. This says nothing against the change: {why}"
_LONGEST_COMMAND = 80
_TWICE = 2
_log = structlog.stdlib.get_logger(__name__)

Ended = Literal["passed", "failed", "skipped", "undecided"]


class ReplaySearch(NamedTuple):
    """The result of a search; `unplayed` says why nothing could be replayed, if so."""

    replay: Replay | None = None
    unplayed: str = ""


class InteractionReplays:
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
        self._rehearsal = rehearsal
        self._trees = trees
        self._traffic = traffic
        self._snapshots = snapshots
        self._clock = clock
        self._catch_up = catch_up
        self._lookback = lookback
        self._loads = loads
        self._known: ReplayResults[tuple[CheckResult, CheckResult]] = ReplayResults(lambda _: True)

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
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                async with (
                    self._trees.open_tree(commit) as older,
                    self._trees.open_tree(base) as tree,
                ):
                    old = await run_scripts(self._rehearsal, older, (example.script,) * _TWICE)
                    today = await run_script(self._rehearsal, tree, example.script)
        except (RehearsalError, WorkspaceError, TimeoutError) as error:
            why = redact(str(error)) or f"it took {self._clock.monotonic() - began:.0f} s"
            _log.warning("the right output cannot be replayed: %s", why)
            return None
        right, repeated = (list_answer_lines(play, example.at) for play in old)
        if not right or right != repeated:
            return None  # no answer, or one that depends on chance
        replay = Replay(script=example.script, right=right, at=example.at, asked=example.asked)
        return replay.replace(replay_count=_TWICE + 1) if _is_failing(replay, today) else None

    async def prove(self, replay: Replay, base: str, head: str) -> tuple[CheckResult, CheckResult]:
        """Return the results of the replay with base and with head; a failure has status `failed`.

        Head fails only if it fails twice. Raises `VerifierError` if the replay cannot be run; a fix
        is not refused for that. The results contain nothing of the recorded traffic, which may be
        private. Commits with the same files are replayed once.
        """
        try:
            return await self._known.find_or_run(
                self._trees,
                (base, head),
                replay.model_dump_json(),
                lambda: self._prove(replay, base, head),
            )
        except WorkspaceError as error:
            raise VerifierError(_UNPLAYED.format(why=redact(str(error)))) from error

    async def _prove(self, replay: Replay, base: str, head: str) -> tuple[CheckResult, CheckResult]:
        began = self._clock.monotonic()
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
            why = f"the replays took longer than {PATIENCE:.0f} s"
            raise VerifierError(_UNPLAYED.format(why=why)) from error
        return _build_results(replay, before, after, (self._clock.monotonic() - began) / 2)

    async def check_output(self, replay: Replay, commit: str) -> CheckResult:
        """Return whether users get an answer with a commit that should contain the fix.

        It fails only if it fails twice. It is skipped if this machine cannot replay, or if
        unrecorded web requests are needed. It is undecided if a replay did not end. The result
        contains nothing of the recorded traffic.
        """
        began = self._clock.monotonic()
        try:
            script = await self._add_files(replay)
            async with asyncio.timeout(PATIENCE), self._trees.open_tree(commit) as tree:
                transcript = await run_script(self._rehearsal, tree, script)
                status, why = _judge_ending(replay, transcript)
                if status == "failed":  # a busy machine may be too slow once
                    transcript = await run_script(self._rehearsal, tree, script)
                    status, why = _judge_ending(replay, transcript)
        except (RehearsalError, StoreError, WorkspaceError) as error:
            is_permanent = self._rehearsal.refusal or isinstance(error, StoreError)
            status = "skipped" if is_permanent else "undecided"
            why = f"not replayed: {redact(str(error))}"
        except TimeoutError:
            status, why = "undecided", f"not replayed: it took longer than {PATIENCE:.0f} s"
        return CheckResult(
            name=ANSWERED,
            status=status,
            seconds=max(0.0, self._clock.monotonic() - began),
            summary=f"`{replay.asked}`: {why}",
            output=f"{replay.asked}: {why}" if status == "failed" else "",
        )

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
        known = await self._traffic.list_since(self._clock.now() - self._lookback)
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


def _build_expected_error(event: str, capsule: Capsule) -> PlayedError:
    """Return the failure in the form that a replay's journal reports it."""
    frame = capsule.innermost
    at = f"{frame.file}:{frame.function}" if frame else ""
    return PlayedError(event=event, error=capsule.exception, at=at)


def _build_results(
    replay: Replay, before: Transcript, after: Transcript, seconds: float
) -> tuple[CheckResult, CheckResult]:
    is_reproduced, objection = _is_failing(replay, before), _find_objection(replay, after)
    return (
        CheckResult(
            name=_NAME,
            status="failed" if is_reproduced else "passed",
            seconds=seconds,
            summary=replay.ends if is_reproduced else "it does not fail as it did",
        ),
        CheckResult(
            name=_NAME,
            status="failed" if objection else "passed",
            seconds=seconds,
            summary=objection.partition(":")[0] or "people get an answer",
        ),
    )


def _is_failing(replay: Replay, transcript: Transcript) -> bool:
    """Return whether the failure occurs; without a failure, whether the output is wrong."""
    if replay.wanted is not None:
        return len(replay.script.steps) - 1 in find_failing_steps(transcript, replay.wanted)
    answer = list_answer_lines(transcript, replay.at)
    return answer is not None and answer != replay.right


def _find_objection(replay: Replay, transcript: Transcript) -> str:
    """Return why a transcript does not prove the fix; empty if it does."""
    if replay.wanted is not None:
        return find_objection((len(replay.script.steps) - 1,), transcript, replay.wanted)
    if transcript.trouble:
        return f"the bot does not hold: {transcript.trouble}"
    right = list_answer_lines(transcript, replay.at) == replay.right
    return "" if right else "people get an answer that differs from the correct one"


def _judge_ending(replay: Replay, transcript: Transcript) -> tuple[Ended, str]:
    """Return how the failing step ends now; skipped if it needs an unrecorded web request."""
    last = replay.setup
    step = transcript.steps[last] if last < len(transcript.steps) else None
    if step is not None and step.wanted and not transcript.trouble:
        return "skipped", "it asks the web for what was not recorded"
    objection = _find_objection(replay, transcript).partition(":")[0]
    return ("failed", objection) if objection else ("passed", "people get an answer")
