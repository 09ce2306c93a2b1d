"""The tools of the chat model: they make the same requests that the speaker could type."""

from bot.authority.policy import Act
from bot.client import TheseusClient
from bot.domain.people import Person
from bot.domain.posts import Post
from bot.grammar import Intent, Setting, Slots, Utterance, parse
from bot.grammar.changes import is_change_request
from bot.intake.corrections import Corrections
from bot.intake.message import Message
from bot.presentation.answers import ABOUT_QUESTIONS
from cogs.conversation._incoming_message import IncomingMessage
from cogs.ui import get_author

_BEGUN = "It is started and continues in its own thread, where {who} sees it."
_ONCE = "Work was already started for this message: one message starts one run."

_TALK = "They said earlier that this sentence asks for no work. Answer it, and start nothing."


class SpeakerTools:
    """Implements `bot.ports.chat_model.ChatTools` with the rights of a message's author."""

    def __init__(self, bot: TheseusClient, incoming: IncomingMessage) -> None:
        self._bot = bot
        self._message, self._request = incoming.message, incoming.request
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
        return await self._begin(Intent.CHANGE, what)

    async def ask(self, question: str) -> str:
        """Return the answer from records, as it may be given where the message was posted."""
        here = Setting(addressed=True, listed=True, in_thread=self._request.run is not None)
        utterance = parse(question, here)
        if utterance.intent is not Intent.ASK:
            return ABOUT_QUESTIONS
        return await self._handle(utterance)

    async def get_status(self) -> str:
        """Return what is being worked on."""
        return await self._handle(_build_utterance(Intent.STATUS))

    async def read(self) -> None:
        """Raise `NotAuthorized` if the speaker may not read journal and memory."""
        await self._bot.agent.permit(self._get_author(), Act.READ)

    async def _work(self, intent: Intent, what: str) -> str:
        return _ONCE if self._begun else await self._begin(intent, what)

    async def _begin(self, intent: Intent, what: str) -> str:
        if self._is_known_talk():
            return _TALK
        answer = await self._bot.intake.handle(self._as_if(_build_utterance(intent, what)))
        if isinstance(answer, Post):
            return answer.text  # no run was started
        self._begun = True
        return answer or _BEGUN.format(who=self._request.person.name)

    def _is_known_talk(self) -> bool:
        """Return whether the speaker said before that such a sentence asks for no work."""
        corrections, message = self._bot.find_part(Corrections), self._request
        if corrections is None or message.is_explained:
            return False
        text = self._bot.intake.targets.strip_names(message.text)
        return corrections.get_meaning(text, message.person) is Intent.CHAT

    async def _handle(self, utterance: Utterance) -> str:
        answer = await self._bot.intake.handle(self._as_if(utterance))
        return answer.text if isinstance(answer, Post) else answer or ""

    def _as_if(self, utterance: Utterance) -> Message:
        """Return the message as if it asked for `utterance`, with its author's current rights."""
        return self._request.replace_request(self._get_author(), utterance)

    def _get_author(self) -> Person:
        return get_author(self._bot, self._message)


def _build_utterance(intent: Intent, subject: str = "") -> Utterance:
    return Utterance(intent=intent, slots=Slots(subject=subject), strength="clear", recognised=True)
