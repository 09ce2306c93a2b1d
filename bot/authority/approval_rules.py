"""Whether an approval has been given: who has to, who did, and whose word counts."""

from collections.abc import Collection

from bot.authority.policy import needs_security_review
from bot.domain.approval import ApprovalRules, ApprovalVotes, Need, Shapers, Weight
from bot.domain.change import Finding
from bot.domain.people import Person
from bot.domain.plan import Plan
from bot.domain.proposal import Approval
from bot.domain.record import Record


class VoteStanding(Record):
    """Whose words count now: each person once, in the order they gave them."""

    need: Need
    counted: tuple[Approval, ...] = ()

    @property
    def enough(self) -> bool:
        """Whether it may be merged."""
        return len(self.counted) >= self.need.people

    @property
    def told(self) -> str:
        """How far it is, for people: "1 of 2 approvals: Ada; one more approver has to say it."."""
        return _told(self.need, [approval.person for approval in self.counted])

    def as_one(self) -> Approval:
        """Return the approval the first of them make together; `ValueError` where nobody counts."""
        first, *others = self.counted[: self.need.people]
        return first.but(
            others=tuple(approval.person for approval in others),
            security_reviewed=all(each.security_reviewed for each in (first, *others)),
        )


def weights(plan: Plan | None, findings: tuple[Finding, ...]) -> frozenset[Weight]:
    """Return what a change weighs, by its plan's risk and by the paths it touches."""
    found: set[Weight] = {"any"}
    if plan is not None and plan.risk in ("high", "security"):
        found.add("high")
    if (plan is not None and plan.risk == "security") or needs_security_review(findings):
        found.add("security")
    return frozenset(found)


def needed(
    rules: ApprovalRules, shapers: Shapers, plan: Plan | None, findings: tuple[Finding, ...]
) -> Need:
    """Return what it takes to approve such a change; `shapers` are all who asked for it."""
    if not rules.second_for & weights(plan, findings):
        return Need()
    not_by = shapers.ids if rules.other_than_requester else frozenset[int]()
    return Need(people=rules.people, not_by=not_by)


def standing(words: ApprovalVotes, need: Need, may: Collection[int]) -> VoteStanding:
    """Return whose words count, where those with an id in `may` are allowed to approve now."""
    counted = (each for each in words.given if each.person.id in may)
    return VoteStanding(
        need=need, counted=tuple(each for each in counted if each.person.id not in need.not_by)
    )


def told(words: ApprovalVotes) -> str:
    """Return how far the approval of a head is, by who has said it; empty where one is enough."""
    if words.need == Need():
        return ""
    everybody = [approval.person for approval in words.given]
    return _told(words.need, [p for p in everybody if p.id not in words.need.not_by])


def _told(need: Need, people: list[Person]) -> str:
    left = need.people - len(people)
    names = ", ".join(person.name for person in people)
    so_far = f"{len(people)} of {need.people} approvals" + (f": {names}" if names else "")
    if left <= 0:
        return f"{so_far}."
    who = "one more approver has" if left == 1 and names else f"{left} approvers have"
    who = "an approver has" if left == 1 and not names else who
    besides = ", other than who asked for it" if need.not_by else ""
    return f"{so_far}; {who} to say it{besides}."
