"""What a chat may have done for somebody: the very requests their words could have made."""

from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.posts import Post
from bot.grammar import Intent, Slots, Utterance
from bot.grammar.changes import asks_for_change
from cogs.conversation import _requests as requests
from cogs.conversation._heard_message import Heard
from cogs.ui import author_of

_BEGUN = "It is begun, and goes on in a thread of its own; {who} sees it there."
_ONCE = "Work was begun for this message already: one message begins one run."


class SpeakersTools:
    """Implements `bot.ports.chat_model.ChatTools` for whoever wrote one message."""

    def __init__(self, bot: TheseusClient, heard: Heard) -> None:
        self._bot = bot
        self._heard = heard
        self._begun = False

    async def investigate(self, what: str) -> str:
        """Have that looked into."""
        return await self._work(Intent.INVESTIGATE, what)

    async def fix(self, what: str) -> str:
        """Have that mended; what nobody had to break first is a change."""
        if asks_for_change(what):
            return await self.change(what)
        return await self._work(Intent.FIX, what)

    async def change(self, what: str) -> str:
        """Have that changed; the message goes with it word for word."""
        if self._begun:
            return _ONCE
        said = await requests.wish_for(self._bot, self._asking(Intent.CHANGE, what), what)
        self._begun = True
        return said or _BEGUN.format(who=self._heard.person.name)

    async def status(self) -> str:
        """Return what is being worked on."""
        return await requests.status(self._bot, self._asking(Intent.STATUS)) or ""

    async def read(self) -> None:
        """Return if the speaker may read journal and memory."""
        await self._bot.agent.permit(self._asking(Intent.STATUS).person, Act.READ)

    async def _work(self, intent: Intent, what: str) -> str:
        if self._begun:
            return _ONCE
        said = await requests.work(self._bot, self._asking(intent, what))
        if isinstance(said, Post):
            return said.text  # nothing was begun
        self._begun = True
        return said or _BEGUN.format(who=self._heard.person.name)

    def _asking(self, intent: Intent, subject: str = "") -> Heard:
        """Return the message as if it had asked that, with the rights its writer has now."""
        heard = self._heard
        return Heard(
            heard.message,
            heard.text,
            author_of(self._bot, heard.message),
            Utterance(
                intent=intent, slots=Slots(subject=subject), strength="clear", recognised=True
            ),
            run=heard.run,
            pointed_at=heard.pointed_at,
            card=heard.card,
        )
