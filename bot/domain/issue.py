"""Issues of the forge, and how the bot handled them."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.names import Name


class ForgeIssue(Record):
    """An open issue as the forge shows it now. Title and body are untrusted text of its author."""

    number: int
    url: str = Field(description="the address of its page; empty if people cannot open one")
    title: str
    body: str = ""
    author: Name
    at: AwareDatetime


class ForgeDiscussion(Record):
    """An issue or proposal in any state, as others wrote it: title and body are untrusted text."""

    number: int
    url: str = Field(default="", description="the address of its page; empty if there is none")
    title: str
    body: str = ""
    state: Literal["open", "closed"] = "open"
    is_proposal: bool = False


class AcceptedIssue(Record):
    """An issue that was accepted as a request, with the run that works on it and the answer.

    `answer` is posted on the issue once; then `is_answered` is true. While it is empty, the answer
    will be the result of the run.
    """

    former_names: ClassVar = {"over": "is_answered"}

    number: int
    run_id: str | None = None
    answer: str = ""
    is_answered: bool = False
