"""Finds what changes for people: two commits run the same scripts, and answers are compared."""

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from theseus_rehearsal.behaviour import AnswerChange, BehaviourDiff
from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.records import PersonStep, PlayDifference, Script, Transcript
from theseus_rehearsal.scripts import describe_step
from theseus_rehearsal.visible_lines import START, has_failed, list_visible_lines

MAX_CHANGES = 20
"""The number of changes that are stored to be shown."""

_LINES, _LONGEST = 12, 300
_SHORT = 160


async def compare(
    rehearsal: Rehearsal, base: Path, head: Path, scripts: Sequence[Script]
) -> BehaviourDiff:
    """Run scripts with the trees of two commits, and return what changes from base to head.

    Each script is run with base, with head, and with base again. A difference between the two
    runs of base is random and does not count. Raises `RehearsalError` if nothing can be run.
    """
    if not scripts:
        return BehaviourDiff()
    comparisons: list[AnswerComparison] = []
    async with rehearsal.open(base) as older, rehearsal.open(head) as newer:
        for script in scripts:
            first, after = await older.run(script), await newer.run(script)
            comparisons.append(AnswerComparison(script, first, await older.run(script), after))
    if all(played.base.trouble for played in comparisons):
        return BehaviourDiff(
            unplayed=f"the older commit cannot be played: {comparisons[0].base.trouble}"
        )
    return compute_behaviour_diff(comparisons)


class AnswerComparison(NamedTuple):
    """The runs of a script: with base, with base again, and with head."""

    script: Script
    base: Transcript
    repeat: Transcript
    head: Transcript


def compute_behaviour_diff(comparisons: Sequence[AnswerComparison]) -> BehaviourDiff:
    """Return what changes from base to head, without what differs between two runs of base."""
    answers, changes, varied = 0, list[AnswerChange](), list[AnswerChange]()
    for number, played in enumerate(comparisons):
        unsteady = {
            difference.step: difference
            for difference in find_differences(played.base, played.repeat)
        }
        found = [
            difference
            for difference in find_differences(played.base, played.head)
            if difference.step not in unsteady
        ]
        same = find_answered_steps(played.base) & find_answered_steps(played.head) - unsteady.keys()
        answers += len(same | {each.step for each in found})
        varied += [_build_change(number, played, each) for each in unsteady.values()]
        changes += [_build_change(number, played, each) for each in found]
    changes.sort(key=lambda each: each.is_fixed)
    return BehaviourDiff(
        answers=answers,
        changed=len(changes),
        unasked=sum(not change.is_fixed for change in changes),
        varied=len(varied),
        changes=tuple(map(_truncate_change, changes[:MAX_CHANGES])),
        variations=tuple(map(_truncate_change, varied[:MAX_CHANGES])),
    )


def find_differences(before: Transcript, after: Transcript) -> tuple[PlayDifference, ...]:
    """Return the visible differences between two runs of one script by step; -1 is the start."""
    old, new = list_visible_lines(before), list_visible_lines(after)
    return tuple(
        PlayDifference(step=step, before=old.get(step, ()), after=new.get(step, ()))
        for step in sorted({*old, *new})
        if old.get(step, ()) != new.get(step, ())
    )


def describe_change(change: AnswerChange) -> str:
    """Return one answer that is another one, for people: before and after, each in a line."""
    before, after = change.difference.before, change.difference.after
    return f"“{change.asked}” had {_format_line(before)}, now {_format_line(after)}"


def find_answered_steps(transcript: Transcript) -> set[int]:
    """Return the steps that could be done and showed people anything."""
    return {
        at
        for at, lines in list_visible_lines(transcript).items()
        if lines and 0 <= at < len(transcript.steps) and not transcript.steps[at].refused
    }


def find_nondeterminism(transcripts: Iterable[Transcript]) -> str:
    """Return the first difference between runs of one script, or an empty string."""
    first, *others = transcripts
    for other in others:
        if first == other:
            continue
        seen = find_differences(first, other)
        if seen:
            return f"not repeatable {format_step(seen[0].step)}: {_format_difference(seen[0])}"
        return f"not repeatable: {_find_hidden_difference(first, other)}"
    return ""


def format_step(step: int) -> str:
    """Return the position of a step, for people."""
    return "at the start" if step == START else f"at step {step + 1}"


def _format_difference(difference: PlayDifference) -> str:
    """Return the first line that differs, on both sides."""
    old, new = difference.before, difference.after
    at = next((i for i, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), None)
    at = min(len(old), len(new)) if at is None else at
    before, after = (lines[at] if at < len(lines) else "nothing" for lines in (old, new))
    return f"“{before.strip()[:_LONGEST]}”, then “{after.strip()[:_LONGEST]}”"


def _find_hidden_difference(one: Transcript, other: Transcript) -> str:
    """Return a difference that no one can see."""
    if one.files != other.files:
        names = sorted(name for name, _ in one.files.items() ^ other.files.items())
        return f"the bot's file {names[0]} ends with other content"
    for at, (mine, its) in enumerate(zip(one.steps, other.steps, strict=False)):
        if mine != its:
            return f"{format_step(at)} people see the same, but errors or messages differ"
    return "the bot starts differently"


def _build_change(
    number: int, comparison: AnswerComparison, difference: PlayDifference
) -> AnswerChange:
    return AnswerChange(
        script=number,
        asked=_describe_action(comparison.script, difference.step),
        difference=difference,
        is_fixed=_is_fixed(comparison.base, comparison.head, difference.step),
    )


def _is_fixed(base: Transcript, head: Transcript, step: int) -> bool:
    """Return whether base failed at this step or an earlier one, and head did not."""
    before = any(map(has_failed, base.steps[: step + 1])) or (bool(base.trouble) and step != START)
    after = any(map(has_failed, head.steps[: step + 1])) or bool(head.trouble)
    return before and not after


def _describe_action(script: Script, step: int) -> str:
    if not 0 <= step < len(script.steps):
        return "the bot starts" if step == START else "the bot goes on"
    found = script.steps[step]
    return (
        f"{found.by}: {describe_step(found)}"
        if isinstance(found, PersonStep)
        else describe_step(found)
    )


def _format_line(lines: Sequence[str]) -> str:
    text = " / ".join(line.strip() for line in lines) or "nothing"
    return f"“{text}”" if len(text) <= _SHORT else f"“{text[: _SHORT - 1]}…”"


def _truncate_change(change: AnswerChange) -> AnswerChange:
    """Return a change with very long answers cut to the differing part."""
    old, new = change.difference.before, change.difference.after
    pairs = [*zip_longest(old, new, fillvalue="")]
    first = next((at for at, (one, other) in enumerate(pairs) if one != other), 0)
    start = max(0, first - 2) if len(pairs) > _LINES else 0
    cut = [(_truncate_line(one, other), _truncate_line(other, one)) for one, other in pairs[start:]]
    before, after = (
        (*lines[: max(0, total - start)][:_LINES], *_format_remainder(total - start))
        for lines, total in zip(zip(*cut, strict=True), (len(old), len(new)), strict=True)
    )
    return change.replace(difference=change.difference.replace(before=before, after=after))


def _truncate_line(line: str, other: str) -> str:
    """Return a line, cut to the part that differs from the other line if long."""
    if len(line) <= _LONGEST:
        return line
    pairs = enumerate(zip(line, other, strict=False))
    same = next((at for at, (one, its) in pairs if one != its), min(len(line), len(other)))
    start = max(0, same - _LONGEST // 2)
    end = "…" if len(line) > start + _LONGEST else ""
    return f"{'…' if start else ''}{line[start : start + _LONGEST]}{end}"


def _format_remainder(lines: int) -> tuple[str, ...]:
    return (f"… and {lines - _LINES} lines more",) if lines > _LINES else ()
