"""What an approval takes, beyond one listed person's word, and whether it has been given."""

from collections.abc import Collection
from typing import Literal

from pydantic import Field, field_validator

from bot.domain.change import Finding
from bot.domain.people import Person
from bot.domain.plan import Plan
from bot.domain.policy import needs_security_review
from bot.domain.proposal import Approval, Proposal
from bot.domain.record import Record

Weight = Literal["high", "security", "any"]
"""What a change may be: of high risk by its plan, touching security-sensitive code, or a change.

What a plan says of its risk may be a model's word; `any` and the paths of `security` are not.
"""


class ApprovalRules(Record):
    """For changes that weigh as in `second_for`: how many people, and who.

    `people` different approvers have to say it, of the same head. With `other_than_requester` who
    asked for the change, or made it what it is (see `Shapers`), does not count among them.
    """

    second_for: frozenset[Weight] = frozenset()
    people: int = Field(default=2, ge=1, le=10)
    other_than_requester: bool = False


class Shapers(Record):
    """Everybody whose word made a change what it is, besides who first asked for it.

    They pressed “Fix it”, had it tried again, asked for more, or answered a question of the run.
    """

    ids: frozenset[int] = frozenset()

    def plus(self, *ids: int) -> "Shapers":
        """Return them with more."""
        return Shapers(ids=self.ids.union(ids))


class Need(Record):
    """How many people have to approve one change; `not_by` are those whose word does not count."""

    people: int = 1
    not_by: frozenset[int] = frozenset()

    @field_validator("not_by", mode="before")
    @classmethod
    def _one_or_nobody(cls, kept: object) -> object:
        """Take it as it was kept when it could be one person only."""
        if kept is None:
            return ()
        return (kept,) if isinstance(kept, int) else kept


class Words(Record):
    """Everybody's word for one card so far, oldest first, each person's once; and what it takes.

    Another card has none: a push voids them all, and one that takes it back brings none to life.
    """

    head: str
    version: int = Field(default=1, description="of the proposal, as on its card")
    given: tuple[Approval, ...] = ()
    need: Need = Need()

    def are_for(self, proposal: Proposal) -> bool:
        """Whether they were said of this very proposal."""
        return (self.head, self.version) == (proposal.head, proposal.version)

    def plus(self, word: Approval, need: Need) -> "Words":
        """Return them with one more; who says it again says it in the place of the first time."""
        known = {each.person.id: each for each in self.given} | {word.person.id: word}
        return self.but(given=tuple(known.values()), need=need)


class Standing(Record):
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


def standing(words: Words, need: Need, may: Collection[int]) -> Standing:
    """Return whose words count, where those with an id in `may` are allowed to approve now."""
    counted = (each for each in words.given if each.person.id in may)
    return Standing(
        need=need, counted=tuple(each for each in counted if each.person.id not in need.not_by)
    )


def told(words: Words) -> str:
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
