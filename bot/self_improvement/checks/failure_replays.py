"""Replays of a failure: they show it on base, and prove that a change fixes it."""

import asyncio
from abc import ABC, abstractmethod
from typing import Literal, NamedTuple

from theseus_observe.redaction import redact
from theseus_rehearsal.ports.rehearsal import Rehearsal, run_script
from theseus_rehearsal.records import PlayedError, Script, Transcript
from theseus_rehearsal.replays import find_failing_steps, find_objection

from bot.domain.change import ANSWERED, CheckResult
from bot.domain.errors import RehearsalError, StoreError, VerifierError, WorkspaceError
from bot.domain.incorrect_output import AnswerExample
from bot.domain.journal import Capsule, FailureGroup
from bot.domain.replay import Replay
from bot.infra.current_work import name_work
from bot.ports.clock import Clock
from bot.ports.trees import CommitTrees
from bot.proof.example_scripts import list_answer_lines
from bot.self_improvement.checks.replay_results import ReplayResults

PATIENCE = 600.0
"""Seconds for a search or a proof; each replay also has its own limit."""

_NAME = "replay"
_UNPLAYED = "The failure could not be replayed. This says nothing against the change: {why}"

Ended = Literal["passed", "failed", "skipped", "undecided"]


class ReplaySearch(NamedTuple):
    """The result of a search; `unplayed` says why nothing could be replayed, if so."""

    replay: Replay | None = None
    unplayed: str = ""


class FailureReplays(ABC):
    """Finds a replay of a failure, and proves with it."""

    def __init__(self, rehearsal: Rehearsal, trees: CommitTrees, clock: Clock) -> None:
        self.rehearsal = rehearsal
        self.trees = trees
        self.clock = clock
        self._known: ReplayResults[tuple[CheckResult, CheckResult]] = ReplayResults(lambda _: True)

    @abstractmethod
    async def find(self, group: FailureGroup, base: str) -> ReplaySearch:
        """Return a replay that shows the failure on `base`, or why there is none."""

    @abstractmethod
    async def answer(self, example: AnswerExample, commit: str, base: str) -> Replay | None:
        """Return a replay whose output is right with `commit` and different with `base`."""

    @abstractmethod
    async def add_files(self, replay: Replay) -> Script:
        """Return the script with the files it needs. Raises `StoreError` if they are gone."""

    async def prove(self, replay: Replay, base: str, head: str) -> tuple[CheckResult, CheckResult]:
        """Return the results of the replay with base and with head; a failure has status `failed`.

        Head fails only if it fails twice. Raises `VerifierError` if the replay cannot be run; a fix
        is not refused for that. The results contain nothing of the recorded traffic, which may be
        private. Commits with the same files are replayed once.
        """
        try:
            with name_work("replays of the failure"):
                return await self._known.find_or_run(
                    self.trees,
                    (base, head),
                    replay.model_dump_json(),
                    lambda: self._prove(replay, base, head),
                )
        except WorkspaceError as error:
            raise VerifierError(_UNPLAYED.format(why=redact(str(error)))) from error

    async def _prove(self, replay: Replay, base: str, head: str) -> tuple[CheckResult, CheckResult]:
        began = self.clock.monotonic()
        try:
            script = await self.add_files(replay)
            async with self.trees.open_tree(base) as older, self.trees.open_tree(head) as newer:
                async with asyncio.timeout(PATIENCE):
                    before = await run_script(self.rehearsal, older, script)
                    after = await run_script(self.rehearsal, newer, script)
                    if _find_objection(replay, after):  # a busy machine may be too slow once
                        after = await run_script(self.rehearsal, newer, script)
        except (RehearsalError, StoreError, WorkspaceError) as error:
            raise VerifierError(_UNPLAYED.format(why=redact(str(error)))) from error
        except TimeoutError as error:
            why = f"the replays took longer than {PATIENCE:.0f} s"
            raise VerifierError(_UNPLAYED.format(why=why)) from error
        return _build_results(replay, before, after, (self.clock.monotonic() - began) / 2)

    async def check_output(self, replay: Replay, commit: str) -> CheckResult:
        """Return whether users get an answer with a commit that should contain the fix.

        It fails only if it fails twice. It is skipped if this machine cannot replay, or if
        unrecorded web requests are needed. It is undecided if a replay did not end. The result
        contains nothing of the recorded traffic.
        """
        began = self.clock.monotonic()
        try:
            script = await self.add_files(replay)
            async with asyncio.timeout(PATIENCE), self.trees.open_tree(commit) as tree:
                transcript = await run_script(self.rehearsal, tree, script)
                status, why = _judge_ending(replay, transcript)
                if status == "failed":  # a busy machine may be too slow once
                    transcript = await run_script(self.rehearsal, tree, script)
                    status, why = _judge_ending(replay, transcript)
        except (RehearsalError, StoreError, WorkspaceError) as error:
            is_permanent = self.rehearsal.refusal or isinstance(error, StoreError)
            status = "skipped" if is_permanent else "undecided"
            why = f"not replayed: {redact(str(error))}"
        except TimeoutError:
            status, why = "undecided", f"not replayed: it took longer than {PATIENCE:.0f} s"
        return CheckResult(
            name=ANSWERED,
            status=status,
            seconds=max(0.0, self.clock.monotonic() - began),
            summary=f"`{replay.asked}`: {why}",
            output=f"{replay.asked}: {why}" if status == "failed" else "",
        )


def build_expected_error(event: str, capsule: Capsule) -> PlayedError:
    """Return the failure in the form that a replay's journal reports it."""
    frame = capsule.innermost
    at = f"{frame.file}:{frame.function}" if frame else ""
    return PlayedError(event=event, error=capsule.exception, at=at)


def _build_results(
    replay: Replay, before: Transcript, after: Transcript, seconds: float
) -> tuple[CheckResult, CheckResult]:
    is_reproduced, objection = is_failing(replay, before), _find_objection(replay, after)
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


def is_failing(replay: Replay, transcript: Transcript) -> bool:
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
