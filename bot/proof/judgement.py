"""How far a change is proven beside its reproduction, from its texts on base and on head."""

from bot.domain.change import ChangeSet, Finding, Proven
from bot.proof.hazards import Texts, hazards


def judged(change: ChangeSet, before: Texts, after: Texts) -> tuple[Proven, tuple[Finding, ...]]:
    """Return how far it is proven, and what is hazardous about it.

    An engine of rules, which says how far it took the proof itself, may not propose a hazardous
    edit on the strength of the failing call alone: that blocks. What a model wrote has a reviewer;
    there it is said to people, and is proven for that call only.
    """
    if change.proven in ("tests", "undo"):
        return change.proven, ()
    of_rules = change.proven == "call"
    findings = tuple(
        Finding(
            rule="unproven",
            path=each.path,
            message=f"line {each.line} {each.told}, and only the failing call speaks for it",
            blocking=of_rules,
        )
        for each in hazards(before, after)
    )
    return ("call" if of_rules or findings else ""), findings
