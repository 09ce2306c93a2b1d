"""The report pictures port: screenshots that came with a report."""

from collections.abc import Sequence
from typing import Protocol

from bot.domain.posts import MessageRef
from bot.domain.report_picture import ReportPicture


class ReportPictures(Protocol):
    """Loads the pictures of a person's message when a model needs them.

    They are not stored by the bot, so whoever deletes the message has erased them.
    """

    async def load(self, ref: MessageRef, author_id: int) -> Sequence[ReportPicture]:
        """Return the pictures of a message by this author, three at most, in their order.

        The type is read from the content, not from the name. What is too large, damaged or of
        another type is left out. The result is empty if the message is gone or not by that author,
        or if the chat is out of reach: a model can work without pictures.
        """
        ...
