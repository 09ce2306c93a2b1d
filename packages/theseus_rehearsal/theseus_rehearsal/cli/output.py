"""Renders the result of `theseus rehearse` as a table, YAML or JSON."""

from collections.abc import Iterator
from typing import Any

from theseus_rehearsal.behaviour import AnswerChange, BehaviourDiff
from theseus_rehearsal.behaviour_diff import format_step
from theseus_rehearsal.cli.runs import RehearsalResult
from theseus_rehearsal.records import PersonStep, PlayedStep, Script, Transcript
from theseus_rehearsal.replays import find_failing_steps, find_objection
from theseus_rehearsal.scripts import describe_step, dump_transcript
from theseus_rehearsal.visible_lines import START, list_step_lines
from theseus_rehearsal.yaml_text import write_yaml

_ASKED = 44
_HEAD = ("step", "who", "asks", "people see")


def build_data(done: RehearsalResult) -> dict[str, Any]:
    """Return the result as JSON data."""
    data = _build_transcript_data(done.commit, done.script, done.transcripts[0])
    data |= {"plays": len(done.transcripts), "not_repeatable": done.unsteady}
    if done.head is None or done.compared is None:
        return data
    compared = done.compared.model_dump(mode="json")
    return data | {
        "other": _build_transcript_data(done.other, done.script, done.head),
        "compared": {"told": done.compared.summary, **compared},
    }


def _build_transcript_data(commit: str, script: Script, transcript: Transcript) -> dict[str, Any]:
    world = script.world.model_dump(mode="json")
    data = transcript.model_dump(mode="json")
    return {"commit": commit, "failed": transcript.has_failed, "world": world, **data}


def render_yaml(done: RehearsalResult) -> Iterator[str]:
    """Yield the result in the format of a script, with the visible output under each step."""
    yield write_yaml(dump_transcript(done.script, done.transcripts[0])).rstrip()
    if done.head is not None and done.compared is not None:
        yield f"---\n{write_yaml(dump_transcript(done.script, done.head))}".rstrip()
    yield from (f"# {line}" for line in _render_conclusion(done))


def render_lines(done: RehearsalResult) -> Iterator[str]:
    """Yield the result for a person: a table of the steps or changes, then the conclusion."""
    if done.compared is None:
        yield from _render_table(done.transcripts[0])
    else:
        yield from _render_changes(done.compared)
    yield from _render_conclusion(done)


def _render_table(transcript: Transcript) -> Iterator[str]:
    rows = [
        _HEAD,
        *(row for at, step in _iterate_steps(transcript) for row in _build_rows(at, step)),
    ]
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:3]]
    for row in rows:
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)]
        yield "  ".join([*cells, row[3]]).rstrip()
    yield ""


def _iterate_steps(transcript: Transcript) -> Iterator[tuple[int, PlayedStep]]:
    """Yield the steps; the start of the bot is included only if it had visible output."""
    if transcript.started is not None and list_step_lines(transcript.started):
        yield START, transcript.started
    yield from enumerate(transcript.steps)


def _build_rows(at: int, step: PlayedStep) -> Iterator[tuple[str, str, str, str]]:
    """Yield the rows of a step, one per visible line; only the first row names the step."""
    who = step.step.by if isinstance(step.step, PersonStep) else ""
    what = "the bot starts" if at == START else " ".join(describe_step(step.step).split())
    what = what if len(what) <= _ASKED else f"{what[: _ASKED - 1]}…"
    first = ("" if at == START else str(at + 1), who, what)
    for line in list_step_lines(step) or ("-",):
        yield (*first, line)
        first = ("", "", "")


def _render_changes(compared: BehaviourDiff) -> Iterator[str]:
    for change in compared.changes:
        yield from _render_change(change, "before", "after")
    for change in compared.variations:
        yield from _render_change(change, "once", "again")


def _render_change(change: AnswerChange, one: str, other: str) -> Iterator[str]:
    yield f"{format_step(change.difference.step)[3:]}  {change.asked}"
    sides = ((one, change.difference.before), (other, change.difference.after))
    for name, lines in sides:
        yield from (
            f"  {name if not at else '':<6}  {line}" for at, line in enumerate(lines or ("-",))
        )
    yield ""


def _render_conclusion(done: RehearsalResult) -> Iterator[str]:
    """Yield the errors with their locations, fixed failures, and differences between runs."""
    for commit, play in ((done.commit, done.transcripts[0]), (done.other, done.head)):
        if play is not None:
            yield from _render_errors(f"{commit[:7]}: ", play)
    if done.head is not None:
        yield from _render_fixed(done.transcripts[0], done.head)
    if done.unsteady:
        yield f"{done.unsteady[0].upper()}{done.unsteady[1:]}."
    elif done.compared is None and len(done.transcripts) > 1:
        yield f"All {len(done.transcripts)} runs gave the same result."
    if done.compared is not None:
        yield f"From {done.commit[:7]} to {done.other[:7]}: {done.compared.summary}."
    elif done.fine:
        yield "No errors."


def _render_fixed(base: Transcript, head: Transcript) -> Iterator[str]:
    """Yield a line for each failure of base: whether head fixes it."""
    failures = [error.replace(message="") for step in base.steps for error in step.errors]
    for wanted in dict.fromkeys(failures):
        against = find_objection(find_failing_steps(base, wanted), head)
        status = f"not fixed: {against}" if against else "fixed"
        yield f"{wanted.event}: {wanted.error} is {status}."


def _render_errors(commit: str, transcript: Transcript) -> Iterator[str]:
    started = [(START, transcript.started)] if transcript.started else []
    for at, step in [*started, *enumerate(transcript.steps)]:
        for error in step.errors:
            place = f" at {error.at}" if error.at else ""
            why = f": {error.message}" if error.message else ""
            yield f"{commit}{error.event} failed {format_step(at)}: {error.error}{place}{why}"
        if step.refused:
            yield f"{commit}the step could not be done {format_step(at)}: {step.refused}"
        if step.unanswered and not step.errors:
            yield f"{commit}the bot did not answer {format_step(at)}"
    if transcript.trouble:
        yield f"{commit}the bot failed: {transcript.trouble}"
