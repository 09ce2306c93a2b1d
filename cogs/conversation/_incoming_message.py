"""One message that is for the bot, with everything an answer needs."""

import copy
import re
from collections.abc import Awaitable, Callable

import discord

from bot.client import TheseusClient
from bot.domain.people import Person
from bot.domain.posts import Post
from bot.domain.run import Run
from bot.grammar import Intent, Utterance
from cogs.ui import CardReference

_SEPARATOR = re.compile(r"\W+")
_OUR_NAMES = re.compile(r"(?:theseus|bot)?", re.IGNORECASE)


class IncomingMessage:
    """A message, who said it, what the grammar made of it, and what it points at."""

    def __init__(
        self,
        message: discord.Message,
        text: str,
        person: Person,
        utterance: Utterance,
        *,
        run: Run | None,
        pointed_at: discord.Message | None,
        card: CardReference | None,
        answers: bool = False,
        missed: bool = False,
        correction: bool = False,
        has_text: bool = True,
        attached: str = "",
        unread: str = "",
    ) -> None:
        self.message = message
        self.text = text  # without the mention of the bot
        self.person = person
        self.utterance = utterance
        self.run = run
        self.pointed_at = pointed_at
        self.card = card
        self.answers = answers  # True if it is the answer that the run waits for
        self.missed = missed  # posted while the bot was away
        self.correction = correction  # the message was edited, and may have been answered before
        self.has_text = has_text  # if False, `text` is the beginning of its files
        self.attached = attached  # text of its files: data
        self.error_id: str | None = None  # of the failure that its files show
        self.unread = unread  # what to say of the files that were not read

    @property
    def key(self) -> str:
        """The idempotency key of what the message starts; each edit has its own key."""
        edited = self.message.edited_at if self.correction else None
        edit = f":edit:{edited.timestamp():.3f}" if edited else ""
        return f"message:{self.message.id}{edit}"

    @property
    def reply_key(self) -> str:
        """The key of the answer."""
        return self.key.replace("message:", "reply:", 1)

    @property
    def is_own_text(self) -> bool:
        """True if the author wrote the text; False for forwarded or attached text."""
        return self.has_text and not self.message.message_snapshots

    @property
    def text_and_files(self) -> str:
        """The text, and what is in its files."""
        return "\n\n".join(filter(None, (self.text, self.attached)))

    def as_if(self, person: Person, utterance: Utterance) -> "IncomingMessage":
        """Return the message as if that person had asked that with it."""
        other = copy.copy(self)
        other.person, other.utterance, other.answers = person, utterance, False
        return other

    @property
    def is_threadless(self) -> bool:
        """True if no thread can be opened on the message: it is a direct message or in a thread."""
        return self.message.guild is None or isinstance(self.message.channel, discord.Thread)

    def set_failure(self, error_id: str) -> None:
        """Note the failure that the files show, and that it is to be looked into."""
        slots = self.utterance.slots.replace(subject="")
        fixes = self.has_text and self.utterance.intent is Intent.FIX
        intent = Intent.FIX if fixes else Intent.INVESTIGATE
        self.utterance = self.utterance.replace(
            intent=intent, slots=slots, is_unspecific=False, strength="clear"
        )
        self.error_id = error_id
        if not self.has_text:
            self.text = ""

    def set_run(self, run_id: str) -> None:
        """Set the run that the number in the text belongs to."""
        slots = self.utterance.slots.replace(run=run_id)
        self.utterance = self.utterance.replace(slots=slots)


Answer = Callable[[TheseusClient, IncomingMessage], Awaitable[str | Post | None]]
"""Carries out a request; returns the reply, or None if the answer is posted elsewhere."""


def mention_of(name: str) -> str:
    """Return how a mentioned person appears in text: `@Ada_Byron`, always one word.

    Otherwise a person named “theseus, ship it” would put that sentence into every message that
    mentions them.
    """
    word = _SEPARATOR.sub("_", name).strip("_")
    return "@someone" if _OUR_NAMES.fullmatch(word) else f"@{word}"
