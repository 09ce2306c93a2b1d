"""Messages to the dev channel that belong to no run."""

from dataclasses import dataclass

import structlog

from bot.authority.quiet_state import QuietState
from bot.domain.errors import ChatRejected
from bot.domain.posts import Post
from bot.ports.chat import Chat

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class DevChannelAnnouncer:
    """Posts in the dev channel. Without `quiet`, nothing is ever held."""

    chat: Chat
    dev_channel_id: int
    quiet: QuietState | None = None

    def has_to_wait(self) -> bool:
        """Return whether reports that no one asked for have to wait, because of quiet mode."""
        return self.quiet is not None and self.quiet.has_to_wait()

    async def tell(self, text: str, *, key: str) -> None:
        """Post a text once for this key. If the channel rejects it, this is only logged."""
        await self.post(Post(text=text), key=key)

    async def post(self, post: Post, *, key: str) -> None:
        """Post once for this key. If the channel rejects it, this is only logged."""
        try:
            await self.chat.post(self.dev_channel_id, post, key=key)
        except ChatRejected as error:
            _log.warning("the dev channel does not take %s: %s", key, error)
