"""What changes for people: two commits play the same scripts, and their answers are compared."""

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from bot.domain.behaviour import AnswerChange, BehaviourDiff
from bot.domain.rehearsal import PersonStep, PlayDifference, Script, Transcript
from bot.ports.rehearsal import Rehearsal
from bot.proof.scripts import asked
from bot.proof.seen_lines import START, failed_at, seen_lines

SHOWN = 20
"""How many changes are kept to be shown."""

_LINES, _LONGEST = 12, 300
_SHORT = 160


async def compare(
    rehearsal: Rehearsal, base: Path, head: Path, scripts: Sequence[Script]
) -> BehaviourDiff:
    """Play scripts with the trees of two commits, and return what changes from base to head.

    They are played in turns, script by script: base, head, base again. What differs between the two
    of base tells nothing of the change. Raises `RehearsalError` where nothing can be played.
    """
    if not scripts:
        return BehaviourDiff()
    plays: list[Played] = []
    async with rehearsal.open(base) as older, rehearsal.open(head) as newer:
        for script in scripts:
            first, after = await older.play(script), await newer.play(script)
            plays.append(Played(script, first, await older.play(script), after))
    if all(each.base.trouble for each in plays):
        return BehaviourDiff(unplayed=f"the older commit does not play: {plays[0].base.trouble}")
    return behaviour_diff(plays)


class Played(NamedTuple):
    """What came of a script: with base, with base once more, and with head."""

    script: Script
    base: Transcript
    again: Transcript
    head: Transcript


def behaviour_diff(plays: Sequence[Played]) -> BehaviourDiff:
    """Return what changes from base to head, without what differs between two plays of base."""
    answers, changes, varied = 0, list[AnswerChange](), list[AnswerChange]()
    for number, played in enumerate(plays):
        unsteady = {each.step: each for each in differences(played.base, played.again)}
        found = [
            each for each in differences(played.base, played.head) if each.step not in unsteady
        ]
        same = answered(played.base) & answered(played.head) - unsteady.keys()
        answers += len(same | {each.step for each in found})
        varied += [_change(number, played, each) for each in unsteady.values()]
        changes += [_change(number, played, each) for each in found]
    changes.sort(key=lambda each: each.mended)
    return BehaviourDiff(
        answers=answers,
        changed=len(changes),
        unasked=sum(not each.mended for each in changes),
        varied=len(varied),
        changes=tuple(map(_bounded, changes[:SHOWN])),
        variations=tuple(map(_bounded, varied[:SHOWN])),
    )


def differences(before: Transcript, after: Transcript) -> tuple[PlayDifference, ...]:
    """Return where two plays of one script differ for people, step by step; -1 is the start."""
    old, new = seen_lines(before), seen_lines(after)
    return tuple(
        PlayDifference(step=step, before=old.get(step, ()), after=new.get(step, ()))
        for step in sorted({*old, *new})
        if old.get(step, ()) != new.get(step, ())
    )


def told_change(change: AnswerChange) -> str:
    """Return one answer that is another one, for people: before and after, each in a line."""
    before, after = change.difference.before, change.difference.after
    return f"“{change.asked}” had {_in_a_line(before)}, now {_in_a_line(after)}"


def answered(transcript: Transcript) -> set[int]:
    """Return the steps that could be done and at which people saw anything."""
    return {
        at
        for at, lines in seen_lines(transcript).items()
        if lines and 0 <= at < len(transcript.steps) and not transcript.steps[at].refused
    }


def not_repeatable(plays: Iterable[Transcript]) -> str:
    """Return where plays of one script differ, in words; empty: they are all the same."""
    first, *others = plays
    for other in others:
        if first == other:
            continue
        seen = differences(first, other)
        if seen:
            return f"not repeatable {at_step(seen[0].step)}: {_told(seen[0])}"
        return f"not repeatable: {_hidden_difference(first, other)}"
    return ""


def at_step(step: int) -> str:
    """Return where a step is, for people."""
    return "at the start" if step == START else f"at step {step + 1}"


def _told(difference: PlayDifference) -> str:
    """Return the first line that differs, on both sides."""
    old, new = difference.before, difference.after
    at = next((i for i, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), None)
    at = min(len(old), len(new)) if at is None else at
    before, after = (lines[at] if at < len(lines) else "nothing" for lines in (old, new))
    return f"“{before.strip()[:_LONGEST]}”, then “{after.strip()[:_LONGEST]}”"


def _hidden_difference(one: Transcript, other: Transcript) -> str:
    """Return what differs without anybody seeing it."""
    if one.files != other.files:
        names = sorted(name for name, _ in one.files.items() ^ other.files.items())
        return f"the bot's file {names[0]} ends with other content"
    for at, (mine, its) in enumerate(zip(one.steps, other.steps, strict=False)):
        if mine != its:
            return f"{at_step(at)} people see the same, but the errors or messages are others"
    return "it starts in another way"


def _change(number: int, played: Played, difference: PlayDifference) -> AnswerChange:
    return AnswerChange(
        script=number,
        asked=_asked(played.script, difference.step),
        difference=difference,
        mended=_mended(played.base, played.head, difference.step),
    )


def _mended(base: Transcript, head: Transcript, step: int) -> bool:
    """Whether somebody got an error at this step or before it with base, and nobody with head."""
    before = any(map(failed_at, base.steps[: step + 1])) or (bool(base.trouble) and step != START)
    after = any(map(failed_at, head.steps[: step + 1])) or bool(head.trouble)
    return before and not after


def _asked(script: Script, step: int) -> str:
    if not 0 <= step < len(script.steps):
        return "the bot starts" if step == START else "the bot goes on"
    found = script.steps[step]
    return f"{found.by}: {asked(found)}" if isinstance(found, PersonStep) else asked(found)


def _in_a_line(lines: Sequence[str]) -> str:
    text = " / ".join(line.strip() for line in lines) or "nothing"
    return f"“{text}”" if len(text) <= _SHORT else f"“{text[: _SHORT - 1]}…”"


def _bounded(change: AnswerChange) -> AnswerChange:
    """Return a change with what differs of very long answers, and little else of them."""
    old, new = change.difference.before, change.difference.after
    pairs = [*zip_longest(old, new, fillvalue="")]
    first = next((at for at, (one, other) in enumerate(pairs) if one != other), 0)
    start = max(0, first - 2) if len(pairs) > _LINES else 0
    cut = [(_cut(one, other), _cut(other, one)) for one, other in pairs[start:]]
    before, after = (
        (*lines[: max(0, total - start)][:_LINES], *_more(total - start))
        for lines, total in zip(zip(*cut, strict=True), (len(old), len(new)), strict=True)
    )
    return change.but(difference=change.difference.but(before=before, after=after))


def _cut(line: str, other: str) -> str:
    """Return a line; of a long one the part where it differs from the other."""
    if len(line) <= _LONGEST:
        return line
    pairs = enumerate(zip(line, other, strict=False))
    same = next((at for at, (one, its) in pairs if one != its), min(len(line), len(other)))
    start = max(0, same - _LONGEST // 2)
    end = "…" if len(line) > start + _LONGEST else ""
    return f"{'…' if start else ''}{line[start : start + _LONGEST]}{end}"


def _more(lines: int) -> tuple[str, ...]:
    return (f"… and {lines - _LINES} lines more",) if lines > _LINES else ()
