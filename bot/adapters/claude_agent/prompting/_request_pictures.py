"""Finds the pictures that a person sent with the request of a run."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.posts import MessageRef
from bot.domain.report_picture import ReportPicture
from bot.ports.report_pictures import ReportPictures
from bot.ports.store import Store


@dataclass(frozen=True)
class RequestPictures:
    """Loads the pictures of the message that started a run; the bot's own runs have none."""

    store: Store
    pictures: ReportPictures

    async def load(self, run_id: str) -> Sequence[ReportPicture]:
        """Return the pictures, for a model to see. Raises `StoreError`."""
        trigger = (await self.store.get(run_id)).trigger
        message_id = trigger.place.message_id
        if message_id is None or trigger.origin != "person":
            return ()
        channel_id = trigger.place.thread_id or trigger.place.channel_id
        ref = MessageRef(channel_id=channel_id, message_id=message_id)
        return await self.pictures.load(ref, trigger.person.id)
