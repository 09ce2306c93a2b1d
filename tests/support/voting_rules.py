"""An independent, small model of when a merge is allowed, without any code of the bot's own
rules.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from bot.domain.dialogue import Instructions


@dataclass
class Voter:
    """A person's current rights, and the roles that an old event may still show."""

    id: int
    name: str
    listed: bool = False  # by name, as an approver
    role: bool = False  # the approvers' role
    member: bool = True
    bot: bool = False
    had_role: bool = False

    @property
    def can_vote(self) -> bool:
        """True if the person's approval counts now."""
        return self.member and not self.bot and (self.listed or self.role)


@dataclass
class Vote:
    """What a person says or presses, and what they refer to."""

    voter: Voter
    how: str
    card: int | None = None  # a message
    head: str | None = None  # a commit, or its beginning
    number: int | None = None
    message_id: int | None = None
    edited: bool = False
    reviewed: bool = False


@dataclass
class Oracle:
    """Records who has validly approved which commit on which card."""

    voters: dict[int, Voter]
    people: int = 1
    others: bool = False  # people who requested the change, or more of it, do not count
    not_by: set[int] = field(default_factory=set)
    security: bool = False
    votes: dict[tuple[int, str], set[int]] = field(default_factory=lambda: defaultdict(set))

    def record_vote(self, vote: Vote, card: int, head: str, number: int) -> bool:
        """Record a vote made while this card showed this commit; return whether it is valid."""
        after = vote.message_id is None or vote.message_id > card
        here = vote.card is None or vote.card == card
        same = vote.head is None or head.startswith(vote.head)
        this = vote.number is None or vote.number == number
        by = vote.voter.can_vote and not self.is_own_change(vote.voter)
        valid = after and here and same and this and by and not vote.edited
        if valid and (vote.reviewed or not self.security):
            self.votes[card, head].add(vote.voter.id)
            return True
        return False

    def record_instructions(self, more: Instructions | None) -> None:
        """Record who asked for more; a kill may come before or after they were stored."""
        names = {item.by for item in more.items} if more else set()
        self.not_by |= {voter.id for voter in self.voters.values() if voter.name in names}

    def is_own_change(self, voter: Voter) -> bool:
        """Return whether the change is this voter's own and their approval therefore does not
        count.
        """
        return self.others and voter.id in self.not_by

    def is_allowed(self, card: int, head: str, *, on_its_way: frozenset[int] = frozenset()) -> bool:
        """Return whether the commit that this card shows may be merged now.

        People in `on_its_way` lost their rights after the last check and still count.
        """
        said = [self.voters[each] for each in self.votes[card, head]]
        said = [voter for voter in said if not self.is_own_change(voter)]
        return sum(voter.can_vote or voter.id in on_its_way for voter in said) >= self.people
