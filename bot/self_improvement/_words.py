"""What a run says about a round, in words."""

from bot.domain.change import ChangeSet, Verdict
from bot.domain.errors import ForgeConflict
from bot.domain.history import History
from bot.domain.run import Run


def nothing_found(run: Run, history: History, change: ChangeSet) -> str:
    """Return why a round that changed nothing ends the run."""
    if run.round > 1 and history.verdict is not None:
        return (
            f"No proposal: {complaint(history.verdict)}. The {change.engine} engine found nothing "
            f"else after {rounds(run.round - 1)}."
        )
    return f"The {change.engine} engine found no fix. {change.summary}"


def rounds(count: int) -> str:
    """Return `1 round`, `2 rounds`."""
    return f"{count} round{'' if count == 1 else 's'}"


def moved_text(error: ForgeConflict) -> str:
    """Return what is said when the branch moved between the word and the merge."""
    return f"Nothing was merged: {error} I check the new commit and post a new card."


def complaint(verdict: Verdict) -> str:
    """Return in a few words why a verdict is not green."""
    blocking = [f.told.rstrip(".") for f in verdict.findings if f.blocking]
    if blocking:
        return "; ".join(blocking)
    failed = [
        f"{check.name} {check.status}" + (" as on base" if check.name in verdict.red_before else "")
        for check in verdict.checks
        if not check.ok
    ]
    if not verdict.reproduced:
        failed.insert(0, "the reproduction does not turn from red to green")
    return ", ".join(failed) or "no check passed"
