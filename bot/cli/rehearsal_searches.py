"""Searches that play a script with many commits, or many scripts with one."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NamedTuple

from bot.domain.rehearsal import PlayedError, Script, ScriptStep, Transcript
from bot.ports.rehearsal import Rehearsal, play_one
from bot.proof.answer_history import ChangedAnswer, changed_answer
from bot.proof.reduction import Reduced, reduced
from bot.proof.replays import same_failure
from bot.proof.seen_lines import START, seen_lines

LaidOut = Callable[[str], AbstractAsyncContextManager[Path]]
MOST_PLAYS = 100


class AnswerSearch(NamedTuple):
    """What was found of a script's last step in a history.

    `changed` is where its answer became another. Where it did not: `first` is the oldest commit
    that answers at all, after others that do not, and `why_not` is why not; without `first` it is
    why the newest one does not answer.
    """

    changed: ChangedAnswer | None = None
    first: str = ""
    why_not: str = ""
    plays: int = 0


class PlayFailure(NamedTuple):
    """A failure of a play, to be recognised in another: at which step, and what is wrong there.

    `error` where the journal tells of one; else `kind` says how people meet it. At `START` no step
    is needed for it.
    """

    at: int
    kind: str
    error: PlayedError | None = None
    told: str = ""


async def find_change(
    rehearsal: Rehearsal, laid_out: LaidOut, script: Script, commits: Sequence[str]
) -> AnswerSearch:
    """Return since which of the commits, oldest first, the last step is answered as it is."""
    silent: dict[str, str] = {}
    answering: list[str] = []
    last = len(script.steps) - 1

    async def answer(commit: str) -> tuple[str, ...] | None:
        async with laid_out(commit) as tree:
            play = await play_one(rehearsal, tree, script)
        if why := _unanswerable(play, last):
            silent[commit] = why
            return None
        answering.append(commit)
        return seen_lines(play)[last]

    changed = await changed_answer(commits, answer)
    plays = len(silent) + len(answering)
    if changed is not None or not silent:
        return AnswerSearch(changed, plays=plays)
    if commits[-1] in silent:
        return AnswerSearch(why_not=silent[commits[-1]], plays=plays)
    first = min(answering, key=commits.index)
    before = max(silent, key=commits.index)
    return AnswerSearch(first=first, why_not=silent[before], plays=plays)


def _unanswerable(play: Transcript, step: int) -> str:
    """Return why nothing can be said of that step's answer."""
    if play.trouble:
        return f"the bot does not hold: {play.trouble}"
    return play.steps[step].refused


async def find_least(
    rehearsal: Rehearsal, tree: Path, script: Script
) -> tuple[PlayFailure, Reduced[ScriptStep]] | None:
    """Return the first failure, and the least of the steps before it with which it comes again.

    The step that fails is the last of what is returned. `None` where nothing fails.
    """
    async with rehearsal.open(tree) as player:
        found = first_failure(await player.play(script))
        if found is None:
            return None
        if found.at == START:
            return found, Reduced((), 0, minimal=True)
        failing = script.steps[found.at : found.at + 1]

        async def fails(kept: tuple[ScriptStep, ...]) -> bool:
            play = await player.play(script.but(steps=(*kept, *failing)))
            again = first_failure(play)
            return again is not None and _same(found, again) and again.at == len(kept)

        least = await reduced(script.steps[: found.at], fails, plays=MOST_PLAYS)
    return found, least._replace(kept=(*least.kept, *failing))


def first_failure(play: Transcript) -> PlayFailure | None:
    """Return the first thing that goes wrong: an error, no answer, what cannot be done, the end."""
    ended = f"the bot did not hold: {play.trouble}" if play.trouble else ""
    if ended and (not play.steps or (play.started is not None and play.started.errors)):
        return PlayFailure(START, "trouble", told=ended)
    for at, step in enumerate(play.steps):
        if step.errors:
            return PlayFailure(at, "error", step.errors[0], step.errors[0].error)
        if ended and at == len(play.steps) - 1:
            return PlayFailure(at, "trouble", told=ended)
        if step.unanswered:
            return PlayFailure(at, "unanswered", told="nobody answers")
        if step.refused:
            return PlayFailure(at, "refused", told=step.refused)
    return None


def _same(one: PlayFailure, other: PlayFailure) -> bool:
    if one.error is not None and other.error is not None:
        return same_failure(one.error, other.error)
    return one.kind == other.kind
