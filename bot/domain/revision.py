"""A change to what stands proposed, made because people asked for it."""

from typing import ClassVar

from pydantic import Field

from bot.domain.change import ChangeSet, Verdict
from bot.domain.record import Record


class Revision(Record):
    """Begun when people ask more of a change that holds; saved again, `over`, when it has ended.

    `change_set` and `verdict` are what stands meanwhile, and again if the revision comes to
    nothing. `heard` counts the run's instructions it was begun for.
    """

    former_names: ClassVar = {"heard": "instruction_count", "over": "is_finished"}

    change_set: ChangeSet
    verdict: Verdict
    instruction_count: int = Field(ge=1)
    is_finished: bool = False
