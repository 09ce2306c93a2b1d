"""Who may still be told about work: rights are read again each time something is sent."""

from dataclasses import dataclass

from bot.authority.approval_policy import ApprovalPolicy
from bot.authority.policy import Act
from bot.domain.guilds import Scope
from bot.domain.people import Person
from bot.ports.member_directory import MemberDirectory


@dataclass(frozen=True, eq=False)
class Recipients:
    """Checks the current roles of people who have chosen to be told."""

    members: MemberDirectory
    policy: ApprovalPolicy

    async def find(self, person_id: int, act: Act, target: str) -> Person | None:
        """Return the person, if they may do `act` for a target now. Raises `ChatUnavailable`."""
        person = await self.members.fetch_person(person_id)
        if person is None or not self.policy.is_allowed(person, act, Scope(target)):
            return None
        return person

    async def list_readable(self, person_id: int) -> frozenset[str]:
        """Return the targets that the person may read about now. Raises `ChatUnavailable`."""
        person = await self.members.fetch_person(person_id)
        return frozenset() if person is None else self.policy.list_readable(person)
