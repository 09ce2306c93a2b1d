"""When a merge is allowed, told a second time: small, and without a line of the bot's own rules."""

from collections import defaultdict
from dataclasses import dataclass, field

from bot.domain.dialogue import Instructions


@dataclass
class Voter:
    """Somebody as they are now, and as an old event may still show them."""

    id: int
    name: str
    listed: bool = False  # by name, as an approver
    role: bool = False  # the approvers' role
    member: bool = True
    bot: bool = False
    had_role: bool = False

    @property
    def can_vote(self) -> bool:
        """Whether their word counts at this moment."""
        return self.member and not self.bot and (self.listed or self.role)


@dataclass
class Vote:
    """What somebody says or presses, and what they point at."""

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
    """Keeps who has validly approved which commit on which card."""

    voters: dict[int, Voter]
    people: int = 1
    others: bool = False  # who asked for the change, or for more of it, does not count
    not_by: set[int] = field(default_factory=set)
    security: bool = False
    votes: dict[tuple[int, str], set[int]] = field(default_factory=lambda: defaultdict(set))

    def record_vote(self, vote: Vote, card: int, head: str, number: int) -> bool:
        """Take a word said while this card showed this commit; whether it is a valid one."""
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
        """Note who asked for more; a kill may come before or after that is kept."""
        names = {item.by for item in more.items} if more else set()
        self.not_by |= {voter.id for voter in self.voters.values() if voter.name in names}

    def is_own_change(self, voter: Voter) -> bool:
        """Whether the change is this voter's own, and that makes their word nothing."""
        return self.others and voter.id in self.not_by

    def is_allowed(self, card: int, head: str, *, on_its_way: frozenset[int] = frozenset()) -> bool:
        """Whether the commit this card shows may be merged at this moment.

        Those in `on_its_way` lost their rights after somebody had looked for the last time.
        """
        said = [self.voters[each] for each in self.votes[card, head]]
        said = [voter for voter in said if not self.is_own_change(voter)]
        return sum(voter.can_vote or voter.id in on_its_way for voter in said) >= self.people
