"""What an approval takes, beyond one listed person's word, and the words given so far."""

from typing import ClassVar, Literal

from pydantic import Field, field_validator

from bot.domain.proposal import Approval, Proposal
from bot.domain.record import Record

Weight = Literal["high", "security", "review", "any"]
"""What a change may be: of high risk by its plan, touching security-sensitive code, found but not
proven, or a change.

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

    def add(self, *ids: int) -> "Shapers":
        """Return them with more."""
        return Shapers(ids=self.ids.union(ids))


class Need(Record):
    """How many people have to approve one change; `not_by` are those whose word does not count."""

    people: int = 1
    not_by: frozenset[int] = frozenset()

    @field_validator("not_by", mode="before")
    @classmethod
    def _accept_single_id(cls, value: object) -> object:
        """Take it as it was kept when it could be one person only."""
        if value is None:
            return ()
        return (value,) if isinstance(value, int) else value


class ApprovalVotes(Record):
    """Everybody's word for one card so far, oldest first, each person's once; and what it takes.

    Another card has none: a push voids them all, and one that takes it back brings none to life.
    """

    former_names: ClassVar = {"given": "approvals"}

    head: str
    version: int = Field(default=1, description="of the proposal, as on its card")
    approvals: tuple[Approval, ...] = ()
    need: Need = Need()

    def are_for(self, proposal: Proposal) -> bool:
        """Whether they were said of this very proposal."""
        return (self.head, self.version) == (proposal.head, proposal.version)

    def add(self, approval: Approval, need: Need) -> "ApprovalVotes":
        """Return them with one more; who says it again says it in the place of the first time."""
        known = {each.person.id: each for each in self.approvals} | {approval.person.id: approval}
        return self.replace(approvals=tuple(known.values()), need=need)
