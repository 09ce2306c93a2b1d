"""Messages to the dev channel that belong to no run."""

import structlog

from bot.domain.errors import ChatRejected
from bot.domain.posts import Post
from bot.ports.chat import Chat

_log = structlog.stdlib.get_logger(__name__)


async def tell(chat: Chat, channel_id: int, text: str, *, key: str) -> None:
    """Post a text once for this key. If the channel rejects it, this is only logged."""
    try:
        await chat.post(channel_id, Post(text=text), key=key)
    except ChatRejected as error:
        _log.warning("the dev channel does not take %s: %s", key, error)
