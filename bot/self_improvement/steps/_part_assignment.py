"""Builds the assignment for one part of a change, and combines the parts' results."""

from collections.abc import Sequence

from bot.domain.brief import Acceptance
from bot.domain.change import ChangeSet, WrittenPart
from bot.domain.cogs import get_cog_name
from bot.domain.plan import PlanPart
from bot.ports.agent import Assignment, PartOfWork
from bot.proof.acceptance import get_acceptance_path


def build_part_assignment(
    assignment: Assignment, part: PlanPart, *, retry_reason: str = "", conflict: str = ""
) -> Assignment:
    """Return the assignment for one part: its steps, and the examples that it alone shows.

    A part of a fix need not end the failure alone: the failing calls are only a help there.
    `retry_reason` says why the part is written again on top of the parts before it, and `conflict`
    what both sides have where they did not merge.
    """
    examples = assignment.brief.acceptances if assignment.brief else ()
    own = {get_acceptance_path(each) for each in examples if _is_example_of(each, part, assignment)}
    tests = [test for test in assignment.plan.reproductions if test.path in own]
    plan = assignment.plan.replace(
        steps=part.steps,
        reproduction=tests[0] if tests else None,
        witnesses=tuple(tests[1:]),
        replay=assignment.plan.replay if assignment.brief else None,
        guides=() if assignment.brief else assignment.plan.judged_by,
    )
    others = {
        each.name: tuple(sorted(each.owned_files))
        for each in assignment.plan.parts
        if each.name != part.name
    }
    own_part = PartOfWork(
        name=part.name, others=others, retry_reason=retry_reason, conflict=conflict
    )
    return assignment.replace(plan=plan, part=own_part)


def _is_example_of(example: Acceptance, part: PlanPart, assignment: Assignment) -> bool:
    """Return whether an example uses cogs that this part changes, and none of another part."""
    cogs = {*example.script.world.cogs}
    own = {get_cog_name(file) for file in part.owned_files}
    all_owned = {get_cog_name(file) for file in assignment.plan.owned_files}
    return bool(cogs & own) and cogs & all_owned <= own


def combine_changes(changes: Sequence[ChangeSet], parts: tuple[WrittenPart, ...]) -> ChangeSet:
    """Return the parts' results as one change."""
    named_changes = [(part.name, change) for part, change in zip(parts, changes, strict=True)]
    verdicts = [change.approved for change in changes if change.review]
    return changes[-1].replace(
        summary=" ".join(change.summary for change in changes),
        description="\n\n".join(f"{name}: {each.description}" for name, each in named_changes
                                if each.description),
        review="; ".join(f"{name}: {each.review}" for name, each in named_changes if each.review),
        approved=_combine_verdicts(verdicts),
        title="",
        attempts=tuple(each for change in changes for each in change.attempts),
        granted=tuple(each for change in changes for each in change.granted),
        unrelated=tuple(each for change in changes for each in change.unrelated),
        not_done=tuple(each for change in changes for each in change.not_done),
        parts=parts,
    )  # fmt: skip


def _combine_verdicts(verdicts: Sequence[bool | None]) -> bool | None:
    """Return the verdict on all parts: an objection to one counts; so does one nobody reviewed."""
    if False in verdicts:
        return False
    return None if None in verdicts or not verdicts else True
