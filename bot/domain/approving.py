"""What an approval takes, beyond one listed person's word."""

from typing import Literal

from pydantic import Field

from bot.domain.record import Record

Weight = Literal["high", "security"]
"""What a change may be: of high risk by its plan, or touching security-sensitive code."""


class ApprovalRules(Record):
    """For changes that weigh as in `second_for`: how many people, and who.

    `people` different approvers have to say it, of the same head. With `other_than_requester` the
    one who asked for the change does not count among them.
    """

    second_for: frozenset[Weight] = frozenset()
    people: int = Field(default=2, ge=1, le=10)
    other_than_requester: bool = False
