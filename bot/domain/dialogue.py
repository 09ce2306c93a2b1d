"""Questions that a run asks people, their answers, and people's instructions to a run."""

import re
from collections.abc import Iterable
from typing import Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.names import Name
from bot.domain.people import Person


class Question(Record):
    """A question that only people can decide. If no one answers before `until`, `default` applies.

    `round` and `attempt` are those of the run when it asked. If an engine asks, `head` is the
    commit with its work so far, `engine` its name, and `memo` its own data, which it needs together
    with the answer. Each of `choices` has a button. With `only_choices`, other text is not an
    answer, except for a literal if `values` is set. With `yes_or_no`, only a plain yes or no is an
    answer. `message_id` is the question's message in the run's thread, once it is posted.
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
    """The answer to one question; `person` is `None` if no one answered in time."""

    question_id: str
    text: str
    person: Person | None = None
    at: AwareDatetime


class Instruction(Record):
    """One instruction of a listed person about a change.

    `key` makes receiving it twice harmless. A comment on a line has its `file` and `line`, in the
    file as the change leaves it; the text names them too.
    """

    key: str
    text: str
    by: Name = Field(description="the person's name, as people know it")
    how: Literal["text", "modal", "review", "page"]
    at: AwareDatetime
    file: str = ""
    line: int | None = None


class ProposalComment(Record):
    """A comment on a line of the proposal's commit `head`, or on a whole file."""

    head: str = Field(min_length=7)
    file: str = ""
    line: int | None = Field(default=None, ge=1)
    text: str


def format_place(file: str, line: int | None) -> str:
    """Return the start of a comment's text that names its place; empty if it has none."""
    if not file:
        return ""
    return f"On `{file}`: " if line is None else f"On `{file}` line {line}: "


class Instructions(Record):
    """All instructions to one run so far, oldest first."""

    items: tuple[Instruction, ...] = ()

    def find_new(self, instructions: Iterable[Instruction]) -> tuple[Instruction, ...]:
        """Return the instructions whose key is not known yet."""
        known = {item.key for item in self.items}
        return tuple(item for item in instructions if item.key not in known)


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
