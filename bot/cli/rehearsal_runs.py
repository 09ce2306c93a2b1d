"""The plays of one script, with one commit or with two."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from bot.cli.progress import OnProgress
from bot.domain.behaviour import BehaviourDiff
from bot.domain.rehearsal import Script, Transcript
from bot.ports.rehearsal import Rehearsal, ScriptRunner, run_scripts
from bot.proof.behaviour_diff import AnswerComparison, compute_behaviour_diff, find_nondeterminism


class RehearsalResult(NamedTuple):
    """What came of a script: its plays with one commit, and those with another where compared.

    `head` is the play of `other`, `compared` what changes from `commit` to it.
    """

    script: Script
    commit: str
    transcripts: tuple[Transcript, ...]
    other: str = ""
    head: Transcript | None = None
    compared: BehaviourDiff | None = None

    @property
    def unsteady(self) -> str:
        """Where plays of one commit differ, in words; empty: nowhere."""
        return find_nondeterminism(self.transcripts)

    @property
    def fine(self) -> bool:
        """Whether everything could be done, nobody got an error, and no plays differ."""
        played = [*self.transcripts, *([self.head] if self.head else [])]
        refused = any(step.refused for each in played for step in each.steps)
        failed = refused or any(each.has_failed for each in played)
        changed = self.compared is not None and self.compared.changed > 0
        return not failed and not self.unsteady and not changed


class CountedRehearsal:
    """Implements `bot.ports.rehearsal.Rehearsal`: another one, whose plays are told as they end."""

    def __init__(self, inner: Rehearsal, on_progress: OnProgress, total: int | None) -> None:
        self._inner = inner
        self._on_progress = on_progress
        self._total = total
        self._done = 0

    @property
    def refusal(self) -> str:
        """Return why nothing can be played on this machine."""
        return self._inner.refusal

    @asynccontextmanager
    async def open(self, tree: Path) -> AsyncIterator[ScriptRunner]:
        """Lend a player of that tree's code."""
        self._on_progress(self._done, self._total)
        async with self._inner.open(tree) as player:
            yield _CountedRunner(player, self._count)

    def _count(self) -> None:
        self._done += 1
        self._on_progress(self._done, self._total)


class _CountedRunner(NamedTuple):
    inner: ScriptRunner
    on_run: Callable[[], None]

    async def run(self, script: Script, *, keep_files: bool = False) -> Transcript:
        played = await self.inner.run(script, keep_files=keep_files)
        self.on_run()
        return played


def count_runs(trees: int, repeat: int) -> int:
    """Return how many plays `play_commits` takes: two of the first where there is another."""
    return max(repeat, 2) + 1 if trees > 1 else repeat


async def rehearse_commits(
    rehearsal: Rehearsal, script: Script, trees: Sequence[tuple[str, Path]], repeat: int = 1
) -> RehearsalResult:
    """Play a script with the tree of one commit, or of two to compare them: commits and trees.

    Plays that are to be the same are spread over two starts of the code: what differs from start
    to start is found as well.
    """
    (commit, base), *others = trees
    times = count_runs(len(trees), repeat) - len(others)
    plays = [*await _run_script(rehearsal, base, script, (times + 1) // 2)]
    plays += await _run_script(rehearsal, base, script, times // 2)
    done = RehearsalResult(script=script, commit=commit, transcripts=tuple(plays))
    for other, tree in others:
        (head,) = await _run_script(rehearsal, tree, script, 1)
        compared = compute_behaviour_diff([AnswerComparison(script, plays[0], plays[1], head)])
        done = done._replace(other=other, head=head, compared=compared)
    return done


async def _run_script(
    rehearsal: Rehearsal, tree: Path, script: Script, times: int
) -> tuple[Transcript, ...]:
    return await run_scripts(rehearsal, tree, [script] * times) if times else ()
