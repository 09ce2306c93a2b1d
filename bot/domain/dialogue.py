"""What a run asks people, and what people tell a run."""

import re
from collections.abc import Iterable
from typing import Literal

from pydantic import AwareDatetime, Field

from bot.domain.names import Name
from bot.domain.people import Person
from bot.domain.record import Record


class Question(Record):
    """What cannot be decided without people. Unanswered at `until`, `default` is the answer.

    `round` and `attempt` are the run's when it was asked. Where an engine asks, `head` is the
    commit that keeps the work done by then, `engine` its name, and `memo` what it needs with the
    answer. `choices` are answers that have a button each. With `only_choices`, other words than one
    of them are no answer, but for a literal with `values`; with `yes_or_no`, other words than a
    plain yes or no. `message_id` is where it stands in the run's thread, once it does.
    """

    id: str
    attempt: int = Field(ge=1)
    round: int = Field(ge=1)
    head: str = ""
    text: str
    default: str
    choices: tuple[str, ...] = Field(default=(), max_length=5)
    only_choices: bool = False
    values: bool = False
    yes_or_no: bool = False
    engine: str = ""
    memo: str = ""
    asked_at: AwareDatetime
    until: AwareDatetime
    message_id: int | None = None


class Answer(Record):
    """The answer to one question; `person` is absent when nobody answered in time."""

    question_id: str
    text: str
    person: Person | None = None
    at: AwareDatetime


class Instruction(Record):
    """One thing a listed person wants of a change. `key` makes hearing it twice harmless."""

    key: str
    text: str
    by: Name = Field(description="the person's name, as people know it")
    how: Literal["text", "modal", "review"]
    at: AwareDatetime


class Instructions(Record):
    """Everything people asked of one run so far, oldest first."""

    items: tuple[Instruction, ...] = ()

    def find_new(self, instructions: Iterable[Instruction]) -> tuple[Instruction, ...]:
        """Return what was not heard before, by its key."""
        heard = {item.key for item in self.items}
        return tuple(item for item in instructions if item.key not in heard)


_PRAISE = frozenset({
    "all", "and", "approve", "approved", "awesome", "change", "cool", "done", "fine", "good",
    "great", "it", "lgtm", "look", "looks", "love", "me", "much", "nice", "ok", "okay", "perfect",
    "ship", "so", "thank", "thanks", "the", "this", "to", "very", "well", "work", "you",
})  # fmt: skip
_LONGEST_PRAISE = 8


def is_praise(text: str) -> bool:
    """Return whether a remark only praises: `LGTM`, `looks good to me, thanks!`, an emoji."""
    words = re.findall(r"[^\W_]+", text.lower())
    return len(words) <= _LONGEST_PRAISE and all(word in _PRAISE for word in words)
