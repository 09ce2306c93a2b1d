"""Runs one script with one commit, or with two to compare them."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from theseus_rehearsal.behaviour import BehaviourDiff
from theseus_rehearsal.behaviour_diff import (
    AnswerComparison,
    compute_behaviour_diff,
    find_nondeterminism,
)
from theseus_rehearsal.ports.rehearsal import Rehearsal, ScriptRunner, run_scripts
from theseus_rehearsal.probe import RunProbe
from theseus_rehearsal.records import Script, Transcript


class OnProgress(Protocol):
    """Receives the number of runs that are done, and the total (`None` if it is unknown)."""

    def __call__(self, done: int, total: int | None) -> None: ...


class CommandOutput(NamedTuple):
    """How the command prints.

    A line for a person, a remark beside the result, data as JSON, and the progress of some work.
    """

    say: Callable[[str], None]
    note: Callable[[str], None]
    print_json: Callable[[Any], None]
    show_progress: Callable[[str], AbstractContextManager[OnProgress]]


class RehearsalResult(NamedTuple):
    """The transcripts of a script with one commit, and with a second one if they were compared.

    `transcripts` are the runs with `commit`, `head` is the run with `other`, and `compared` is the
    difference between the two commits.
    """

    script: Script
    commit: str
    transcripts: tuple[Transcript, ...]
    other: str = ""
    head: Transcript | None = None
    compared: BehaviourDiff | None = None

    @property
    def unsteady(self) -> str:
        """A description of where runs with the same commit differ; empty if they are the same."""
        return find_nondeterminism(self.transcripts)

    @property
    def unstartable(self) -> str:
        """The reason why the bot of a commit did not start; empty if the bot of each did."""
        pairs = [(self.commit, self.transcripts[0]), (self.other, self.head)]
        lost = [(commit, each.trouble) for commit, each in pairs if each and not each.steps]
        reasons = [(commit, trouble.rstrip(".")) for commit, trouble in lost if trouble]
        if not reasons:
            return ""
        commit, reason = reasons[0]
        is_alone = self.head is not None and len(reasons) == 1
        return (
            f"the bot of commit {commit[:7]} alone does not start: {reason}" if is_alone else reason
        )

    @property
    def fine(self) -> bool:
        """True if every step was done without an error, and no runs differ."""
        transcripts = [*self.transcripts, *([self.head] if self.head else [])]
        refused = any(step.refused for transcript in transcripts for step in transcript.steps)
        failed = refused or any(transcript.has_failed for transcript in transcripts)
        changed = self.compared is not None and self.compared.changed > 0
        return not failed and not self.unsteady and not changed


class CountedRehearsal:
    """Implements the port `Rehearsal`: wraps another rehearsal and reports each run."""

    def __init__(self, inner: Rehearsal, on_progress: OnProgress, total: int | None) -> None:
        self._inner = inner
        self._on_progress = on_progress
        self._total = total
        self._done = 0

    @property
    def refusal(self) -> str:
        """The reason why scripts cannot run on this machine; empty if they can."""
        return self._inner.refusal

    @asynccontextmanager
    async def open(self, tree: Path) -> AsyncIterator[ScriptRunner]:
        """Yield a runner for the code of that tree."""
        self._on_progress(self._done, self._total)
        async with self._inner.open(tree) as runner:
            yield _CountedRunner(runner, self._count)

    def _count(self) -> None:
        self._done += 1
        self._on_progress(self._done, self._total)


class _CountedRunner(NamedTuple):
    inner: ScriptRunner
    on_run: Callable[[], None]

    async def run(
        self, script: Script, *, keep_files: bool = False, probe: RunProbe | None = None
    ) -> Transcript:
        transcript = await self.inner.run(script, keep_files=keep_files, probe=probe)
        self.on_run()
        return transcript


def count_runs(trees: int, repeat: int) -> int:
    """Return how many runs `rehearse_commits` needs.

    A comparison needs two runs of the first commit, to tell a change from an unstable answer.
    """
    return max(repeat, 2) + 1 if trees > 1 else repeat


async def rehearse_commits(
    rehearsal: Rehearsal, script: Script, trees: Sequence[tuple[str, Path]], repeat: int = 1
) -> RehearsalResult:
    """Run a script with one commit, or with two to compare them.

    Args:
        trees: One or two pairs of a commit and the folder with its files.
        repeat: How often to run the script with the first commit.
    """
    (commit, base), *others = trees
    times = count_runs(len(trees), repeat) - len(others)
    # The runs are split over two starts of the code, to find what differs from start to start too.
    transcripts = [*await _run_script(rehearsal, base, script, (times + 1) // 2)]
    transcripts += await _run_script(rehearsal, base, script, times // 2)
    done = RehearsalResult(script=script, commit=commit, transcripts=tuple(transcripts))
    for other, tree in others:
        (head,) = await _run_script(rehearsal, tree, script, 1)
        compared = compute_behaviour_diff(
            [AnswerComparison(script, transcripts[0], transcripts[1], head)]
        )
        done = done._replace(other=other, head=head, compared=compared)
    return done


async def _run_script(
    rehearsal: Rehearsal, tree: Path, script: Script, times: int
) -> tuple[Transcript, ...]:
    return await run_scripts(rehearsal, tree, [script] * times) if times else ()
