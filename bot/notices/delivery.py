"""Sends one notice to one person, as they have chosen."""

import structlog

from bot.domain.errors import ChatRejected
from bot.domain.notices import NoticeDelivery
from bot.domain.posts import Post
from bot.ports.chat import Chat

_log = structlog.stdlib.get_logger(__name__)


async def deliver(
    chat: Chat,
    delivery: NoticeDelivery,
    person_id: int,
    channel_id: int | None,
    post: Post,
    key: str,
) -> None:
    """Send a post once for this key: directly, or as a mention in a channel.

    Who accepts no direct messages is mentioned instead. A refusal of both is logged.
    """
    try:
        if delivery is NoticeDelivery.DIRECT:
            try:
                direct = await chat.open_direct_channel(person_id)
                await chat.post(direct, post.replace(reply_to=None), key=f"{key}:direct")
            except ChatRejected as error:
                _log.warning("%s takes no direct messages: %s", person_id, error)
            else:
                return
        if channel_id is not None:
            await chat.post(channel_id, post, key=key)
    except ChatRejected as error:
        _log.warning("%s cannot be told there: %s", person_id, error)
