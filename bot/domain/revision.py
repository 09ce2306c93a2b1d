"""A revision of a proposed change, made because people asked for it."""

from typing import ClassVar

from pydantic import Field
from theseus_guard.record import Record

from bot.domain.change import ChangeSet, Verdict


class Revision(Record):
    """Saved when people ask for more in a proven change, and again with `is_finished` at its end.

    `change_set` and `verdict` are the proposed ones, which stay valid meanwhile and again if the
    revision fails. `instruction_count` is the number of the run's instructions when it began.
    """

    former_names: ClassVar = {"heard": "instruction_count", "over": "is_finished"}

    change_set: ChangeSet
    verdict: Verdict
    instruction_count: int = Field(ge=1)
    is_finished: bool = False
