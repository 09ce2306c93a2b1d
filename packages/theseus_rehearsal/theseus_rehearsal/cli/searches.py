"""Searches that run a script with many commits, or many scripts with one commit."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NamedTuple

from theseus_rehearsal.answer_history import ChangedAnswer, find_changed_answer
from theseus_rehearsal.ports.rehearsal import Rehearsal, run_script
from theseus_rehearsal.records import PlayedError, Script, ScriptStep, Transcript
from theseus_rehearsal.reduction import Reduced, reduce_setup
from theseus_rehearsal.replays import is_same_failure
from theseus_rehearsal.visible_lines import START, list_visible_lines

LaidOut = Callable[[str], AbstractAsyncContextManager[Path]]
MAX_RUNS = 100


class AnswerSearch(NamedTuple):
    """The result of searching a history for a change in the answer of a script's last step.

    Attributes:
        changed: Where the answer changed, if it did.
        first: Without a change: the oldest commit that answers, if older ones do not.
        why_not: Why the commits before `first` do not answer; without `first`, why the newest
            commit does not.
        runs: How often the script was run.
    """

    changed: ChangedAnswer | None = None
    first: str = ""
    why_not: str = ""
    runs: int = 0


class ScriptFailure(NamedTuple):
    """A failure in a transcript, in a form that can be recognised in another transcript.

    `at` is the step, or `START` if the bot failed before any step. `error` is the recorded error;
    without one, `kind` says how the failure shows.
    """

    at: int
    kind: str
    error: PlayedError | None = None
    description: str = ""


async def find_change(
    rehearsal: Rehearsal, laid_out: LaidOut, script: Script, commits: Sequence[str]
) -> AnswerSearch:
    """Find the commit that changed the answer to the last step; `commits` has the oldest first."""
    silent: dict[str, str] = {}
    answering: list[str] = []
    last = len(script.steps) - 1

    async def answer(commit: str) -> tuple[str, ...] | None:
        async with laid_out(commit) as tree:
            transcript = await run_script(rehearsal, tree, script)
        if why := _explain_unanswerable(transcript, last):
            silent[commit] = why
            return None
        answering.append(commit)
        return list_visible_lines(transcript)[last]

    changed = await find_changed_answer(commits, answer)
    runs = len(silent) + len(answering)
    if changed is not None or not silent:
        return AnswerSearch(changed, runs=runs)
    if commits[-1] in silent:
        return AnswerSearch(why_not=silent[commits[-1]], runs=runs)
    first = min(answering, key=commits.index)
    before = max(silent, key=commits.index)
    return AnswerSearch(first=first, why_not=silent[before], runs=runs)


def _explain_unanswerable(transcript: Transcript, step: int) -> str:
    """Return why that step cannot have an answer; empty if it can."""
    if transcript.trouble:
        return f"the bot failed: {transcript.trouble}"
    return transcript.steps[step].refused


async def find_least(
    rehearsal: Rehearsal, tree: Path, script: Script
) -> tuple[ScriptFailure, Reduced[ScriptStep]] | None:
    """Return the first failure and the fewest steps that reproduce it, or `None` without a failure.

    The last of the returned steps is the one that fails.
    """
    async with rehearsal.open(tree) as runner:
        found = find_first_failure(await runner.run(script))
        if found is None:
            return None
        if found.at == START:
            return found, Reduced((), 0, minimal=True)
        failing = script.steps[found.at : found.at + 1]

        async def is_failing(steps: tuple[ScriptStep, ...]) -> bool:
            transcript = await runner.run(script.replace(steps=(*steps, *failing)))
            failure = find_first_failure(transcript)
            return (
                failure is not None
                and _is_same_failure(found, failure)
                and failure.at == len(steps)
            )

        least = await reduce_setup(script.steps[: found.at], is_failing, max_runs=MAX_RUNS)
    return found, least._replace(remaining=(*least.remaining, *failing))


def find_first_failure(transcript: Transcript) -> ScriptFailure | None:
    """Return the first failure: an error, a missing answer, a refused step, or the bot's end."""
    ended = f"the bot failed: {transcript.trouble}" if transcript.trouble else ""
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
            return ScriptFailure(at, "unanswered", description="the bot does not answer")
        if step.refused:
            return ScriptFailure(at, "refused", description=step.refused)
    return None


def _is_same_failure(one: ScriptFailure, other: ScriptFailure) -> bool:
    if one.error is not None and other.error is not None:
        return is_same_failure(one.error, other.error)
    return one.kind == other.kind
