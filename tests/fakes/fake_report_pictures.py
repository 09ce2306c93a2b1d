"""Pictures of messages in memory."""

from collections.abc import Sequence

from bot.domain.posts import MessageRef
from bot.domain.report_picture import ReportPicture
from bot.infra.picture_files import clean_picture


class FakeReportPictures:
    """Implements `bot.ports.report_pictures.ReportPictures` for the files that tests add."""

    def __init__(self) -> None:
        self.files: dict[tuple[int, int], list[bytes]] = {}  # by message and author

    async def load(self, ref: MessageRef, author_id: int) -> Sequence[ReportPicture]:
        """Return the pictures among the files of the message, three at most."""
        files = self.files.get((ref.message_id, author_id), [])
        pictures = [picture for each in files if (picture := clean_picture(each))]
        return tuple(pictures[:3])
