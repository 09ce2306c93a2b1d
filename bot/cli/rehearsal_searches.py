"""Searches that play a script with many commits, or many scripts with one."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from bot.domain.rehearsal import PlayedError, Script, ScriptStep, Transcript
from bot.ports.rehearsal import Rehearsal, play_all
from bot.proof.answer_history import ChangedAnswer, changed_answer
from bot.proof.reduction import Reduced, reduced
from bot.proof.replays import red_steps
from bot.proof.seen_lines import seen_lines

LaidOut = Callable[[str], AbstractAsyncContextManager[Path]]
MOST_PLAYS = 100


async def find_change(
    rehearsal: Rehearsal, laid_out: LaidOut, script: Script, commits: Sequence[str]
) -> ChangedAnswer | None:
    """Return since which of the commits, oldest first, the script's last step is answered as now.

    `None` where no older one answers otherwise.
    """

    async def answer(commit: str) -> tuple[str, ...] | None:
        async with laid_out(commit) as tree:
            (play,) = await play_all(rehearsal, tree, [script])
        last = len(script.steps) - 1
        could = not play.trouble and len(play.steps) > last and not play.steps[last].refused
        return seen_lines(play)[last] if could else None

    return await changed_answer(commits, answer)


async def find_least(
    rehearsal: Rehearsal, tree: Path, script: Script
) -> Reduced[ScriptStep] | None:
    """Return the least of the steps before the first failure with which it fails in the same way.

    The step that fails is the last of what is returned. `None` where nothing fails.
    """
    async with rehearsal.open(tree) as player:
        found = _first_failure(await player.play(script))
        if found is None:
            return None
        at, wanted = found

        async def fails(kept: tuple[ScriptStep, ...]) -> bool:
            play = await player.play(script.but(steps=(*kept, script.steps[at])))
            return len(kept) in red_steps(play, wanted)

        least = await reduced(script.steps[:at], fails, plays=MOST_PLAYS)
    return least._replace(kept=(*least.kept, script.steps[at]))


def _first_failure(play: Transcript) -> tuple[int, PlayedError] | None:
    failed = ((at, step.errors[0]) for at, step in enumerate(play.steps) if step.errors)
    return next(failed, None)
