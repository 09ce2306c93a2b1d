"""An issue of the forge, and what became of it here."""

from typing import ClassVar

from pydantic import AwareDatetime, Field

from bot.domain.names import Name
from bot.domain.record import Record


class ForgeIssue(Record):
    """An open issue as the forge sees it now. Title and body are its author's words: data."""

    number: int
    url: str = Field(description="the address of its page; empty: it has none people can open")
    title: str
    body: str = ""
    author: Name
    at: AwareDatetime


class AcceptedIssue(Record):
    """An issue that was taken for a request: the run that works on it, and what is to be said.

    `answer` is said on the issue once, and then it is `over`. Empty: what the run comes to.
    """

    former_names: ClassVar = {"over": "is_answered"}

    number: int
    run_id: str | None = None
    answer: str = ""
    is_answered: bool = False
