"""What a repair starts from: a failing script, scripts that must not change, and their runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from theseus_repair.judged_search import Observation
from theseus_repair.model import Crash, TraceFrame

from theseus_rehearsal.behaviour_diff import AnswerComparison
from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.ports.rehearsal import ScriptRunner
from theseus_rehearsal.probe import RunProbe
from theseus_rehearsal.records import PlayedError, PlayedStep, Script, Transcript
from theseus_rehearsal.visible_lines import START, has_failed, list_visible_lines


class RepairCase(NamedTuple):
    """A script that fails. `expected` are the answers that it states, if it states any.

    `others` are scripts whose answers a fix must not change.
    """

    script: Script
    expected: Transcript | None = None
    others: tuple[Script, ...] = ()


@dataclass(frozen=True)
class ReplayedScript:
    """A script, and its runs before any edit: what differs between the two is random."""

    script: Script
    first: Transcript
    repeat: Transcript

    def compare(self, head: Transcript) -> AnswerComparison:
        """Return the comparison with a run of edited code."""
        return AnswerComparison(self.script, self.first, self.repeat, head)


async def replay_twice(scripts: Sequence[Script], runner: ScriptRunner) -> list[ReplayedScript]:
    """Run scripts with the code as it is: once with a record of the lines, once as candidates."""
    return [
        ReplayedScript(
            each, await runner.run(each, probe=RunProbe(traces_steps=True)), await runner.run(each)
        )
        for each in scripts
    ]


def find_failing_steps(replayed: ReplayedScript, expected: Transcript | None) -> tuple[int, ...]:
    """Return the steps that fail in both runs; `START` if the bot does not start.

    With `expected`, these are the steps with other answers. Raises `RehearsalError` if none fails.
    """
    runs = [_list_failing(each, expected) for each in (replayed.first, replayed.repeat)]
    if common := runs[0] & runs[1]:
        return tuple(sorted(common))
    if runs[0] | runs[1]:
        raise RehearsalError(
            "--repair: the script fails in one of two runs only, so a run without a failure would "
            "prove nothing. Repair needs a script that always fails."
        )
    raise RehearsalError("--repair: the script passes already; there is nothing to repair.")


def _list_failing(transcript: Transcript, expected: Transcript | None) -> set[int]:
    if transcript.trouble and not transcript.steps:
        return {START}
    failing = {at for at, step in enumerate(transcript.steps) if has_failed(step) or step.refused}
    if expected is not None:
        wanted, seen = list_visible_lines(expected), list_visible_lines(transcript)
        steps = range(len(transcript.steps))
        failing = {at for at in steps if wanted.get(at, ()) != seen.get(at, ())}
    if transcript.trouble:
        failing.add(len(transcript.steps) - 1)
    return failing


def build_observation(
    replayed: Sequence[ReplayedScript], failing_steps: Sequence[int]
) -> Observation:
    """Return what the runs show of the failure; the first script is the one that fails.

    Each step counts as a run: the lines of the failing ones are suspect, the more the less the
    others ran them.
    """
    runs: dict[str, PlayedStep] = {}
    for number, each in enumerate(replayed):
        if each.first.started is not None:
            runs[f"{number}, start"] = each.first.started
        runs.update({f"{number}, {at}": step for at, step in enumerate(each.first.steps)})
    names = ("start" if at == START else str(at) for at in failing_steps)
    failing = frozenset(f"0, {name}" for name in names) & runs.keys()
    errors = [error for name in sorted(failing) for error in runs[name].errors]
    return Observation(
        crashes=tuple(map(build_crash, errors)),
        coverage={name: step.lines for name, step in runs.items() if step.lines},
        failing=failing,
        passing=frozenset(runs.keys() - failing),
    )


def build_crash(error: PlayedError) -> Crash:
    """Return a failure of the bot as the search knows it."""
    frames = tuple(TraceFrame(frame.file, frame.line, frame.function) for frame in error.frames)
    return Crash(error.error.rpartition(".")[2], error.message, frames)
