"""What a chat may have done for somebody: the very requests their words could have made."""

from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.posts import Post
from bot.grammar import Intent, Setting, Slots, Utterance, parse
from bot.grammar.changes import is_change_request
from bot.presentation.answers import ABOUT_QUESTIONS
from cogs.conversation import _questions as questions
from cogs.conversation import _requests as requests
from cogs.conversation._incoming_message import IncomingMessage
from cogs.ui import get_author

_BEGUN = "It is begun, and goes on in a thread of its own; {who} sees it there."
_ONCE = "Work was begun for this message already: one message begins one run."


class SpeakerTools:
    """Implements `bot.ports.chat_model.ChatTools` for whoever wrote one message."""

    def __init__(self, bot: TheseusClient, incoming: IncomingMessage) -> None:
        self._bot = bot
        self._incoming = incoming
        self._begun = False

    async def investigate(self, what: str) -> str:
        """Have that looked into."""
        return await self._work(Intent.INVESTIGATE, what)

    async def fix(self, what: str) -> str:
        """Have that mended; what nobody had to break first is a change."""
        if is_change_request(what):
            return await self.change(what)
        return await self._work(Intent.FIX, what)

    async def change(self, what: str) -> str:
        """Have that changed; the message goes with it word for word."""
        if self._begun:
            return _ONCE
        said = await requests.submit_feature_request(
            self._bot, self._build_request(Intent.CHANGE, what), what
        )
        self._begun = True
        return said or _BEGUN.format(who=self._incoming.person.name)

    async def ask(self, question: str) -> str:
        """Return what the records say to that, where the message stands."""
        here = Setting(addressed=True, listed=True, in_thread=self._incoming.run is not None)
        asked = parse(question, here)
        if asked.intent is not Intent.ASK:
            return ABOUT_QUESTIONS
        return await questions.handle_question(self._bot, self._as_if(asked)) or ""

    async def get_status(self) -> str:
        """Return what is being worked on."""
        return await questions.handle_status(self._bot, self._build_request(Intent.STATUS)) or ""

    async def read(self) -> None:
        """Return if the speaker may read journal and memory."""
        await self._bot.agent.permit(self._build_request(Intent.STATUS).person, Act.READ)

    async def _work(self, intent: Intent, what: str) -> str:
        if self._begun:
            return _ONCE
        said = await requests.work(self._bot, self._build_request(intent, what))
        if isinstance(said, Post):
            return said.text  # nothing was begun
        self._begun = True
        return said or _BEGUN.format(who=self._incoming.person.name)

    def _build_request(self, intent: Intent, subject: str = "") -> IncomingMessage:
        return self._as_if(
            Utterance(
                intent=intent, slots=Slots(subject=subject), strength="clear", recognised=True
            )
        )

    def _as_if(self, utterance: Utterance) -> IncomingMessage:
        """Return the message as if it had asked that, with the rights its writer has now."""
        return self._incoming.as_if(get_author(self._bot, self._incoming.message), utterance)
