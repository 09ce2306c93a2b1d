"""What a chat may have done for somebody: the very requests their words could have made."""

from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.posts import Post
from bot.grammar import Intent, Setting, Slots, Utterance, parse
from bot.grammar.changes import asks_for_change
from bot.presentation.answers import ABOUT_QUESTIONS
from cogs.conversation import _questions as questions
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

    async def ask(self, question: str) -> str:
        """Return what the records say to that, where the message stands."""
        here = Setting(addressed=True, listed=True, in_thread=self._heard.run is not None)
        asked = parse(question, here)
        if asked.intent is not Intent.ASK:
            return ABOUT_QUESTIONS
        return await questions.question(self._bot, self._as_if(asked)) or ""

    async def status(self) -> str:
        """Return what is being worked on."""
        return await questions.status(self._bot, self._asking(Intent.STATUS)) or ""

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
        return self._as_if(
            Utterance(
                intent=intent, slots=Slots(subject=subject), strength="clear", recognised=True
            )
        )

    def _as_if(self, utterance: Utterance) -> Heard:
        """Return the message as if it had asked that, with the rights its writer has now."""
        return self._heard.as_if(author_of(self._bot, self._heard.message), utterance)
