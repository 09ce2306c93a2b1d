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
    def may(self) -> bool:
        """Whether their word counts at this moment."""
        return self.member and not self.bot and (self.listed or self.role)


@dataclass
class Word:
    """What somebody says or presses, and what they point at."""

    voter: Voter
    how: str
    card: int | None = None  # a message
    head: str | None = None  # a commit, or its beginning
    number: int | None = None
    said: int | None = None
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
    words: dict[tuple[int, str], set[int]] = field(default_factory=lambda: defaultdict(set))

    def hears(self, word: Word, card: int, head: str, number: int) -> bool:
        """Take a word said while this card showed this commit; whether it is a valid one."""
        after = word.said is None or word.said > card
        here = word.card is None or word.card == card
        same = word.head is None or head.startswith(word.head)
        this = word.number is None or word.number == number
        by = word.voter.may and not self.shaped(word.voter)
        valid = after and here and same and this and by and not word.edited
        if valid and (word.reviewed or not self.security):
            self.words[card, head].add(word.voter.id)
            return True
        return False

    def is_asked(self, more: Instructions | None) -> None:
        """Note who asked for more; a kill may come before or after that is kept."""
        names = {item.by for item in more.items} if more else set()
        self.not_by |= {voter.id for voter in self.voters.values() if voter.name in names}

    def shaped(self, voter: Voter) -> bool:
        """Whether the change is this voter's own, and that makes their word nothing."""
        return self.others and voter.id in self.not_by

    def allows(self, card: int, head: str, *, on_its_way: frozenset[int] = frozenset()) -> bool:
        """Whether the commit this card shows may be merged at this moment.

        Those in `on_its_way` lost their rights after somebody had looked for the last time.
        """
        said = [self.voters[each] for each in self.words[card, head]]
        said = [voter for voter in said if not self.shaped(voter)]
        return sum(voter.may or voter.id in on_its_way for voter in said) >= self.people
