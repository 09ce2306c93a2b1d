"""What `theseus rehearse` prints: a table, YAML, or JSON."""

from collections.abc import Iterator
from typing import Any

from bot.cli.rehearsed import Rehearsed
from bot.domain.behaviour import AnswerChange, BehaviourDiff
from bot.domain.rehearsal import PersonStep, PlayedStep, Script, Transcript
from bot.infra.yaml_text import write_yaml
from bot.proof.behaviour_diff import at_step
from bot.proof.replays import not_green, red_steps
from bot.proof.scripts import asked, transcript_data
from bot.proof.seen_lines import START, step_lines

_ASKED = 44
_HEAD = ("step", "who", "asks", "people see")


def rehearsed_data(done: Rehearsed) -> dict[str, Any]:
    """Return it for a program."""
    told = _played(done.commit, done.script, done.plays[0])
    told |= {"plays": len(done.plays), "not_repeatable": done.unsteady}
    if done.head is None or done.compared is None:
        return told
    compared = done.compared.model_dump(mode="json")
    return told | {
        "other": _played(done.other, done.script, done.head),
        "compared": {"told": done.compared.told, **compared},
    }


def _played(commit: str, script: Script, play: Transcript) -> dict[str, Any]:
    world = script.world.model_dump(mode="json")
    play_told = play.model_dump(mode="json")
    return {"commit": commit, "failed": play.failed, "world": world, **play_told}


def rehearsed_yaml(done: Rehearsed) -> Iterator[str]:
    """Yield it in the shape of a script: each step, and under it what was seen of it."""
    yield write_yaml(transcript_data(done.script, done.plays[0])).rstrip()
    if done.head is not None and done.compared is not None:
        yield f"---\n{write_yaml(transcript_data(done.script, done.head))}".rstrip()
    yield from (f"# {line}" for line in _conclusion(done))


def rehearsed_lines(done: Rehearsed) -> Iterator[str]:
    """Yield it for a person: a table of the steps, or of what changes, and what follows from it."""
    if done.compared is None:
        yield from _table(done.plays[0])
    else:
        yield from _changes(done.compared)
    yield from _conclusion(done)


def _table(play: Transcript) -> Iterator[str]:
    rows = [_HEAD, *(row for at, step in _steps(play) for row in _rows(at, step))]
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:3]]
    for row in rows:
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)]
        yield "  ".join([*cells, row[3]]).rstrip()
    yield ""


def _steps(play: Transcript) -> Iterator[tuple[int, PlayedStep]]:
    """Yield the steps; the start only where somebody saw something of it."""
    if play.started is not None and step_lines(play.started):
        yield START, play.started
    yield from enumerate(play.steps)


def _rows(at: int, step: PlayedStep) -> Iterator[tuple[str, str, str, str]]:
    """Yield a step's rows: what was done stands in the first only."""
    who = step.step.by if isinstance(step.step, PersonStep) else ""
    what = "the bot starts" if at == START else " ".join(asked(step.step).split())
    what = what if len(what) <= _ASKED else f"{what[: _ASKED - 1]}…"
    first = ("" if at == START else str(at + 1), who, what)
    for line in step_lines(step) or ("-",):
        yield (*first, line)
        first = ("", "", "")


def _changes(compared: BehaviourDiff) -> Iterator[str]:
    for change in compared.changes:
        yield from _told(change, "before", "after")
    for change in compared.variations:
        yield from _told(change, "once", "again")


def _told(change: AnswerChange, one: str, other: str) -> Iterator[str]:
    yield f"{at_step(change.difference.step)[3:]}  {change.asked}"
    sides = ((one, change.difference.before), (other, change.difference.after))
    for name, lines in sides:
        yield from (
            f"  {name if not at else '':<6}  {line}" for at, line in enumerate(lines or ("-",))
        )
    yield ""


def _conclusion(done: Rehearsed) -> Iterator[str]:
    """Yield what follows: errors with their places, trouble, and whether plays are the same."""
    for commit, play in ((done.commit, done.plays[0]), (done.other, done.head)):
        if play is not None:
            yield from _errors(f"{commit[:7]}: ", play)
    if done.head is not None:
        yield from _mended(done.plays[0], done.head)
    if done.unsteady:
        yield f"{done.unsteady[0].upper()}{done.unsteady[1:]}."
    elif done.compared is None and len(done.plays) > 1:
        yield f"{len(done.plays)} plays are the same."
    if done.compared is not None:
        yield f"From {done.commit[:7]} to {done.other[:7]}: {done.compared.told}."
    elif done.fine:
        yield "Nobody got an error."


def _mended(base: Transcript, head: Transcript) -> Iterator[str]:
    """Yield of each failure of base whether head mends it."""
    failures = [error.but(message="") for step in base.steps for error in step.errors]
    for wanted in dict.fromkeys(failures):
        against = not_green(red_steps(base, wanted), head)
        told = f"not mended: {against}" if against else "mended"
        yield f"{wanted.event}: {wanted.error} is {told}."


def _errors(commit: str, play: Transcript) -> Iterator[str]:
    started = [(START, play.started)] if play.started else []
    for at, step in [*started, *enumerate(play.steps)]:
        for error in step.errors:
            place = f" at {error.at}" if error.at else ""
            why = f": {error.message}" if error.message else ""
            yield f"{commit}{error.event} failed {at_step(at)}: {error.error}{place}{why}"
        if step.refused:
            yield f"{commit}it could not be done {at_step(at)}: {step.refused}"
        if step.unanswered and not step.errors:
            yield f"{commit}nobody answered {at_step(at)}"
    if play.trouble:
        yield f"{commit}the bot did not hold: {play.trouble}"
