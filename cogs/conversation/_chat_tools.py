"""The tools of the chat model: they make the same requests that the speaker could type."""

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

_BEGUN = "It is started and continues in its own thread, where {who} sees it."
_ONCE = "Work was already started for this message: one message starts one run."


class SpeakerTools:
    """Implements `bot.ports.chat_model.ChatTools` with the rights of a message's author."""

    def __init__(self, bot: TheseusClient, incoming: IncomingMessage) -> None:
        self._bot = bot
        self._incoming = incoming
        self._begun = False

    async def investigate(self, what: str) -> str:
        """Start an investigation of `what`; return the answer for the model."""
        return await self._work(Intent.INVESTIGATE, what)

    async def fix(self, what: str) -> str:
        """Start a fix of `what`, or a change if `what` asks for something new."""
        if is_change_request(what):
            return await self.change(what)
        return await self._work(Intent.FIX, what)

    async def change(self, what: str) -> str:
        """Start a change. The run gets the message word for word, not the model's summary."""
        if self._begun:
            return _ONCE
        answer = await requests.submit_feature_request(
            self._bot, self._build_request(Intent.CHANGE, what), what
        )
        self._begun = True
        return answer or _BEGUN.format(who=self._incoming.person.name)

    async def ask(self, question: str) -> str:
        """Return the answer from records, as it may be given where the message was posted."""
        here = Setting(addressed=True, listed=True, in_thread=self._incoming.run is not None)
        utterance = parse(question, here)
        if utterance.intent is not Intent.ASK:
            return ABOUT_QUESTIONS
        return await questions.handle_question(self._bot, self._as_if(utterance)) or ""

    async def get_status(self) -> str:
        """Return what is being worked on."""
        return await questions.handle_status(self._bot, self._build_request(Intent.STATUS)) or ""

    async def read(self) -> None:
        """Raise `NotAuthorized` if the speaker may not read journal and memory."""
        await self._bot.agent.permit(self._build_request(Intent.STATUS).person, Act.READ)

    async def _work(self, intent: Intent, what: str) -> str:
        if self._begun:
            return _ONCE
        answer = await requests.work(self._bot, self._build_request(intent, what))
        if isinstance(answer, Post):
            return answer.text  # no run was started
        self._begun = True
        return answer or _BEGUN.format(who=self._incoming.person.name)

    def _build_request(self, intent: Intent, subject: str = "") -> IncomingMessage:
        return self._as_if(
            Utterance(
                intent=intent, slots=Slots(subject=subject), strength="clear", recognised=True
            )
        )

    def _as_if(self, utterance: Utterance) -> IncomingMessage:
        """Return the message as if it asked for `utterance`, with its author's current rights."""
        return self._incoming.as_if(get_author(self._bot, self._incoming.message), utterance)
