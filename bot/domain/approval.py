"""The number of approvals a change needs, and the approvals collected so far."""

from typing import ClassVar, Literal

from pydantic import Field, field_validator
from theseus_guard.record import Record

from bot.domain.proposal import Approval, Proposal

Weight = Literal["high", "security", "review", "any"]
"""Properties of a change that may require a second approval.

`high`: its plan rates the risk as high. `security`: it touches security-sensitive paths.
`review`: the fix is plausible, not proven. `any`: every change. A model may have written the risk
in the plan; `any` and the paths of `security` do not depend on a model.
"""


class ApprovalRules(Record):
    """How many people must approve a change that has one of the properties in `second_for`.

    `people` different approvers must approve the same head. With `other_than_requester`, the
    approval of the person who asked for the change, or who shaped it (see `Shapers`), does not
    count.
    """

    second_for: frozenset[Weight] = frozenset()
    people: int = Field(default=2, ge=1, le=10)
    other_than_requester: bool = False


class Shapers(Record):
    """The people who shaped a change, besides the person who first asked for it.

    They pressed “Fix it”, asked for a retry or for more, or answered a question of the run.
    """

    ids: frozenset[int] = frozenset()

    def add(self, *ids: int) -> "Shapers":
        """Return the shapers with these ids added."""
        return Shapers(ids=self.ids.union(ids))


class Need(Record):
    """The number of approvals one change needs; approvals by people in `not_by` do not count."""

    people: int = 1
    not_by: frozenset[int] = frozenset()

    @field_validator("not_by", mode="before")
    @classmethod
    def _accept_single_id(cls, value: object) -> object:
        """Convert the stored form of older versions, in which `not_by` was one id or null."""
        if value is None:
            return ()
        return (value,) if isinstance(value, int) else value


class ApprovalVotes(Record):
    """The approvals of one card so far, oldest first, one for each person; and the number needed.

    Another card starts without approvals. A push voids all approvals; reverting that push does not
    restore them.
    """

    former_names: ClassVar = {"given": "approvals"}

    head: str
    version: int = Field(default=1, description="of the proposal, as on its card")
    approvals: tuple[Approval, ...] = ()
    need: Need = Need()

    def is_for(self, proposal: Proposal) -> bool:
        """Return whether the approvals are for exactly this head and version of the proposal."""
        return (self.head, self.version) == (proposal.head, proposal.version)

    def add(self, approval: Approval, need: Need) -> "ApprovalVotes":
        """Return the votes with one more approval.

        A person's new approval replaces the earlier one.
        """
        known = {each.person.id: each for each in self.approvals} | {approval.person.id: approval}
        return self.replace(approvals=tuple(known.values()), need=need)
