"""What a run says about a round, and about what people asked of it, in words."""

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
    what = "way to do it" if run.goal == "change" else "fix"
    if run.round > run.first_round and history.verdict is not None:
        tried = format_rounds(run.round - run.first_round)
        last = f"The {change.engine} engine found nothing else after {tried}."
        told = f"{summarise_failure(history.verdict)}.{describe_unrelated(change)}"
        return f"No proposal: {told} {format_refusal(change) or last}"
    return format_refusal(change) or f"The {change.engine} engine found no {what}. {change.summary}"


def format_refusal(change: ChangeSet) -> str:
    """Return the engine's own no, told as one; empty where it gave none."""
    if not change.cannot:
        return ""
    return f"The {change.engine} engine says it cannot: {escape_line(change.cannot, _NO)}"


def describe_unrelated(change: ChangeSet) -> str:
    """Return which failing checks the engine says are not its change's, and why, as sentences."""
    return "".join(
        f" The {change.engine} engine says that {escape_line(each.about, 80)} has nothing to do with its "
        f"change: {escape_line(each.reason, _SHOWN).rstrip('.')}."
        for each in change.unrelated
    )


def explain_empty_claim(change: ChangeSet) -> str:
    """Return what is wrong with an engine that says it is done and changed nothing."""
    said = to_one_line(change.summary, _SHOWN)
    return f"The {change.engine} engine ended and had changed nothing, whatever it says: “{said}”"


def format_instruction(
    item: Instruction, *, at_once: bool, is_received: bool = False, understood: bool = False
) -> str:
    """Return who asked what of a change, and when it is taken up.

    `at_once` begins a revision with it; where it is `heard`, an engine is at work and is told;
    where what is wanted is still to be `understood`, that is thought over.
    """
    said = "wrote on the pull request" if item.how == "review" else "asked"
    when = (
        "I think it over, and show you anew what I understand."
        if understood
        else "I am on it, and post a new card when it holds."
        if at_once
        else "I pass it on now."
        if is_received
        else "I take it up in the next round."
    )
    return f"✏️ **{item.by}** {said}: “{to_one_line(item.text, _SHOWN)}” {when}"


def format_requests(items: tuple[Instruction, ...]) -> str:
    """Return `alice asked “...”; bob asked “...”`, of the first few."""
    told = [f"{item.by} asked “{to_one_line(item.text, _BRIEF)}”" for item in items[:_FEW]]
    more = len(items) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "")


def format_rounds(count: int) -> str:
    """Return `1 round`, `2 rounds`."""
    return f"{count} round{'' if count == 1 else 's'}"


def explain_moved_branch(error: ForgeConflict) -> str:
    """Return what is said when the branch moved between the word and the merge."""
    return f"Nothing was merged: {error} I check the new commit and post a new card."


def summarise_failure(verdict: Verdict) -> str:
    """Return in a few words why a verdict is not green."""
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
    """Return what the diff guard has against a change as part of the newest base branch."""
    told = "; ".join(finding.summary.rstrip(".") for finding in tier.findings[:_FEW])
    more = f" and {len(tier.findings) - _FEW} more" if len(tier.findings) > _FEW else ""
    return (
        f"merged with what has come to the base branch since, it may not be shipped: {told}{more}. "
        "Reject it and ask again, then I start from there."
    )


UNDECIDED = (
    "That says nothing against this change, and nothing was merged. If the main branch does not "
    "start, fix that first. “Check again” repeats the checks, and merges if they pass."
)


def describe_conflict(error: MergeConflict) -> str:
    """Return what is said where a change and the newest base branch cannot be put together."""
    named = ", ".join(f"`{file}`" for file in error.files[:_FEW])
    more = f" and {len(error.files) - _FEW} more" if len(error.files) > _FEW else ""
    return (
        f"the base branch has changed {named}{more} since I wrote this, in the same places. "
        "Nothing was merged: which of the two is meant, nobody told me. Reject this one and ask "
        "again, then I start from the newest code."
    )


def describe_unrelated_failures(tier: FullTier) -> str:
    """Return which of the full checks that failed fail without the change too, and the way out."""
    failed = [check.name for check in tier.checks if not check.ok]
    anyway = [name for name in failed if name in tier.failing_before]
    if not anyway:
        return ""
    named = "That fails" if anyway == failed else f"Of these, {', '.join(anyway)} fails"
    return (
        f" {named} on base too, without this change: it is not this change's fault, and nothing "
        "can ship until the main branch passes on this machine. `theseus doctor` runs these checks "
        "there and says what they miss."
    )
