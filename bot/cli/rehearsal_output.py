"""What `theseus rehearse` prints: a table, YAML, or JSON."""

from collections.abc import Iterator
from typing import Any

from bot.cli.rehearsal_runs import RehearsalResult
from bot.domain.behaviour import AnswerChange, BehaviourDiff
from bot.domain.rehearsal import PersonStep, PlayedStep, Script, Transcript
from bot.infra.yaml_text import write_yaml
from bot.proof.behaviour_diff import format_step
from bot.proof.replays import find_failing_steps, find_objection
from bot.proof.scripts import describe_step, dump_transcript
from bot.proof.visible_lines import START, list_step_lines

_ASKED = 44
_HEAD = ("step", "who", "asks", "people see")


def build_data(done: RehearsalResult) -> dict[str, Any]:
    """Return it for a program."""
    told = _build_transcript_data(done.commit, done.script, done.transcripts[0])
    told |= {"plays": len(done.transcripts), "not_repeatable": done.unsteady}
    if done.head is None or done.compared is None:
        return told
    compared = done.compared.model_dump(mode="json")
    return told | {
        "other": _build_transcript_data(done.other, done.script, done.head),
        "compared": {"told": done.compared.summary, **compared},
    }


def _build_transcript_data(commit: str, script: Script, transcript: Transcript) -> dict[str, Any]:
    world = script.world.model_dump(mode="json")
    play_told = transcript.model_dump(mode="json")
    return {"commit": commit, "failed": transcript.has_failed, "world": world, **play_told}


def render_yaml(done: RehearsalResult) -> Iterator[str]:
    """Yield it in the shape of a script: each step, and under it what was seen of it."""
    yield write_yaml(dump_transcript(done.script, done.transcripts[0])).rstrip()
    if done.head is not None and done.compared is not None:
        yield f"---\n{write_yaml(dump_transcript(done.script, done.head))}".rstrip()
    yield from (f"# {line}" for line in _render_conclusion(done))


def render_lines(done: RehearsalResult) -> Iterator[str]:
    """Yield it for a person: a table of the steps, or of what changes, and what follows from it."""
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
    """Yield the steps; the start only where somebody saw something of it."""
    if transcript.started is not None and list_step_lines(transcript.started):
        yield START, transcript.started
    yield from enumerate(transcript.steps)


def _build_rows(at: int, step: PlayedStep) -> Iterator[tuple[str, str, str, str]]:
    """Yield a step's rows: what was done stands in the first only."""
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
    """Yield what follows: errors with their places, trouble, and whether plays are the same."""
    for commit, play in ((done.commit, done.transcripts[0]), (done.other, done.head)):
        if play is not None:
            yield from _render_errors(f"{commit[:7]}: ", play)
    if done.head is not None:
        yield from _render_fixed(done.transcripts[0], done.head)
    if done.unsteady:
        yield f"{done.unsteady[0].upper()}{done.unsteady[1:]}."
    elif done.compared is None and len(done.transcripts) > 1:
        yield f"{len(done.transcripts)} plays are the same."
    if done.compared is not None:
        yield f"From {done.commit[:7]} to {done.other[:7]}: {done.compared.summary}."
    elif done.fine:
        yield "Nobody got an error."


def _render_fixed(base: Transcript, head: Transcript) -> Iterator[str]:
    """Yield of each failure of base whether head mends it."""
    failures = [error.replace(message="") for step in base.steps for error in step.errors]
    for wanted in dict.fromkeys(failures):
        against = find_objection(find_failing_steps(base, wanted), head)
        told = f"not mended: {against}" if against else "mended"
        yield f"{wanted.event}: {wanted.error} is {told}."


def _render_errors(commit: str, transcript: Transcript) -> Iterator[str]:
    started = [(START, transcript.started)] if transcript.started else []
    for at, step in [*started, *enumerate(transcript.steps)]:
        for error in step.errors:
            place = f" at {error.at}" if error.at else ""
            why = f": {error.message}" if error.message else ""
            yield f"{commit}{error.event} failed {format_step(at)}: {error.error}{place}{why}"
        if step.refused:
            yield f"{commit}it could not be done {format_step(at)}: {step.refused}"
        if step.unanswered and not step.errors:
            yield f"{commit}nobody answered {format_step(at)}"
    if transcript.trouble:
        yield f"{commit}the bot did not hold: {transcript.trouble}"
