"""Searches that play a script with many commits, or many scripts with one."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NamedTuple

from bot.domain.rehearsal import PlayedError, Script, ScriptStep, Transcript
from bot.ports.rehearsal import Rehearsal, run_script
from bot.proof.answer_history import ChangedAnswer, find_changed_answer
from bot.proof.reduction import Reduced, reduce_setup
from bot.proof.replays import is_same_failure
from bot.proof.visible_lines import START, list_visible_lines

LaidOut = Callable[[str], AbstractAsyncContextManager[Path]]
MAX_RUNS = 100


class AnswerSearch(NamedTuple):
    """What was found of a script's last step in a history.

    `changed` is where its answer became another. Where it did not: `first` is the oldest commit
    that answers at all, after others that do not, and `why_not` is why not; without `first` it is
    why the newest one does not answer.
    """

    changed: ChangedAnswer | None = None
    first: str = ""
    why_not: str = ""
    runs: int = 0


class ScriptFailure(NamedTuple):
    """A failure of a play, to be recognised in another: at which step, and what is wrong there.

    `error` where the journal tells of one; else `kind` says how people meet it. At `START` no step
    is needed for it.
    """

    at: int
    kind: str
    error: PlayedError | None = None
    description: str = ""


async def find_change(
    rehearsal: Rehearsal, laid_out: LaidOut, script: Script, commits: Sequence[str]
) -> AnswerSearch:
    """Return since which of the commits, oldest first, the last step is answered as it is."""
    silent: dict[str, str] = {}
    answering: list[str] = []
    last = len(script.steps) - 1

    async def answer(commit: str) -> tuple[str, ...] | None:
        async with laid_out(commit) as tree:
            play = await run_script(rehearsal, tree, script)
        if why := _explain_unanswerable(play, last):
            silent[commit] = why
            return None
        answering.append(commit)
        return list_visible_lines(play)[last]

    changed = await find_changed_answer(commits, answer)
    plays = len(silent) + len(answering)
    if changed is not None or not silent:
        return AnswerSearch(changed, runs=plays)
    if commits[-1] in silent:
        return AnswerSearch(why_not=silent[commits[-1]], runs=plays)
    first = min(answering, key=commits.index)
    before = max(silent, key=commits.index)
    return AnswerSearch(first=first, why_not=silent[before], runs=plays)


def _explain_unanswerable(transcript: Transcript, step: int) -> str:
    """Return why nothing can be said of that step's answer."""
    if transcript.trouble:
        return f"the bot does not hold: {transcript.trouble}"
    return transcript.steps[step].refused


async def find_least(
    rehearsal: Rehearsal, tree: Path, script: Script
) -> tuple[ScriptFailure, Reduced[ScriptStep]] | None:
    """Return the first failure, and the least of the steps before it with which it comes again.

    The step that fails is the last of what is returned. `None` where nothing fails.
    """
    async with rehearsal.open(tree) as player:
        found = find_first_failure(await player.run(script))
        if found is None:
            return None
        if found.at == START:
            return found, Reduced((), 0, minimal=True)
        failing = script.steps[found.at : found.at + 1]

        async def is_failing(steps: tuple[ScriptStep, ...]) -> bool:
            play = await player.run(script.replace(steps=(*steps, *failing)))
            again = find_first_failure(play)
            return again is not None and _is_same_failure(found, again) and again.at == len(steps)

        least = await reduce_setup(script.steps[: found.at], is_failing, max_runs=MAX_RUNS)
    return found, least._replace(remaining=(*least.remaining, *failing))


def find_first_failure(transcript: Transcript) -> ScriptFailure | None:
    """Return the first thing that goes wrong: an error, no answer, what cannot be done, the end."""
    ended = f"the bot did not hold: {transcript.trouble}" if transcript.trouble else ""
    if ended and (
        not transcript.steps or (transcript.started is not None and transcript.started.errors)
    ):
        return ScriptFailure(START, "trouble", description=ended)
    for at, step in enumerate(transcript.steps):
        if step.errors:
            return ScriptFailure(at, "error", step.errors[0], step.errors[0].error)
        if ended and at == len(transcript.steps) - 1:
            return ScriptFailure(at, "trouble", description=ended)
        if step.unanswered:
            return ScriptFailure(at, "unanswered", description="nobody answers")
        if step.refused:
            return ScriptFailure(at, "refused", description=step.refused)
    return None


def _is_same_failure(one: ScriptFailure, other: ScriptFailure) -> bool:
    if one.error is not None and other.error is not None:
        return is_same_failure(one.error, other.error)
    return one.kind == other.kind
