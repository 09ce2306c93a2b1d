"""The people who vote: listed by name, by role, not listed, a bot; and how that changes."""

import random

from bot.domain.people import Person
from tests.fakes.fake_member_directory import FakeMemberDirectory
from tests.support.voting_rules import Voter

ROLE = 77


class VotingPeople:
    """The people of a story, and what the server knows about them."""

    def __init__(
        self, asker: Person, member_directory: FakeMemberDirectory, luck: random.Random
    ) -> None:
        self._member_directory = member_directory
        self._luck = luck
        self.voters = [
            Voter(asker.id, asker.name, listed=True),
            Voter(11, "ben", role=True, had_role=True),
            Voter(12, "eve", role=True, had_role=True),
            Voter(13, "mallory"),
            Voter(14, "robo", listed=True, bot=True),
            Voter(15, "carl", listed=True),
        ]
        self._update_directory()

    def change_member(self, act: str) -> tuple[Voter, bool]:
        """Give or take a person's role or membership; return the person, and whether they could
        vote.
        """
        voter = self._luck.choice([v for v in self.voters if not v.bot and v.name != "mallory"])
        before = voter.can_vote
        if act == "role":
            voter.had_role, voter.role = voter.role or voter.had_role, not voter.role
        else:
            voter.member = not voter.member
        self._update_directory()
        return voter, before

    def draw_person(self, voter: Voter) -> Person:
        """Return a person as an event may show them, sometimes with roles that they have lost
        since.
        """
        stale = voter.had_role and self._luck.random() < 0.3
        return Person(
            id=voter.id,
            name=voter.name,
            bot=voter.bot and self._luck.random() < 0.8,
            role_ids=frozenset({ROLE} if voter.role or stale else ()),
        )

    def _update_directory(self) -> None:
        """Update the member directory."""
        self._member_directory.members = {
            voter.id: Person(
                id=voter.id,
                name=voter.name,
                bot=voter.bot,
                role_ids=frozenset({ROLE} if voter.role else ()),
            )
            for voter in self.voters
            if voter.member
        }
