"""Texts of a run about its rounds and about people's instructions."""

from bot.domain.change import ChangeSet, FullTier, Verdict
from bot.domain.dialogue import Instruction
from bot.domain.errors import ForgeConflict, MergeConflict
from bot.domain.history import History
from bot.domain.run import Run
from bot.presentation.cards import to_one_line
from bot.presentation.markdown import escape_line

_SHOWN, _BRIEF, _FEW, _NO = 300, 120, 4, 600


def explain_no_change(run: Run, history: History, change: ChangeSet) -> str:
    """Return why a round that changed nothing ends the run."""
    goal = "way to do it" if run.goal == "change" else "fix"
    if run.round > run.first_round and history.verdict is not None:
        tried = format_rounds(run.round - run.first_round)
        last = f"The {change.engine} engine found nothing else after {tried}."
        failure = f"{summarise_failure(history.verdict)}.{describe_unrelated(change)}"
        return f"No proposal: {failure} {format_refusal(change) or last}"
    return format_refusal(change) or f"The {change.engine} engine found no {goal}. {change.summary}"


def format_refusal(change: ChangeSet) -> str:
    """Return the engine's refusal as a sentence; empty if it did not refuse."""
    if not change.cannot:
        return ""
    return f"The {change.engine} engine says it cannot: {escape_line(change.cannot, _NO)}"


def describe_unrelated(change: ChangeSet) -> str:
    """Return, as sentences, which failing checks the engine calls unrelated, and why."""
    return "".join(
        f" The {change.engine} engine says that {escape_line(each.about, 80)} is unrelated to its "
        f"change: {escape_line(each.reason, _SHOWN).rstrip('.')}."
        for each in change.unrelated
    )


def explain_empty_claim(change: ChangeSet) -> str:
    """Return the objection to an engine that claims to be done but changed nothing."""
    claim = to_one_line(change.summary, _SHOWN)
    return f"The {change.engine} engine changed nothing, although it says: “{claim}”"


def format_instruction(
    item: Instruction, *, at_once: bool, is_received: bool = False, understood: bool = False
) -> str:
    """Return who gave which instruction, and when it is used.

    `at_once` starts a revision; with `is_received` an engine at work has received it; with
    `understood` it changes what is to be agreed on.
    """
    verb = "wrote on the pull request" if item.how == "review" else "asked"
    when = (
        "I think about it, and show you again what I understand."
        if understood
        else "I am on it, and post a new card when it holds."
        if at_once
        else "I pass it on now."
        if is_received
        else "I use it in the next round."
    )
    return f"✏️ **{item.by}** {verb}: “{to_one_line(item.text, _SHOWN)}” {when}"


def format_requests(items: tuple[Instruction, ...]) -> str:
    """Return `alice asked “...”; bob asked “...”`, for the first few."""
    requests = [f"{item.by} asked “{to_one_line(item.text, _BRIEF)}”" for item in items[:_FEW]]
    more = len(items) - len(requests)
    return "; ".join(requests) + (f"; and {more} more" if more > 0 else "")


def format_rounds(count: int) -> str:
    """Return `1 round`, `2 rounds`."""
    return f"{count} round{'' if count == 1 else 's'}"


def explain_moved_branch(error: ForgeConflict) -> str:
    """Return the message for a branch that moved between the approval and the merge."""
    return f"Nothing was merged: {error} I check the new commit and post a new card."


def summarise_failure(verdict: Verdict) -> str:
    """Return briefly why a verdict is not passing."""
    blocking = [f.summary.rstrip(".") for f in verdict.findings if f.blocking]
    if blocking:
        return "; ".join(blocking)
    failed = [
        escape_line(check.description, _SHOWN)
        + (" as on base" if check.name in verdict.failing_before else "")
        for check in verdict.checks
        if not check.ok
    ]
    failed += [
        f"{each.kind}: {escape_line(each.summary, _SHOWN)}"
        for each in verdict.proofs
        if not each.holds
    ]
    apart = verdict.passing_on_head is None and (verdict.proofs or verdict.checks)
    if not verdict.is_reproduced and verdict.revert_result is None and not apart:
        failed.insert(0, "the reproduction does not turn from red to green")
    return ", ".join(failed) or "no check passed"


def describe_merge_findings(tier: FullTier) -> str:
    """Return the diff guard's objections to a change merged with the newest base branch."""
    objections = "; ".join(finding.summary.rstrip(".") for finding in tier.findings[:_FEW])
    more = f" and {len(tier.findings) - _FEW} more" if len(tier.findings) > _FEW else ""
    return (
        f"merged with the newest base branch, the change may not be shipped: {objections}{more}. "
        "Reject it and ask again, then I start from there."
    )


# Keep this text: “Check again” is offered to waiting runs whose stored reason contains it.
UNDECIDED = (
    "That says nothing against this change, and nothing was merged. If the main branch does not "
    "start, fix that first. “Check again” repeats the checks, and merges if they pass."
)


def describe_conflict(error: MergeConflict) -> str:
    """Return the message for a change that conflicts with the newest base branch."""
    named = ", ".join(f"`{file}`" for file in error.files[:_FEW])
    more = f" and {len(error.files) - _FEW} more" if len(error.files) > _FEW else ""
    return (
        f"the base branch has changed {named}{more} since I wrote this, in the same places. "
        "Nothing was merged, because I cannot know which version is right. Reject this one and ask "
        "again, then I start from the newest code."
    )


def describe_unrelated_failures(tier: FullTier) -> str:
    """Return which failed full checks also fail without the change, and what to do."""
    failed = [check.name for check in tier.checks if not check.ok]
    anyway = [name for name in failed if name in tier.failing_before]
    if not anyway:
        return ""
    named = "That fails" if anyway == failed else f"Of these, {', '.join(anyway)} fails"
    return (
        f" {named} on base too, without this change. So it is not this change's fault, and nothing "
        "can ship until the main branch passes on this machine. `theseus doctor` runs these checks "
        "there and says what is missing."
    )
